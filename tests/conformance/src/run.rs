//! The cases in turn, in one task, for who has no test functions.

use crate::Outcome;
use cancel_core::Timer;
#[cfg(feature = "alloc")]
use cancel_core::{Spawn, SpawnLocal};

macro_rules! in_turn {
    (($runtime:ident, $report:ident) $($group:ident: $($case:ident)*;)*) => {
        $($(
            let outcome = crate::$group::$case($runtime).await;
            $report(concat!(stringify!($group), "::", stringify!($case)), outcome);
        )*)*
    };
}

/// The cases that need a timer alone. `report` hears of each when it is over.
pub async fn core<R: Timer + Clone>(runtime: &R, mut report: impl FnMut(&'static str, Outcome)) {
    crate::__core_list! { in_turn, (runtime, report) }
}

/// The cases that need a heap, too.
#[cfg(feature = "alloc")]
pub async fn heap<R: Timer + Clone>(runtime: &R, mut report: impl FnMut(&'static str, Outcome)) {
    crate::__heap_list! { in_turn, (runtime, report) }
}

/// The cases that need a heap and tasks.
#[cfg(feature = "alloc")]
pub async fn spawn<R>(runtime: &R, mut report: impl FnMut(&'static str, Outcome))
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    crate::__spawn_list! { in_turn, (runtime, report) }
}

/// The cases that need a heap and tasks of the current thread.
#[cfg(feature = "alloc")]
pub async fn spawn_local<R>(runtime: &R, mut report: impl FnMut(&'static str, Outcome))
where
    R: Timer + SpawnLocal + Clone + 'static,
{
    crate::__spawn_local_list! { in_turn, (runtime, report) }
}
