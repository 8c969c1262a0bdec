//! Lines 1 to 10: the cancel does not happen.

use crate::{LONG, noted, poll, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{CancelToken, Cancelable, Cause, Instant, Operation, Reason, Source, generic};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::Duration;

/// "A cancel from a plain thread only flips a flag; the sleeping task is not woken."
#[test]
fn d01_a_cancel_from_a_plain_thread_wakes_the_sleeping_task() {
    let stop = CancelToken::new();
    let op = Cancelable::with_token(&stop);
    let (started, wait) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        wait.recv().unwrap();
        stop.cancel_with("from a thread");
    });
    let result = smol::block_on(op.run(async |cx| {
        started.send(()).unwrap();
        cx.sleep(LONG).await;
    }));
    assert_eq!(result.unwrap_err().message(), Some("from a thread"));
    thread.join().unwrap();
}

/// "... or only with a bridge that drops requests when its queue of 1000 is full, and dies with the first
/// event loop."
#[test]
fn d01_no_request_is_lost_and_executors_may_come_and_go() {
    const OPERATIONS: usize = 3000;
    smol::block_on(async {}); // the first "event loop", gone
    let ops: Vec<Operation> = (0..OPERATIONS).map(|_| Cancelable::new().build()).collect();
    let start = Arc::new(Barrier::new(2));
    let (handles, begin) = (ops.clone(), start.clone());
    let thread = std::thread::spawn(move || {
        begin.wait();
        for op in &handles {
            assert!(op.cancel_with("all at once"));
        }
    });
    let executor = smol::LocalExecutor::new();
    let run = |op: &Operation| executor.spawn(op.run(async |_| pending::<()>().await));
    let tasks: Vec<_> = ops.iter().map(run).collect();
    smol::block_on(executor.run(async {
        smol::future::yield_now().await;
        start.wait();
        for task in tasks {
            assert_eq!(task.await.unwrap_err().message(), Some("all at once"));
        }
    }));
    thread.join().unwrap();
}

/// "`token.cancel("message")` leaves the token half-cancelled."
#[test]
fn d02_message_reason_and_both_are_natural_calls() {
    type Cancel = fn(&Operation) -> bool;
    let cancels: [(Cancel, _, _); 6] = [
        (|op| op.cancel(), Reason::Manual, None),
        (|op| op.cancel_with("m"), Reason::Manual, Some("m")),
        (
            |op| op.cancel_with(String::from("m")),
            Reason::Manual,
            Some("m"),
        ),
        (
            |op| op.cancel_with(Reason::Shutdown),
            Reason::Shutdown,
            None,
        ),
        (
            |op| op.cancel_with((Reason::Signal(2), "m")),
            Reason::Signal(2),
            Some("m"),
        ),
        (
            |op| op.cancel_with(Cause::new(Reason::Error).with_message("m").with_error("e")),
            Reason::Error,
            Some("m"),
        ),
    ];
    for (cancel, reason, message) in cancels {
        let op = Cancelable::new().build();
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        assert!(cancel(&op));
        assert!(op.is_cancelled());
        let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
            panic!("still runs")
        };
        assert_eq!((why.reason(), why.message()), (reason, message));
        assert_eq!(op.context().cause(), Some(&why));
    }
}

/// "A parent ended by timeout, condition or signal leaves children in other tasks running." (For signals:
/// `triggers.rs`, and line 6.)
#[test]
fn d03_an_ended_parent_ends_children_of_other_tasks() {
    type End = fn(generic::Cancelable<VirtualTime>) -> generic::Cancelable<VirtualTime>;
    let ends: [(End, Reason); 2] = [
        (|op| op.timeout(secs(5)), Reason::Timeout),
        (
            |op| op.source(Source::condition_async(async || true, secs(5)).unwrap()),
            Reason::Condition,
        ),
    ];
    for (end, reason) in ends {
        let time = VirtualTime::new();
        let parent = end(time.operation()).build();
        let child = time.operation().parent(&parent).build();
        let grandchild = time.operation().parent(&child).build();
        let runs = [grandchild, child, parent].map(|op| {
            let run = op.run(async |cx| cx.sleep(LONG).await);
            let (send, receive) = smol::channel::bounded(1);
            let task = async move { send.send(run.await.unwrap_err()).await.unwrap() };
            cancel_std::Spawn::spawn(&time, task).unwrap();
            receive
        });
        let reasons = time.block_on(async {
            let mut reasons = Vec::new();
            for run in runs {
                let why = run.recv().await.unwrap();
                reasons.push((why.reason(), why.root_reason()));
            }
            reasons
        });
        let inherited = (Reason::Parent, reason);
        assert_eq!(reasons, [inherited, inherited, (reason, reason)]);
        assert!(time.now() <= Instant::EPOCH + secs(5));
    }
}

