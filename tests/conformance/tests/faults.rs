//! The cases find what is wrong with a runtime: each fault fails the case named for it.
//!
//! A suite that every runtime passes proves little if broken ones pass it, too.
#![cfg(not(target_arch = "wasm32"))]

#[path = "faults/faults.rs"]
mod faults;
#[path = "faults/machine.rs"]
mod machine;

use faults::Fault;
use machine::{Faulty, forget_tasks};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is wrong, and a case that has to fail then.
const FOUND_BY: &[(Fault, &str)] = &[
    (Fault::NowJumpsBack, "timer::now_never_goes_back"),
    (
        Fault::ClonesHaveAnEpochOfTheirOwn,
        "timer::clones_share_the_clock",
    ),
    (Fault::EarlyByALittle, "timer::a_sleep_is_never_early"),
    (Fault::RoundsDownToTicks, "timer::a_sleep_is_never_early"),
    (
        Fault::RoundsToTheNearestTick,
        "timer::a_sleep_is_never_early",
    ),
    (Fault::WrapsAt32Bits, "timer::no_counter_wraps"),
    (Fault::WrapsAt31Bits, "timer::no_counter_wraps"),
    (
        Fault::PanicsOnOverflow,
        "timer::what_is_out_of_reach_does_not_end",
    ),
    (
        Fault::FirstPollIsAlwaysPending,
        "timer::zero_is_over_at_the_first_poll",
    ),
    (
        Fault::CountsFromTheFirstPoll,
        "timer::a_sleep_counts_from_the_call",
    ),
    (Fault::AnyWakeEndsIt, "timer::polling_again_changes_nothing"),
    (
        Fault::PollingAgainBeginsAnew,
        "timer::ticks_beside_it_do_not_put_it_off",
    ),
    (
        Fault::LatestFirst,
        "timer::the_earlier_deadline_comes_first",
    ),
    (
        Fault::WaitsForTheLongest,
        "timer::a_shorter_sleep_does_not_wait_for_a_longer_one",
    ),
    (Fault::FailsForNoReason, "timer::a_sleep_is_never_early"),
    (
        Fault::EndsAtOnceFromAReading,
        "timer::a_sleep_from_a_reading_keeps_its_deadline",
    ),
    (
        Fault::TakesAReadingForTheDeadline,
        "timer::a_sleep_from_a_reading_keeps_its_deadline",
    ),
    (Fault::NeverWakes, "timer::a_sleep_is_never_early"),
    (Fault::WakesTheFirstWaker, "wakers::the_last_waker_is_woken"),
    (
        Fault::ForgetsAtTheSecondPoll,
        "timer::polling_again_changes_nothing",
    ),
    (
        Fault::ForgetsAtAnotherWaker,
        "wakers::the_last_waker_is_woken",
    ),
    (
        Fault::WakesOneOfADeadline,
        "timer_wakes::each_sleep_wakes_its_own_waker",
    ),
    (
        Fault::WakesUnderItsLock,
        "reentrancy::a_waker_may_use_the_timer",
    ),
    (
        Fault::DropsUnderItsLock,
        "reentrancy::a_waker_may_use_the_timer_as_it_goes",
    ),
    (
        Fault::OneAtATime,
        "timer::a_shorter_sleep_does_not_wait_for_a_longer_one",
    ),
    (
        Fault::FourAtATime,
        "timer::the_eighth_is_woken_beside_seven",
    ),
    (
        Fault::DroppingOneDropsAll,
        "timer::a_dropped_sleep_leaves_the_others",
    ),
    (
        Fault::DroppingOneDropsTheNext,
        "timer::a_dropped_sleep_leaves_the_others",
    ),
    (
        Fault::DroppedOnesStay,
        "timer_wakes::a_dropped_sleep_lets_go_of_its_waker",
    ),
    (
        Fault::FinishedOnesTakeAnothersPlace,
        "timer::a_finished_sleep_dropped_late_leaves_the_others",
    ),
    (
        Fault::KeepsTheWakersOfFinishedOnes,
        "timer_wakes::a_finished_sleep_lets_go_of_its_waker",
    ),
    (Fault::RefusesTasks, "tasks::a_task_waits_for_a_token"),
    (Fault::DropsTasks, "tasks::a_task_waits_for_a_token"),
    (Fault::PollsTasksOnce, "tasks::a_task_waits_for_a_token"),
    (
        Fault::OneTaskAtATime,
        "tasks::a_waiting_task_holds_up_nobody",
    ),
    (
        Fault::KeepsFinishedTasks,
        "tasks::a_task_that_is_over_is_dropped",
    ),
    (
        Fault::TasksEndWithTheOneThatStartedThem,
        "tasks::a_task_outlives_who_started_it",
    ),
    (
        Fault::LosesWakesWhilePolling,
        "tasks::a_task_may_wake_itself",
    ),
    (
        Fault::ForgetsTheWakerOfTasks,
        "tasks::a_task_may_wake_itself",
    ),
];

