//! Lines 25 to 29: leaks and stalls.

use crate::{poll, secs};
use cancel_std::testing::VirtualTime;
use cancel_std::{
    CancelToken, Cancelable, Condition, Context, Cx, Instant, Metadata, Observer, OperationId,
    Reason, Source, Status, current_id,
};
use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// "Every finished child, follower, combination, link or stream leaves a callback on the long-lived token for
/// ever." (The bytes are counted in `leaks.rs` and, for every way to stop, in `stopping.rs`.)
#[test]
fn d25_nothing_is_left_on_long_lived_tokens_and_parents() {
    let time = VirtualTime::new();
    let stop = CancelToken::new();
    let parent = time.operation().build();
    let held = Arc::new(());
    for _ in 0..1000 {
        let captured = held.clone();
        let part = time.operation().token(&stop);
        let op = time
            .operation()
            .timeout(secs(1))
            .token(&stop)
            .parent(&parent)
            .combine(part)
            .on_cancel(move |_| drop(captured.clone()));
        let mut run = Box::pin(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
    }
    assert_eq!(time.pending_timers(), 0);
    assert_eq!(Arc::strong_count(&held), 1);
    // Nobody but us holds the parent: it goes with this handle, and its runtime with it.
    assert!(parent.cancel() && stop.cancel());
}

/// What a registry would hold as active.
#[derive(Default)]
struct Active {
    now: Mutex<BTreeSet<OperationId>>,
    ended: AtomicUsize,
}

impl Observer for Active {
    fn started(&self, context: &Context) {
        assert!(self.now.lock().unwrap().insert(context.id()));
    }

    fn ended(&self, context: &Context) {
        assert!(context.status().is_final() && context.ended().is_some());
        self.now.lock().unwrap().remove(&context.id());
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// "Operations ended from outside stay registered and *active* for ever; a failed start leaves the registry
/// and `current` behind."
#[test]
fn d26_every_end_is_an_end() {
    let active = Arc::new(Active::default());
    let new = || Cancelable::new().observe(active.clone());
    let ended = |expected: usize| {
        assert!(active.now.lock().unwrap().is_empty());
        assert_eq!(active.ended.swap(0, Ordering::SeqCst), expected);
        assert_eq!(current_id(), None);
    };
    // Cancelled by another thread.
    let op = new().build();
    let handle = op.clone();
    let run = op.run(async |_| {
        assert_eq!(active.now.lock().unwrap().len(), 1);
        std::thread::spawn(move || handle.cancel());
        pending::<()>().await
    });
    smol::block_on(run).unwrap_err();
    ended(1);

    // Dropped by whoever ran it.
    let op = new().build();
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    drop(run);
    assert_eq!(op.status(), Status::Cancelled);
    ended(1);

    // Cancelled before the start.
    let op = new().build();
    op.cancel();
    smol::block_on(op.run(async |_| ())).unwrap_err();
    ended(1);

    // A start that fails: a body that cannot even be made.
    let op = new().build();
    let run = op.run(|_: &Cx| -> std::future::Ready<()> { resume_unwind(Box::new("no")) });
    assert!(catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).is_err());
    assert_eq!(op.status(), Status::Failed);
    ended(1);

    // One that is refused, because it has run, does not count at all.
    smol::block_on(op.run(async |_| ())).unwrap_err();
    ended(0);

    // A body, and a callback, that panic.
    let op = new().on_start(|_| resume_unwind(Box::new("no"))).build();
    let run = op.run(async |_| resume_unwind(Box::new("boom")));
    let result: Result<Result<(), _>, _> = catch_unwind(AssertUnwindSafe(|| smol::block_on(run)));
    assert!(result.is_err());
    assert_eq!(
        (op.status(), op.context().callback_panics()),
        (Status::Failed, 1)
    );
    ended(1);

    // One that is never polled has not begun.
    drop(new().run(async |_| ()));
    ended(0);
}

/// "Leaving waits for a condition check that is still running; a CPU check blocks the event loop for 100 ms."
#[test]
fn d27_nobody_waits_for_a_check() {
    let (checking, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let checked = Arc::new(AtomicBool::new(false));
    let over = checked.clone();
    let slow = move || {
        checking.send(()).unwrap();
        // Until the test lets it go, or fails.
        let _ = released.recv_timeout(Duration::from_secs(30));
        over.store(true, Ordering::SeqCst);
        true
    };
    let op = Cancelable::new()
        .source(Condition::new(slow, secs(1)).unwrap())
        .build();
    let run = op.run(async |cx| {
        let mut turns = 0;
        // The check has begun, on another thread, and the body goes on beside it.
        while begun.try_recv().is_err() {
            cx.sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..100 {
            smol::future::yield_now().await;
            turns += 1;
        }
        turns
    });
    assert_eq!(smol::block_on(run), Ok(100));
    // The run is over, and the check is not.
    assert!(!checked.load(Ordering::SeqCst));
    assert_eq!(op.status(), Status::Completed);
    release.send(()).unwrap();
}

/// "Metadata that cannot be copied hides the body's own error." Ours is text, which can; and callbacks that
/// look at it do not touch the error, even if they fail.
#[test]
fn d28_metadata_does_not_hide_the_error() {
    fn is_plain<T: Clone + Send + Sync + 'static>() {}
    is_plain::<Metadata>();
    let op = Cancelable::new()
        .metadata("user", "ada")
        .on_error(|context| {
            assert_eq!(context.metadata().get("user"), Some("ada"));
            resume_unwind(Box::new("no"))
        })
        .build();
    let run = op.try_run(async |_| Err::<(), Box<dyn Error>>("the body's own error".into()));
    let error = smol::block_on(run).unwrap_err();
    assert_eq!(error.to_string(), "the body's own error");
    assert_eq!(op.context().error(), Some("the body's own error"));
    assert_eq!(op.context().callback_panics(), 1);
}

/// "Duplicate ids overwrite each other silently." Nobody can give one.
#[test]
fn d28_ids_are_unique() {
    let make =
        || -> Vec<OperationId> { (0..1000).map(|_| Cancelable::new().build().id()).collect() };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
    let mut ids = HashSet::new();
    for thread in threads {
        for id in thread.join().unwrap() {
            assert!(ids.insert(id), "twice: {id}");
        }
    }
    // Names may repeat, and hide nobody.
    let [a, b] = [(); 2].map(|()| Cancelable::new().name("twin"));
    a.build().cancel();
    assert!(!b.build().is_cancelled());
}

/// "Statistics hang when asked from several threads."
#[test]
fn d28_reports_can_be_read_from_many_threads_at_once() {
    let op = Cancelable::new().name("busy").build();
    let stop = Arc::new(AtomicBool::new(false));
    let readers = [(); 4].map(|()| {
        let (op, stop) = (op.clone(), stop.clone());
        std::thread::spawn(move || {
            let mut reads = 0_u64;
            while !stop.load(Ordering::Relaxed) || reads == 0 {
                let context = op.context();
                assert_eq!(context.name(), Some("busy"));
                reads += 1;
            }
            reads
        })
    });
    let run = op.run(async |cx| {
        for step in 0..1000 {
            cx.progress(step, 1000);
            cx.set_partial_result(step);
            smol::future::yield_now().await;
        }
    });
    smol::block_on(run).unwrap();
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.join().unwrap() > 0);
    }
    assert_eq!(op.context().partial_result::<u64>(), Some(&999));
}

/// "Timeout NaN or zero accepted with surprising meaning." A `Duration` is never NaN, infinite or negative;
/// zero and the largest have the meaning that they say.
#[test]
fn d29_zero_and_huge_timeouts_mean_what_they_say() {
    for nonsense in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(Duration::try_from_secs_f64(nonsense).is_err());
    }
    let time = VirtualTime::starting_at(Instant::EPOCH + secs(1000));
    type Limit = fn(&VirtualTime, Duration) -> cancel_std::generic::Cancelable<VirtualTime>;
    let limits: [Limit; 3] = [
        |time, limit| time.operation().timeout(limit),
        |time, limit| time.operation().source(Source::timeout(limit)),
        |time, limit| time.operation().deadline(time.now().saturating_add(limit)),
    ];
    for limit in limits {
        let op = limit(&time, Duration::ZERO).build();
        let result: Result<(), _> = time.block_on(op.run(async |_| unreachable!("polled")));
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        assert_eq!(op.context().duration(), Some(Duration::ZERO));
        // No overflow, and no end.
        let op = limit(&time, Duration::MAX);
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        time.advance(secs(1_000_000));
        assert!(poll(run.as_mut()).is_pending());
    }
    // An interval of zero would be a loop without end.
    let error = Condition::new(|| true, Duration::ZERO).unwrap_err();
    assert!(!error.to_string().is_empty());
    assert!(Source::<VirtualTime>::condition_async(async || true, Duration::ZERO).is_err());
}