/// "Two combined timeouts: the last one wins."
#[test]
fn d04_of_two_timeouts_the_earliest_wins() {
    type Both = fn(&VirtualTime, Duration, Duration) -> generic::Cancelable<VirtualTime>;
    let ways: [Both; 3] = [
        |time, a, b| time.operation().timeout(a).timeout(b),
        |time, a, b| {
            let other = time.operation().timeout(b);
            time.operation().timeout(a).combine(other)
        },
        |time, a, b| {
            let sources = [Source::timeout(a), Source::timeout(b)];
            time.operation().source(Source::any(sources))
        },
    ];
    for both in ways {
        for (first, second) in [(secs(1), secs(5)), (secs(5), secs(1))] {
            let time = VirtualTime::new();
            let op = both(&time, first, second);
            let result = time.block_on(op.run(async |_| pending::<()>().await));
            assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
            assert_eq!(time.now(), Instant::EPOCH + secs(1));
        }
    }
}

/// "Any-of never fires for a timeout; all-of with a timeout never fires, or fires at entry."
#[test]
fn d05_any_of_and_all_of_fire_for_timeouts() {
    let time = VirtualTime::new();
    let stop = CancelToken::new();
    let any = Source::any([Source::token(&stop), Source::timeout(secs(5))]);
    let op = time.operation().source(any).build();
    let result = time.block_on(op.run(async |_| pending::<()>().await));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(time.now(), Instant::EPOCH + secs(5));

    // The token first, then the timeout; and the other way round.
    for (token_at, fires_at, reason) in [
        (secs(1), secs(5), Reason::Timeout),
        (secs(9), secs(9), Reason::Shutdown),
    ] {
        let time = VirtualTime::new();
        let stop = CancelToken::new();
        let all = Source::all([Source::timeout(secs(5)), Source::token(&stop)]);
        let op = time.operation().source(all);
        let sleep = cancel_std::Timer::sleep(&time, token_at);
        let cancel = async move {
            sleep.await.unwrap();
            stop.cancel_with(Reason::Shutdown);
        };
        cancel_std::Spawn::spawn(&time, cancel).unwrap();
        let result = time.block_on(op.run(async |_| pending::<()>().await));
        assert_eq!(result.unwrap_err().reason(), reason);
        assert_eq!(time.now(), Instant::EPOCH + fires_at);
    }
}

/// "Chains of 490 linked tokens stop half-way; 1000-deep hierarchies overflow."
#[test]
fn d07_long_chains_and_deep_hierarchies() {
    const DEEP: usize = 10_000;
    // Links: each operation follows the token of the one before.
    let mut chain = vec![Cancelable::new().build()];
    for _ in 0..DEEP {
        let next = Cancelable::with_token(chain.last().unwrap()).build();
        chain.push(next);
    }
    chain[0].cancel_with("first of the chain");
    let last = chain.last().unwrap().context();
    assert_eq!(last.message(), Some("first of the chain"));
    assert!(chain.iter().all(Operation::is_cancelled));
    drop(chain);

    // Parents, nobody but their children keep them.
    let root = Cancelable::new().build();
    let mut leaf = root.child().build();
    for _ in 0..DEEP {
        leaf = leaf.child().build();
    }
    let mut run = pin!(leaf.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    root.cancel_with("root");
    let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
        panic!("still runs")
    };
    assert_eq!(
        (why.reason(), why.message()),
        (Reason::Parent, Some("root"))
    );
    drop(leaf); // without recursion
}

/// "A cycle of links deadlocks." Ours cannot be built: what an operation is linked to is given before
/// anything can be linked to it: by type.
#[test]
fn d07_cycles_of_links_cannot_be_built() {
    let op = Cancelable::new().build();
    let child = op.child().token(&op).build();
    op.cancel_with("by two ways");
    assert_eq!(child.context().message(), Some("by two ways"));

    // The same token twice, by two ways, is no cycle, and harmless.
    let stop = CancelToken::new();
    let parent = Cancelable::with_token(&stop).build();
    let op = Cancelable::with_token(&stop)
        .token(parent.token())
        .parent(&parent)
        .build();
    stop.cancel_with("once");
    assert_eq!(op.context().message(), Some("once"));
}

