//! Every way to ask whether an operation is cancelled gives the same answer.

use crate::support::{SECOND, Virtual, poll};
use cancel_core::{Check, Instant, Reason, Timer};
use cancel_std::generic;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Operation = generic::Operation<Virtual>;
type Cx = generic::Cx<Virtual>;

fn by_trait(check: &impl Check) -> bool {
    check.is_cancelled()
}

fn fails(check: &impl Check) -> bool {
    check.check().is_err()
}

type Way = (&'static str, fn(&Operation, &Cx) -> bool);

/// Ways to ask, each of which may be the first.
const WAYS: [Way; 10] = [
    ("operation", |op, _| op.is_cancelled()),
    ("operation by trait", |op, _| by_trait(op)),
    ("operation checks", |op, _| op.check().is_err()),
    ("operation checks by trait", |op, _| fails(op)),
    ("cx", |_, cx| cx.is_cancelled()),
    ("cx by trait", |_, cx| by_trait(cx)),
    ("cx checks", |_, cx| cx.check().is_err()),
    ("cx checks by trait", |_, cx| fails(cx)),
    ("option by trait", |op, _| by_trait(&Some(op.clone()))),
    ("reference by trait", |_, cx| by_trait(&cx)),
];

fn ask_all(first: usize, op: &Operation, cx: &Cx, late: bool) {
    for index in 0..WAYS.len() {
        let (what, ask) = WAYS[(first + index) % WAYS.len()];
        assert_eq!(ask(op, cx), late, "{what}, {index} after {}", WAYS[first].0);
    }
    assert_eq!(op.token().is_cancelled(), late);
}

#[test]
fn x8_all_answers_agree_at_and_after_the_deadline() {
    for first in 0..WAYS.len() {
        for absolute in [false, true] {
            let clock = Virtual::new();
            let op = match absolute {
                true => clock.op().deadline(clock.now() + SECOND),
                false => clock.op().timeout(SECOND),
            };
            let op = op.build();
            let run = op.run(async |cx| {
                ask_all(first, cx.operation(), cx, false);
                clock.advance(SECOND - std::time::Duration::from_nanos(1));
                ask_all(first, cx.operation(), cx, false);
                clock.advance(std::time::Duration::from_nanos(1));
                ask_all(first, cx.operation(), cx, true);
            });
            assert!(poll(pin!(run)).is_ready());
            assert_eq!(op.context().reason(), Some(Reason::Timeout));
            assert!(op.is_cancelled() && op.check().is_err());
        }
    }
}

#[test]
fn x8_all_answers_agree_about_the_deadline_of_an_ancestor() {
    for first in 0..WAYS.len() {
        let clock = Virtual::new();
        let outer = clock.op().timeout(SECOND).build();
        let run = outer.run(async |cx| {
            let inner = cx.child().timeout(100 * SECOND).build();
            let part = inner.run(async |cx| {
                clock.advance(SECOND);
                ask_all(first, cx.operation(), cx, true);
            });
            let _ = part.await;
            inner
        });
        assert!(poll(pin!(run)).is_ready());
        assert_eq!(outer.context().reason(), Some(Reason::Timeout));
    }
}

#[test]
fn x8_all_answers_agree_before_the_start_and_after_the_end() {
    for first in 0..WAYS.len() {
        let clock = Virtual::new();
        let op = clock.op().deadline(clock.now() + SECOND).build();
        op.within(|cx| ask_all(first, &op, cx, false));
        clock.advance(SECOND);
        op.within(|cx| ask_all(first, &op, cx, true));
        // What has ended has no deadline any more.
        let op = clock.op().timeout(SECOND).build();
        assert!(poll(pin!(op.run(async |_| ()))).is_ready());
        clock.advance(10 * SECOND);
        op.within(|cx| ask_all(first, &op, cx, false));
    }
}

#[test]
fn x8_a_loop_that_only_asks_stops() {
    fn work<C: Check>(clock: &Virtual, stop: &C) -> u32 {
        let mut rounds = 0;
        while !stop.is_cancelled() {
            rounds += 1;
            assert!(rounds < 100, "it never stops");
            clock.advance(SECOND);
        }
        rounds
    }
    let clock = Virtual::new();
    let five = || clock.op().timeout(5 * SECOND).build();
    assert_eq!(five().run_blocking(|cx| work(&clock, cx)), Ok(5));
    assert_eq!(
        five().run_blocking(|cx| work(&clock, cx.operation())),
        Ok(5)
    );
    let child = five().run_blocking(|cx| cx.child().run_blocking(|cx| work(&clock, cx)));
    assert_eq!(child, Ok(Ok(5)));
    let result = poll(pin!(five().run(async |cx| work(&clock, cx))));
    assert!(result.is_ready());
}

/// A clock that counts how often it is read.
#[derive(Clone)]
struct Counting(Virtual, Arc<AtomicUsize>);

impl Timer for Counting {
    type Sleep = <Virtual as Timer>::Sleep;

    fn now(&self) -> Instant {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.now()
    }

    fn sleep_until(&self, at: Instant) -> Self::Sleep {
        self.0.sleep_until(at)
    }
}

#[test]
fn x8_the_clock_is_read_only_if_there_is_a_deadline() {
    let reads = Arc::new(AtomicUsize::new(0));
    let op = generic::Cancelable::on(Counting(Virtual::new(), reads.clone())).build();
    let handle = op.clone();
    let mut run = pin!(op.run(async |cx| {
        reads.store(0, Ordering::SeqCst);
        assert!(!cx.is_cancelled() && !by_trait(cx) && !cx.operation().is_cancelled());
        assert_eq!(reads.load(Ordering::SeqCst), 0);
        cx.operation().set_timeout(SECOND);
        reads.store(0, Ordering::SeqCst);
        assert!(!cx.is_cancelled());
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        pending::<()>().await
    }));
    assert!(poll(run.as_mut()).is_pending());
    handle.cancel();
    reads.store(0, Ordering::SeqCst);
    assert!(handle.is_cancelled());
    assert_eq!(reads.load(Ordering::SeqCst), 0);
}
