//! What a condition says, what it refuses, and how it goes with other sources.

use crate::support::LONG;
use crate::tools::{MS, at_call, block_on, wait_until};
use cancel_std::testing::VirtualTime;
use cancel_std::{BuildError, Cancelable, Condition, Reason, Source, Status};
use std::future::{Ready, pending, ready};
use std::time::Duration;

#[test]
fn reason_and_message_name_the_condition() {
    let condition = Condition::new(|| true, LONG).unwrap();
    let op = Cancelable::new()
        .name("file processor")
        .source(condition.description("disk space monitor"))
        .build();
    let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Condition);
    assert_eq!(
        cancelled.message(),
        Some("condition \"disk space monitor\" met")
    );
    assert_eq!(op.context().status(), Status::Cancelled);
    assert_eq!(op.context().error(), None);
}

#[test]
fn by_default_it_is_named_after_its_function() {
    fn disk_full() -> bool {
        true
    }
    async fn server_gone() -> bool {
        true
    }
    let boxed: Box<dyn FnMut() -> bool + Send> = Box::new(disk_full);
    for (source, message) in [
        (
            Source::condition(disk_full, LONG),
            "condition \"disk_full\" met",
        ),
        (
            Source::condition_async(server_gone, LONG),
            "condition \"server_gone\" met",
        ),
        (
            Source::condition(disk_full as fn() -> bool, LONG),
            "condition met",
        ),
        (Source::condition(boxed, LONG), "condition met"),
        (
            Condition::new(disk_full, LONG).map(|it| it.description("").into()),
            "condition met",
        ),
    ] {
        let run = Cancelable::new()
            .source(source.unwrap())
            .run(async |_| pending::<()>().await);
        assert_eq!(
            block_on(run).unwrap_err().to_string(),
            format!("cancelled: {message}")
        );
    }
}

#[test]
fn a_closure_is_named_after_the_function_in_which_it_is_written() {
    let message =
        "condition in \"a_closure_is_named_after_the_function_in_which_it_is_written\" met";
    for op in [
        Cancelable::with_condition(|| true, LONG).unwrap(),
        Cancelable::new().source(Source::condition_async(|| ready(true), LONG).unwrap()),
        Cancelable::new().source(Source::condition_async(async || true, LONG).unwrap()),
    ] {
        let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);
        assert_eq!(cancelled.message(), Some(message));
    }
}

/// DEFECTS 29: what cannot be meant is refused, when it is built.
#[test]
fn an_interval_of_zero_is_an_error() {
    let zero = Duration::ZERO;
    let expected = "the interval between two checks is zero; it has to be longer";
    let errors: [BuildError; 5] = [
        Condition::new(|| true, zero).unwrap_err(),
        Condition::new_async(async || true, zero).unwrap_err(),
        Source::<cancel_std::Std>::condition(|| true, zero).unwrap_err(),
        Source::<cancel_std::Std>::condition_async(async || true, zero).unwrap_err(),
        Cancelable::with_condition(|| true, zero).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.to_string(), expected);
    }
    assert!(Condition::new(|| true, Duration::from_nanos(1)).is_ok());
}

#[test]
fn the_longest_interval_checks_once() {
    let (predicate, seen) = at_call(2);
    let op = Cancelable::with_condition(predicate, Duration::MAX).unwrap();
    let result = block_on(op.run(async |cx| {
        while seen.ended() == 0 {
            cx.sleep(MS).await;
        }
        cx.sleep(5 * MS).await;
        seen.ended()
    }));
    assert_eq!(result, Ok(1));
}

#[test]
fn the_seed_form_works_in_any_of() {
    let (predicate, seen) = at_call(3);
    let op = Cancelable::any([
        Source::timeout(LONG),
        Source::condition(predicate, MS).unwrap(),
    ]);
    let cancelled = block_on(op.run(async |cx| cx.sleep(LONG).await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Condition);
    assert_eq!(seen.ended(), 3);
}

/// In the Python original all-of with a timeout never fires. Here what has come true stays.
#[test]
fn all_of_a_condition_and_a_timeout_fires() {
    let (predicate, seen) = at_call(1);
    let condition = Condition::new(predicate, MS).unwrap().description("first");
    let time = VirtualTime::new();
    let sources = [condition.into(), Source::timeout(10 * MS)];
    let op = time.operation().source(Source::all(sources)).build();
    let cancelled = time
        .block_on(op.run(async |cx| cx.sleep(LONG).await))
        .unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
    assert_eq!(op.context().duration(), Some(10 * MS));
    assert_eq!(seen.ended(), 1, "it is asked no more once it was true");
}

#[test]
fn the_conditions_of_combined_operations_all_count() {
    let first = Cancelable::with_condition(|| false, LONG).unwrap();
    let second = Condition::new(|| true, LONG).unwrap().description("second");
    let op = first.combine(Cancelable::new().source(second));
    let cancelled = block_on(op.run(async |cx| cx.sleep(LONG).await)).unwrap_err();
    assert_eq!(cancelled.message(), Some("condition \"second\" met"));
}

#[test]
fn it_is_asked_no_more_in_the_grace_period() {
    let (predicate, seen) = at_call(1);
    let op = Cancelable::with_condition(predicate, MS)
        .unwrap()
        .grace(LONG);
    let result = block_on(op.run(async |cx| {
        cx.cancelled().await;
        smol::Timer::after(10 * MS).await;
        "in grace"
    }));
    assert_eq!(result, Ok("in grace"));
    assert_eq!(seen.ended(), 1);
}

#[test]
fn a_body_that_never_waits_is_not_watched() {
    let (predicate, seen) = at_call(1);
    let op = Cancelable::with_condition(predicate, MS).unwrap();
    assert_eq!(block_on(op.run(async |_| 5)), Ok(5));
    wait_until("the predicate is dropped", || seen.owners() == 1);
    assert_eq!(seen.begun(), 0);
}

#[test]
fn a_cancelled_operation_asks_nothing() {
    let (predicate, seen) = at_call(1);
    let op = Cancelable::with_condition(predicate, MS).unwrap().build();
    op.cancel();
    let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Manual);
    wait_until("the predicate is dropped", || seen.owners() == 1);
    assert_eq!(seen.begun(), 0);
}

#[test]
fn debug_shows_what_is_known() {
    let condition = Condition::new(|| true, MS).unwrap().description("disk");
    assert_eq!(
        format!("{condition:?}"),
        "Condition { what: condition \"disk\", every: Some(1ms), .. }"
    );
    let source: Source<cancel_std::Std> = condition.into();
    assert_eq!(format!("{source:?}"), "Source::condition");
}

/// DEFECTS 13: a predicate that returns a future is not a predicate. `Condition::new` asks for
/// `FnMut() -> bool`, which such a function is not: this would be ambiguous if it were.
#[test]
fn a_function_that_returns_a_future_is_no_predicate() {
    trait IsNo<A> {
        const PREDICATE: () = ();
    }
    impl<T> IsNo<()> for T {}
    struct Predicate;
    impl<T: FnMut() -> bool> IsNo<Predicate> for T {}

    let () = <fn() -> Ready<bool> as IsNo<_>>::PREDICATE;

    // It is taken where it is awaited, and `false` in it counts as false.
    let op = Cancelable::with_timeout(10 * MS)
        .source(Source::condition_async(|| ready(false), MS).unwrap());
    let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
}
