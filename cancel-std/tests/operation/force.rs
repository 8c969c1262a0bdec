//! The second request goes down like the first one.

use crate::support::{LONG, Log, SECOND, Virtual, Wakes, poll};
use cancel_core::{Cancelled, Cause, Reason};
use cancel_std::testing::{TestWaker, VirtualTime};
use cancel_std::{Filter, Operation as Handle, Registry, Source, Status, generic};
use futures_util::stream;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

type Operation = generic::Operation<Virtual>;
type Run = Pin<Box<dyn Future<Output = Result<(), Cancelled>>>>;

/// A run that ends only when its body is dropped.
fn hangs(op: &Operation) -> Run {
    let mut run: Run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    run
}

fn ended(run: &mut Run) -> bool {
    poll(run.as_mut()).is_ready()
}

/// A source whose items are sent.
fn requests() -> (Sender<()>, Source<Virtual>) {
    let (send, receive) = channel();
    (send, Source::stream(Items(receive)))
}

/// (To be polled again by the test: it wakes nobody.)
struct Items(Receiver<()>);

impl stream::Stream for Items {
    type Item = Cause;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Cause>> {
        match self.0.try_recv() {
            Ok(()) => Poll::Ready(Some(Cause::new(Reason::Shutdown))),
            Err(_) => Poll::Pending,
        }
    }
}

/// Children that other tasks run, and theirs. Those that are detached, or only follow the token, do not
/// hear of it.
#[test]
fn x6_force_goes_where_the_cancel_went() {
    let clock = Virtual::new();
    let set = || clock.op().grace(LONG);
    for cancel_before in [true, false] {
        let top = set().build();
        let middle = clock.op().parent(&top).build(); // (without a grace period, and never run)
        let below = set().parent(&middle).build();
        let two_parents = set()
            .parent(&middle)
            .combine(set().parent(&set().build()))
            .build();
        let other_first = set()
            .parent(&set().build())
            .combine(set().parent(&below))
            .build();
        let detached = top.detached().grace(LONG).build();
        let follows = set().token(&top).build();
        let ops = [
            &top,
            &below,
            &two_parents,
            &other_first,
            &detached,
            &follows,
        ];
        let mut runs = ops.map(hangs);
        if cancel_before {
            top.cancel();
            assert!(!runs.iter_mut().any(ended));
        }
        assert_eq!(top.force(), !cancel_before);
        let all: Vec<bool> = runs.iter_mut().map(ended).collect();
        assert_eq!(all, [true, true, true, true, false, false]);
        assert!(follows.is_cancelled() && !detached.is_cancelled());
    }
}

/// What runs inside the body holds it only for its grace period, which is over then.
#[test]
fn x6_force_ends_the_grace_of_nested_operations() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = clock.op().build();
    let run = op.run(async |cx| {
        let part = cx.child().grace(LONG).run(async |cx| {
            let _gone = log.on_drop(|| String::from("body gone"));
            cx.child()
                .grace(LONG)
                .run(async |_| pending::<()>().await)
                .await
        });
        let _ = part.await;
        log.add("ended");
        pending::<()>().await
    });
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    for _ in 0..3 {
        assert!(poll(run.as_mut()).is_pending());
    }
    op.force();
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(log.take(), ["body gone", "ended"]);
    assert_eq!(clock.armed(), 0);
}

/// The second item of a source, whether or not the operation that has it has a grace period of its own.
#[test]
fn x6_a_second_item_of_a_source_goes_down() {
    let clock = Virtual::new();
    for grace in [LONG, Duration::ZERO] {
        let (send, source) = requests();
        let top = clock.op().source(source).grace(grace).build();
        let task = clock.op().parent(&top).grace(LONG).build();
        let mut task_run = hangs(&task);
        let inside = top.child().grace(LONG).build();
        let inner = inside.clone();
        let mut run: Run = Box::pin(
            top.run(async move |_| drop(inner.run(async |_| pending::<()>().await).await)),
        );
        assert!(!ended(&mut run));
        send.send(()).unwrap();
        for _ in 0..3 {
            assert!(!ended(&mut run) && !ended(&mut task_run));
        }
        send.send(()).unwrap();
        // The one inside ends first, and then the body that waits for it.
        assert!((0..3).any(|_| ended(&mut run)));
        assert_eq!(inside.status(), Status::Cancelled);
        assert!(ended(&mut task_run));
    }
}

