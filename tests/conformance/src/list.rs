//! The list. What needs nothing but a [`Timer`](cancel_core::Timer) stands first.

/// Calls a macro with `group case` for each case that needs a timer alone, inside a module `group`.
#[macro_export]
macro_rules! core_cases {
    ($each:ident) => {
        $crate::__core_list! { $crate::__modules, $each }
    };
}

/// The same for the cases that need a heap, too.
#[macro_export]
macro_rules! heap_cases {
    ($each:ident) => {
        $crate::__heap_list! { $crate::__modules, $each }
    };
}

/// The same for the cases that need a heap and [`Spawn`](cancel_core::Spawn).
#[macro_export]
macro_rules! spawn_cases {
    ($each:ident) => {
        $crate::__spawn_list! { $crate::__modules, $each }
    };
}

/// The same for the cases that need a heap and [`SpawnLocal`](cancel_core::SpawnLocal).
#[macro_export]
macro_rules! spawn_local_cases {
    ($each:ident) => {
        $crate::__spawn_local_list! { $crate::__modules, $each }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __core_list {
    ($then:path, $each:tt) => {
        $then! { $each
            tokens: first_cancel_wins;
            deadlines: zero_is_due_at_once;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __heap_list {
    ($then:path, $each:tt) => {
        $then! { $each
            shared: clones_are_one_token;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __spawn_list {
    ($then:path, $each:tt) => {
        $then! { $each
            tasks: a_task_waits_for_a_token;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __spawn_local_list {
    ($then:path, $each:tt) => {
        $then! { $each
            local_tasks: a_local_task_waits_for_a_token;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __modules {
    ($each:ident $($group:ident: $($case:ident)*;)*) => {
        $(
            mod $group {
                #[allow(unused_imports)]
                use super::*;
                $( $each! { $group $case } )*
            }
        )*
    };
}
