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

/// The same for the cases of operations, which need `std` and [`Spawn`](cancel_core::Spawn).
#[cfg(feature = "operations")]
#[macro_export]
macro_rules! operation_cases {
    ($each:ident) => {
        $crate::__operation_list! { $crate::__modules, $each }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __core_list {
    ($then:path, $each:tt) => {
        $then! { $each
            timer:
                now_never_goes_back
                clones_share_the_clock
                a_sleep_is_never_early
                zero_is_over_at_the_first_poll
                the_past_is_over_at_the_first_poll
                a_sleep_counts_from_the_call
                what_is_out_of_reach_does_not_end
                no_counter_wraps
                the_earlier_deadline_comes_first
                a_shorter_sleep_does_not_wait_for_a_longer_one
                many_wait_at_once
                the_eighth_is_woken_beside_seven
                sleeps_in_a_row_add_up
                polling_again_changes_nothing
                ticks_beside_it_do_not_put_it_off
                a_dropped_sleep_leaves_the_others
                a_finished_sleep_dropped_late_leaves_the_others
                coming_and_going_beside_a_waiting_one
                a_sleep_from_a_reading_keeps_its_deadline;
            wakers:
                the_last_waker_is_woken
                a_waker_that_comes_back_is_woken
                a_sleep_that_nobody_hears_ends_all_the_same;
            tokens:
                first_cancel_wins
                every_reason_comes_back
                a_static_cause_has_a_message
                never_is_never
                a_check_says_why
                a_view_sees_its_token
                a_token_may_be_moved;
            waits:
                a_cancel_wakes_a_wait
                a_cancel_wakes_all_waits
                a_dropped_wait_leaves_the_others
                a_wait_repeats_its_answer
                the_last_waker_is_woken
                a_wait_for_what_is_cancelled_is_over
                a_cancel_ends_what_never_ends
                a_cancel_ends_what_runs_until_then
                what_is_ready_wins_in_a_tie
                cancelled_beforehand_is_never_polled
                a_dropped_run_leaves_its_token;
            children:
                a_child_is_cancelled_with_its_parent
                a_child_cancels_nobody_else
                a_child_of_a_cancelled_parent_is_cancelled
                the_whole_tree_is_cancelled
                the_root_wakes_those_who_wait_below
                children_go_in_any_order
                children_that_are_gone_leave_nothing
                what_is_below_stops_and_starts_again;
            deadlines:
                zero_is_due_at_once
                what_is_ready_wins_over_zero
                a_timeout_is_never_early
                a_timeout_counts_from_the_call
                what_is_quick_enough_is_not_touched
                the_shorter_of_two_ends_it
                what_is_late_is_dropped
                a_deadline_is_a_source
                of_two_that_have_passed_the_earlier_is_named
                a_timer_that_fails_is_an_error;
            scopes:
                a_body_ends_by_itself
                a_source_cancels_the_token
                a_cancel_from_elsewhere_ends_it
                the_source_added_first_counts
                the_earlier_deadline_ends_it
                cancelled_beforehand_nothing_begins
                the_body_wins_in_a_tie
                a_value_is_kept_after_a_cancel
                a_body_that_cancels_itself_goes_at_its_next_wait
                a_dropped_scope_does_not_cancel
                sources_end_what_has_no_token
                another_token_is_a_source
                sources_may_be_a_stream
                sources_add_up;
            combined:
                the_first_of_two_fires
                the_one_named_first_is_asked_first
                the_last_of_two_fires
                in_one_poll_the_second_is_the_later
                one_alone_is_not_all
                they_nest;
            shields:
                a_shield_runs_to_its_end
                a_shield_gives_its_output
                shields_in_a_row_all_run
                shields_nest
                a_cancel_waits_for_an_open_shield
                a_dropped_shield_holds_nothing
                a_shield_holds_the_scopes_around_it
                shielded_work_is_ordinary_work
                what_nobody_polls_holds_nobody
                one_scope_at_a_time_uses_them;
            grace:
                the_body_sees_the_cancel_and_ends
                a_body_that_goes_on_is_dropped
                a_second_request_ends_the_period
                zero_is_no_period
                the_longest_period_overflows_nothing
                what_never_began_has_no_period;
            cleanup:
                it_runs_after_a_value
                it_runs_after_a_cancel
                it_runs_for_what_never_began
                nothing_cuts_it_short
                the_scopes_around_wait_for_it
                they_wait_for_that_of_what_never_began
                a_dropped_scope_runs_none
                it_comes_after_the_grace_period;
            streams:
                a_stream_ends_and_loses_nothing
                a_stream_says_why_it_ends
                a_waiting_stream_is_woken
                cancelled_beforehand_gives_no_item
                its_own_end_is_no_error
                ticks_are_cut;
            guards:
                a_guard_cancels_when_dropped
                a_disarmed_guard_does_not
                a_guard_goes_with_its_work;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __heap_list {
    ($then:path, $each:tt) => {
        $then! { $each
            timer_wakes:
                a_dropped_sleep_lets_go_of_its_waker
                a_finished_sleep_lets_go_of_its_waker
                each_sleep_wakes_its_own_waker
                the_waker_of_the_last_poll_is_woken
                a_wake_by_others_ends_no_sleep;
            callbacks:
                they_run_in_order
                one_that_comes_late_runs_at_once
                a_dropped_one_does_not_run
                wakers_come_first
                one_may_use_any_token
                one_hears_of_the_root;
            shared:
                clones_are_one_token
                a_child_is_cancelled_with_its_parent
                the_root_adopts_grandchildren
                a_long_chain_hears_of_its_root
                any_follows_the_first
                all_follows_the_last
                of_none_and_of_cancelled_ones
                followers_nest
                followers_and_sources_come_and_go
                a_child_may_follow_others
                what_is_below_is_cancelled_alone
                many_waits_are_woken
                messages_and_errors_come_through
                a_cause_goes_with_its_tokens
                a_future_may_own_its_token
                a_stream_may_own_its_token
                a_guard_may_own_its_token
                a_view_may_own_its_token
                never_is_never;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __spawn_list {
    ($then:path, $each:tt) => {
        $then! { $each
            tasks:
                a_task_waits_for_a_token
                all_of_many_tasks_run
                a_deadline_ends_all_tasks
                tasks_wake_one_another
                a_task_sleeps
                a_task_outlives_who_started_it
                a_task_that_is_over_is_dropped
                a_waiting_task_holds_up_nobody
                a_task_may_wake_itself
                a_sleep_goes_on_in_another_task;
            timeout_tokens:
                it_cancels_itself
                who_comes_before_wins
                a_dropped_one_keeps_no_time
                zero_is_due;
            reentrancy:
                a_waker_may_use_the_timer
                a_waker_may_use_the_timer_as_it_goes
                a_waker_may_use_the_timer_when_replaced;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __operation_list {
    ($then:path, $each:tt) => {
        $then! { $each
            operations:
                a_timeout_drops_the_body
                shielded_work_is_ordinary_work
                a_cleanup_is_ordinary_work
                late_callbacks_sleep_and_end_with_force
                a_nested_operation_ends_first
                a_deadline_limits_what_is_inside
                force_goes_down
                a_group_drains
                a_failure_ends_a_group
                sources_are_combined
                a_dropped_run_tells;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __spawn_local_list {
    ($then:path, $each:tt) => {
        $then! { $each
            local_tasks:
                a_local_task_waits_for_a_token
                all_of_many_run
                a_local_task_sleeps
                a_deadline_ends_all_local_tasks
                a_local_task_outlives_who_started_it
                a_waiting_local_task_holds_up_nobody
                a_local_task_that_is_over_is_dropped;
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