/// The tasks of a group.
#[test]
fn x6_a_second_request_reaches_the_tasks_of_a_group() {
    for grace in [LONG, Duration::ZERO] {
        let time = VirtualTime::new();
        let (second, third) = (time.clone(), time.clone());
        let requests = stream::unfold(0, move |n| {
            let time = [&second, &third][n % 2].clone();
            async move {
                cancel_core::Timer::sleep(&time, SECOND).await.unwrap();
                Some((Cause::new(Reason::Shutdown), n + 1))
            }
        });
        let op = time
            .operation()
            .source(Source::stream(requests))
            .grace(grace)
            .build();
        let run = op.run_group(async |group| {
            for _ in 0..3 {
                let task = group.child().grace(LONG);
                group.spawn_as(task, |_| pending::<()>());
            }
        });
        assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Shutdown);
        assert_eq!(op.context().duration(), Some(2 * SECOND));
    }
}

/// A cancel from above that comes when the grace period has begun is a second request, also for those below.
#[test]
fn x6_a_cancel_from_above_in_a_grace_period_goes_down() {
    let clock = Virtual::new();
    let top = clock.op().build();
    let middle = clock.op().parent(&top).grace(LONG).build();
    let below = clock.op().parent(&middle).grace(LONG).build();
    let mut runs = [&middle, &below].map(hangs);
    middle.cancel();
    assert!(!runs.iter_mut().any(ended));
    top.cancel();
    assert!(runs.iter_mut().all(ended));
}

/// The request comes when the body is gone, and its cleanup is at work.
#[test]
fn x6_a_second_request_goes_down_from_a_cleanup() {
    let clock = Virtual::new();
    let (send, source) = requests();
    let top = clock.op().source(source).finally(|cx| async move {
        let _ = cancel_core::Timer::sleep(cx.runtime(), SECOND).await;
    });
    let top = top.build();
    let below = clock.op().parent(&top).grace(LONG).build();
    let mut runs = [&top, &below].map(hangs);
    for expected in [[false, false], [false, true]] {
        send.send(()).unwrap();
        assert_eq!([0, 1].map(|n| ended(&mut runs[n])), expected);
    }
    clock.advance(SECOND);
    assert!(ended(&mut runs[0]));
}

/// Shields and cleanups go on to their ends.
#[test]
fn x6_force_leaves_shields_and_cleanups_alone() {
    let (clock, log) = (Virtual::new(), Log::default());
    let (cleanup, op) = (log.clone(), clock.op().build());
    let part = op.child().grace(LONG).finally(move |cx| async move {
        let _ = cancel_core::Timer::sleep(cx.runtime(), SECOND).await;
        cleanup.add("cleanup");
    });
    let time = clock.clone();
    let run = op.run(async |_| {
        let part = part.run(async |cx| {
            cx.shield_future(async {
                let _ = cancel_core::Timer::sleep(&time, SECOND).await;
                log.add("shield");
            })
            .await;
            pending::<()>().await
        });
        part.await
    });
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    op.force();
    for expected in [&[] as &[&str], &["shield"]] {
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(log.take(), expected);
        clock.advance(SECOND);
    }
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(log.take(), ["cleanup"]);
}

/// A grace period that would begin when the force has come already does not begin.
#[test]
fn x6_what_is_forced_before_it_is_polled_again_has_no_grace() {
    let clock = Virtual::new();
    let op = clock.op().grace(LONG).build();
    let polled = AtomicUsize::new(0);
    let mut run = pin!(op.run(async |_| {
        std::future::poll_fn(|_| {
            polled.fetch_add(1, Ordering::Relaxed);
            Poll::<()>::Pending
        })
        .await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    op.force();
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(polled.load(Ordering::Relaxed), 1);
}

/// A deadline that passes is one request, also if a check or an operation inside sees it before the runner.
#[test]
fn x6_one_deadline_is_one_request() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND).grace(LONG).build();
    let advanced = clock.clone();
    let mut run = pin!(op.run(async |cx| {
        smol::future::yield_now().await;
        advanced.advance(2 * SECOND);
        assert!(cx.check().is_err());
        pending::<()>().await
    }));
    for _ in 0..4 {
        assert!(poll(run.as_mut()).is_pending());
    }
    // Another one is.
    op.set_timeout(SECOND);
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    assert!(poll(run.as_mut()).is_ready());
}

/// The task that runs a forced operation is woken.
#[test]
fn x6_the_runners_below_are_woken() {
    let (clock, wakes) = (Virtual::new(), Arc::new(Wakes::default()));
    let top = clock.op().build();
    let below = clock
        .op()
        .parent(&clock.op().parent(&top).build())
        .grace(LONG)
        .build();
    let mut run = pin!(below.run(async |_| pending::<()>().await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    top.cancel();
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_pending());
    top.force();
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_ready());
}

/// A waker that panics keeps neither the cancel nor the force from the others.
#[test]
fn x6_a_waker_that_panics_does_not_stop_it() {
    let clock = Virtual::new();
    let top = clock.op().build();
    let ops = [0, 1, 2].map(|_| clock.op().parent(&top).grace(LONG).build());
    let mut runs = ops.map(|op| -> Run { Box::pin(op.run(async |_| pending::<()>().await)) });
    let panicking = TestWaker::panicking("woken").waker();
    for run in &mut runs {
        let poll = run.as_mut().poll(&mut Context::from_waker(&panicking));
        assert!(poll.is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| top.force())).is_err());
    assert!(runs.iter_mut().all(ended));
}

