//! The operations that take part, dressed such that everything they do is noted.
//!
//! Notes: `start` a callback, `start~` an asynchronous one at its end, `started!` the observer's;
//! `body{` its begin, `body}` when it is dropped; `sources}` when a source is; `token` a callback of the
//! operation's token; `told` when a body in its grace sees the cancel. Those of other operations than the
//! one in question have their letter in front: `P:start`.

use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{CancelToken, Cancelled, Context, Instant, Observer, Status};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// One that is being set up.
pub(crate) type New = cancel_std::generic::Cancelable<VirtualTime>;
pub(crate) type Op = cancel_std::generic::Operation<VirtualTime>;
pub(crate) type Ctx = cancel_std::generic::Cx<VirtualTime>;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Longer than anything here.
pub(crate) const LONG: Duration = secs(1_000_000);

/// What outlives every play.
pub(crate) struct Set {
    pub(crate) time: VirtualTime,
    /// Long-lived, followed by all.
    pub(crate) user: CancelToken,
    pub(crate) notes: Recorder,
    /// Held by bodies, sources and cleanups: to be gone when the run is.
    pub(crate) run: Arc<()>,
    /// Held by callbacks: to be gone when the operation is.
    pub(crate) callbacks: Arc<()>,
}

impl Set {
    pub(crate) fn new() -> Self {
        Set {
            time: VirtualTime::starting_at(Instant::EPOCH + secs(1000)),
            user: CancelToken::new(),
            notes: Recorder::new(),
            run: Arc::new(()),
            callbacks: Arc::new(()),
        }
    }
}

/// A body's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Own,
    Cancelled(Cancelled),
}

impl From<Cancelled> for Failure {
    fn from(cancelled: Cancelled) -> Self {
        Failure::Cancelled(cancelled)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Own => f.write_str("broken"),
            Failure::Cancelled(cancelled) => cancelled.fmt(f),
        }
    }
}

struct Watch {
    who: &'static str,
    all: bool,
    notes: Recorder,
    _held: Arc<()>,
}

impl Watch {
    fn note(&self, what: &str, context: &Context, status: Status) {
        assert_eq!(context.status(), status);
        self.notes.note(format!("{}{what}", self.who));
    }
}

impl Observer for Watch {
    fn started(&self, context: &Context) {
        if self.all {
            self.note("started!", context, Status::Running);
        }
    }

    fn cancel_requested(&self, context: &Context) {
        assert!(context.cause().is_some());
        self.note("asked!", context, Status::Running);
    }

    fn ended(&self, context: &Context) {
        assert!(context.status().is_final() && context.ended().is_some());
        if self.all {
            self.note("ended!", context, context.status());
        }
    }
}

/// Callbacks, an observer and a cleanup, of an operation around.
pub(crate) fn around(set: &Set, op: New, who: &'static str) -> New {
    let notes = set.notes.clone();
    let held = set.run.clone();
    with_callbacks(set, op, who, false).finally(move |_| async move {
        let _held = held;
        notes.note(format!("{who}finally"));
    })
}

/// The same, and those that take their time, of the operation in question.
pub(crate) fn dressed(set: &Set, op: New) -> New {
    let notes = set.notes.clone();
    let held = set.run.clone();
    with_callbacks(set, op, "", true)
        .on_start_async(slow(set, "start~", Status::Running))
        .on_complete_async(slow(set, "complete~", Status::Completed))
        .on_cancel_async(slow(set, "cancel~", Status::Cancelled))
        .on_error_async(slow(set, "error~", Status::Failed))
        .finally(move |cx: Ctx| async move {
            let _held = held;
            assert_eq!(cx.operation().status(), Status::Running);
            notes.note("finally{");
            cx.sleep(secs(2)).await;
            notes.note("finally}");
        })
}

fn with_callbacks(set: &Set, op: New, who: &'static str, all: bool) -> New {
    let on = |what: &'static str, status: Status| {
        let (notes, held) = (set.notes.clone(), set.callbacks.clone());
        move |context: &Context| {
            let _held = &held;
            assert_eq!(context.status(), status);
            notes.note(format!("{who}{what}"));
        }
    };
    op.on_start(on("start", Status::Running))
        .on_complete(on("complete", Status::Completed))
        .on_cancel(on("cancel", Status::Cancelled))
        .on_error(on("error", Status::Failed))
        .observe(Arc::new(Watch {
            who,
            all,
            notes: set.notes.clone(),
            _held: set.callbacks.clone(),
        }))
}

fn slow(
    set: &Set,
    what: &'static str,
    status: Status,
) -> impl Fn(Context) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + use<> {
    let (time, notes, held) = (set.time.clone(), set.notes.clone(), set.callbacks.clone());
    move |context| {
        let _held = &held;
        let (sleep, notes) = (cancel_std::Timer::sleep(&time, secs(1)), notes.clone());
        Box::pin(async move {
            assert_eq!(context.status(), status);
            sleep.await.unwrap();
            notes.note(what);
        })
    }
}