/// "A slow or failing listener delays or loses all later ones."
#[test]
fn d08_a_failing_listener_loses_nobody() {
    let notes = Recorder::new();
    let [second, third, token] = [&notes; 3].map(Recorder::clone);
    let op = Cancelable::new()
        .on_cancel(|_| std::panic::resume_unwind(Box::new("expected by the test")))
        .on_cancel(move |_| second.note("second"))
        .on_cancel_async(|_| async { std::panic::resume_unwind(Box::new("expected by the test")) })
        .on_cancel_async(move |_| {
            let notes = third.clone();
            async move { notes.note("third") }
        })
        .build();
    let bad = op
        .token()
        .on_cancel(|_| std::panic::resume_unwind(Box::new("expected by the test")));
    let good = op.token().on_cancel(move |_| token.note("token"));
    // (A callback of a token is the caller's own business: the panic goes on to who cancels.)
    assert!(catch_unwind(AssertUnwindSafe(|| op.cancel())).is_err());
    smol::block_on(op.run(async |_| ())).unwrap_err();
    assert_eq!(noted(&notes), "token second third");
    assert_eq!(op.context().callback_panics(), 2);
    drop((bad, good));
}

/// A slow one delays only those that come after it in the same list: cancel, children, body and timers do
/// not wait for it.
#[test]
fn d08_a_slow_listener_delays_no_cancel() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let (clock, slow) = (time.clone(), notes.clone());
    let parent = time
        .operation()
        .timeout(secs(5))
        .callback_limit(secs(100))
        .on_cancel_async(move |_| {
            let (sleep, notes) = (cancel_std::Timer::sleep(&clock, secs(60)), slow.clone());
            async move {
                sleep.await.unwrap();
                notes.note("slow");
            }
        })
        .build();
    let child = time.operation().parent(&parent).build();
    let gone = notes.on_drop("child gone");
    let run = child.run(async move |_| {
        let _gone = gone;
        pending::<()>().await
    });
    cancel_std::Spawn::spawn(&time, async { drop(run.await) }).unwrap();
    let gone = notes.on_drop("body gone");
    let run = parent.run(async move |_| {
        let _gone = gone;
        pending::<()>().await
    });
    assert!(time.block_on(run).is_err());
    let mut notes: Vec<String> = notes.take().iter().map(ToString::to_string).collect();
    notes.sort();
    assert_eq!(notes, ["5s body gone", "5s child gone", "65s slow"]);
}

/// "`combine` loses the parents of its parts."
#[test]
fn d09_combine_keeps_the_parents_of_its_parts() {
    for part in [0, 1] {
        let parents = [Cancelable::new().build(), Cancelable::new().build()];
        let [a, b] = [0, 1].map(|i| Cancelable::new().parent(&parents[i]));
        let op = a.combine(b).build();
        assert!(op.context().parent_id().is_some());
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        parents[part].cancel_with((Reason::Shutdown, "a parent of a part"));
        let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
            panic!("still runs")
        };
        assert_eq!(why.message(), Some("a parent of a part"));
        assert_eq!(
            (why.reason(), why.root_reason()),
            (Reason::Parent, Reason::Shutdown)
        );
    }
}

/// "A parent nobody else holds is collected and the link with it."
#[test]
fn d09_a_parent_nobody_holds_still_links() {
    let time = VirtualTime::new();
    let stop = CancelToken::new();
    let op = {
        let grandparent = time.operation().token(&stop).build();
        let parent = time.operation().parent(&grandparent).build();
        time.operation().parent(&parent)
    };
    stop.cancel_with("from far above");
    let why = time.block_on(op.run(async |_| ())).unwrap_err();
    assert_eq!(why.message(), Some("from far above"));
    assert_eq!(why.reason(), Reason::Parent);
}

/// "A dependency that was meant to notice a disconnected client never does."
#[test]
fn d10_a_disconnected_client_is_noticed() {
    // By what the connection drops ...
    let time = VirtualTime::new();
    let connection = CancelToken::new();
    let request = time.operation().token(&connection).build();
    let guard = connection.drop_guard();
    let disconnect = async move {
        let _client = guard;
    };
    cancel_std::Spawn::spawn(&time, disconnect).unwrap();
    let why = time.block_on(request.run(async |cx| cx.sleep(LONG).await));
    assert_eq!(why.unwrap_err().reason(), Reason::Dropped);
    assert_eq!(time.now(), Instant::EPOCH + secs(0));

    // ... or by what it says when asked.
    let (client, server) = smol::channel::bounded::<()>(1);
    let hung_up = Source::future(async move {
        while server.recv().await.is_ok() {}
        (Reason::Dropped, "client hung up")
    });
    let request = time.operation().source(hung_up);
    let sleep = cancel_std::Timer::sleep(&time, secs(5));
    let disconnect = async move {
        sleep.await.unwrap();
        drop(client);
    };
    cancel_std::Spawn::spawn(&time, disconnect).unwrap();
    let why = time.block_on(request.run(async |cx| cx.sleep(LONG).await));
    assert_eq!(why.unwrap_err().message(), Some("client hung up"));
    assert_eq!(time.now(), Instant::EPOCH + secs(5));
}