#[test]
fn x6_a_chain_longer_than_the_stack() {
    let clock = Virtual::new();
    let top = clock.op().build();
    let mut last = top.clone();
    for _ in 0..100_000 {
        last = clock.op().parent(&last).build();
    }
    let last = clock.op().parent(&last).grace(LONG).build();
    let mut run = hangs(&last);
    top.cancel();
    assert!(!ended(&mut run));
    top.force();
    assert!(ended(&mut run));
}

#[test]
fn x6_registries_force() {
    let clock = Virtual::new();
    let registry = Registry::new();
    let force: [fn(&Registry, &Operation) -> usize; 4] = [
        |registry, op| registry.force(op.id(), "now").into(),
        |registry, op| registry.force_tree(op.id(), "now"),
        |registry, _| registry.force_where(&Filter::new().name("top"), "now"),
        |registry, _| registry.force_all("now"),
    ];
    for (way, force) in force.into_iter().enumerate() {
        for cancel_before in [true, false] {
            let op = clock
                .op()
                .name("top")
                .grace(LONG)
                .register(&registry)
                .build();
            let below = clock.op().parent(&op).grace(LONG).build(); // (in no registry)
            let detached = op
                .detached()
                .name("detached")
                .grace(LONG)
                .register(&registry)
                .build();
            let mut runs = [&op, &below, &detached].map(hangs);
            if cancel_before {
                assert_eq!(registry.cancel_tree(op.id(), "please"), 2);
                assert!(!runs.iter_mut().any(ended));
            }
            let all = way % 2 == 1; // the detached one, too
            let expected = if cancel_before {
                0
            } else {
                1 + usize::from(all)
            };
            assert_eq!(force(&registry, &op), expected);
            assert_eq!([0, 1, 2].map(|n| ended(&mut runs[n])), [true, true, all]);
            let message = if cancel_before { "please" } else { "now" };
            assert_eq!(below.context().message(), Some(message));
            if !all {
                detached.force();
                assert!(ended(&mut runs[2]));
            }
        }
    }
    assert!(registry.is_empty());
}

/// Threads cancel and force while the operations below begin their grace periods: none of these is missed.
#[test]
fn x6_force_races_with_the_beginning_of_grace_periods() {
    const ROUNDS: usize = 300;
    for round in 0..ROUNDS {
        let top: Handle = cancel_std::Cancelable::new().build();
        let middle = cancel_std::Cancelable::new()
            .parent(&top)
            .grace(LONG)
            .build();
        let below = cancel_std::Cancelable::new()
            .parent(&middle)
            .grace(LONG)
            .build();
        let gate = Arc::new(Barrier::new(4));
        let runners = [&middle, &below].map(|op| {
            let (op, gate) = (op.clone(), gate.clone());
            thread::spawn(move || {
                cancel_std::block_on(op.run(async |_| {
                    gate.wait();
                    pending::<()>().await
                }))
            })
        });
        let forcer = {
            let (top, gate) = (top.clone(), gate.clone());
            thread::spawn(move || {
                gate.wait();
                top.force()
            })
        };
        gate.wait();
        match round % 3 {
            0 => drop(below.cancel()),
            1 => drop(middle.cancel()),
            _ => drop(top.cancel()),
        }
        forcer.join().unwrap();
        for runner in runners {
            assert!(runner.join().unwrap().is_err()); // ends at all, an hour early
        }
    }
}