/// The same faults as the cases for local tasks see them.
const FOUND_BY_LOCAL_TASKS: &[(Fault, &str)] = &[
    (
        Fault::RefusesTasks,
        "local_tasks::a_local_task_waits_for_a_token",
    ),
    (
        Fault::DropsTasks,
        "local_tasks::a_local_task_waits_for_a_token",
    ),
    (Fault::PollsTasksOnce, "local_tasks::all_of_many_run"),
    (
        Fault::OneTaskAtATime,
        "local_tasks::a_waiting_local_task_holds_up_nobody",
    ),
    (
        Fault::KeepsFinishedTasks,
        "local_tasks::a_local_task_that_is_over_is_dropped",
    ),
    (
        Fault::TasksEndWithTheOneThatStartedThem,
        "local_tasks::a_local_task_outlives_who_started_it",
    ),
    (
        Fault::LosesWakesWhilePolling,
        "local_tasks::all_of_many_run",
    ),
    (
        Fault::ForgetsTheWakerOfTasks,
        "local_tasks::a_local_task_waits_for_a_token",
    ),
    (Fault::EarlyByALittle, "local_tasks::a_local_task_sleeps"),
];

macro_rules! run_each {
    (($fault:ident, $failures:ident) $($group:ident: $($case:ident)*;)*) => {
        $($(
            let run = || {
                let runtime = Faulty::new($fault);
                runtime.run(cancel_conformance::$group::$case(&runtime))
            };
            let result = catch_unwind(AssertUnwindSafe(run));
            forget_tasks();
            if let Some(why) = result.unwrap_or(Err("panics".into())).err() {
                $failures.push((concat!(stringify!($group), "::", stringify!($case)), why));
            }
        )*)*
    };
}

/// The cases that fail on a runtime with this fault, and what they say.
fn failures(fault: Fault) -> Vec<(&'static str, String)> {
    let mut failures = Vec::new();
    cancel_conformance::__core_list! { run_each, (fault, failures) }
    cancel_conformance::__heap_list! { run_each, (fault, failures) }
    cancel_conformance::__spawn_list! { run_each, (fault, failures) }
    cancel_conformance::__spawn_local_list! { run_each, (fault, failures) }
    failures
}

#[test]
fn nothing_fails_where_nothing_is_wrong() {
    assert_eq!(failures(Fault::None), []);
}

#[test]
fn each_fault_is_found_by_the_case_for_it() {
    let mut missed = Vec::new();
    for (fault, case) in FOUND_BY.iter().chain(FOUND_BY_LOCAL_TASKS) {
        let failures = failures(*fault);
        let found = failures.iter().any(|(name, _)| name == case);
        println!("{fault:?}: {} cases fail", failures.len());
        if !found {
            missed.push(format!("{fault:?} passes {case}; fail: {failures:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
