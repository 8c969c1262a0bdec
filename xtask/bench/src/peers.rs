//! The contestants behind common traits, so that every one runs the very same benchmark code.
//!
//! What a library does not have it does not implement, and its place in the table stays empty.
//! Methods are `#[inline(always)]` and only pass the call on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use almost_enough::ChildStopper;
use cancel_core::CancelToken;
use event_listener::{Event, EventListener};
use futures_intrusive::sync::ManualResetEvent;
use stop_token::{StopSource, StopToken};
use tokio_util::sync::CancellationToken;

/// Ours goes by the name of the core crate in every row, cancel-std's timer included.
pub(crate) const OURS: &str = "cancel-core";
pub(crate) const TOKIO_UTIL: &str = "tokio-util";
pub(crate) const TOKIO: &str = "tokio";
pub(crate) const STOP_TOKEN: &str = "stop-token";
pub(crate) const EVENT_LISTENER: &str = "event-listener";
pub(crate) const FUTURES_INTRUSIVE: &str = "futures-intrusive";
pub(crate) const ALMOST_ENOUGH: &str = "almost-enough";
/// `AbortHandle` of futures-util, which `futures` re-exports.
pub(crate) const FUTURES_ABORT: &str = "futures-abort";
pub(crate) const ATOMIC_LOAD: &str = "limit: atomic load";
pub(crate) const ARC_CLONE: &str = "limit: Arc clone + drop";
pub(crate) const ALLOCATION: &str = "limit: allocation";
pub(crate) const TWO_LOCKS: &str = "limit: allocation and two locks";
pub(crate) const THREE_LOCKS: &str = "limit: allocation and three locks";
pub(crate) const MUTEX: &str = "limit: mutex";
pub(crate) const BARE_FUTURE: &str = "limit: bare future";
pub(crate) const DYN_CALL: &str = "limit: boxed dyn Fn call";
pub(crate) const KEPT_REPORT: &str = "limit: the same and the report kept under a mutex";
pub(crate) const HASH_MAP: &str = "limit: HashMap under a mutex";
pub(crate) const HASH_MAP_ASKED: &str = "limit: HashMap, each asked for its status";

/// Something that can be asked to stop, shared by handles.
pub(crate) trait Token: Sized + Send + Sync + 'static {
    const NAME: &'static str;
    fn new() -> Self;
}

/// Cancels through a shared handle.
pub(crate) trait Cancel: Token {
    fn cancel(&self);
}

/// Can be asked whether it was cancelled, the ancestors included.
pub(crate) trait Query: Token {
    fn is_cancelled(&self) -> bool;
}

/// Has children.
pub(crate) trait Tree: Token {
    fn child(&self) -> Self;
}

/// Can be awaited.
pub(crate) trait Wait: Token {
    type Waiting<'a>: Future;
    fn wait(&self) -> Self::Waiting<'_>;
}

impl Token for CancelToken {
    const NAME: &'static str = OURS;
    #[inline(always)]
    fn new() -> Self {
        CancelToken::new()
    }
}

impl Cancel for CancelToken {
    #[inline(always)]
    fn cancel(&self) {
        cancel_core::Token::cancel(self);
    }
}

impl Query for CancelToken {
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        cancel_core::Token::is_cancelled(self)
    }
}

impl Tree for CancelToken {
    #[inline(always)]
    fn child(&self) -> Self {
        CancelToken::child(self)
    }
}

impl Wait for CancelToken {
    type Waiting<'a> = cancel_core::WaitForCancel<&'a cancel_core::Token>;
    #[inline(always)]
    fn wait(&self) -> Self::Waiting<'_> {
        self.cancelled()
    }
}

impl Token for CancellationToken {
    const NAME: &'static str = TOKIO_UTIL;
    #[inline(always)]
    fn new() -> Self {
        CancellationToken::new()
    }
}

impl Cancel for CancellationToken {
    #[inline(always)]
    fn cancel(&self) {
        CancellationToken::cancel(self);
    }
}

impl Query for CancellationToken {
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        CancellationToken::is_cancelled(self)
    }
}

impl Tree for CancellationToken {
    #[inline(always)]
    fn child(&self) -> Self {
        self.child_token()
    }
}

impl Wait for CancellationToken {
    type Waiting<'a> = tokio_util::sync::WaitForCancellationFuture<'a>;
    #[inline(always)]
    fn wait(&self) -> Self::Waiting<'_> {
        self.cancelled()
    }
}

/// stop-token: a source, whose drop is the cancel, and a token, which is itself the future.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) source: StopSource,
    pub(crate) token: StopToken,
}

impl Token for Stop {
    const NAME: &'static str = STOP_TOKEN;
    #[inline(always)]
    fn new() -> Self {
        let source = StopSource::new();
        let token = source.token();
        Stop { source, token }
    }
}

impl Wait for Stop {
    type Waiting<'a> = StopToken;
    #[inline(always)]
    fn wait(&self) -> StopToken {
        self.token.clone()
    }
}

/// event-listener: a flag beside an event, as its documentation shows, in an `Arc` to be shared.
#[derive(Clone, Debug)]
pub(crate) struct Flagged(Arc<(AtomicBool, Event)>);

impl Token for Flagged {
    const NAME: &'static str = EVENT_LISTENER;
    #[inline(always)]
    fn new() -> Self {
        Flagged(Arc::new((AtomicBool::new(false), Event::new())))
    }
}

impl Cancel for Flagged {
    #[inline(always)]
    fn cancel(&self) {
        self.0.0.store(true, Ordering::SeqCst);
        self.0.1.notify(usize::MAX);
    }
}

impl Wait for Flagged {
    type Waiting<'a> = EventListener;
    #[inline(always)]
    fn wait(&self) -> EventListener {
        let listener = self.0.1.listen();
        assert!(
            !self.0.0.load(Ordering::SeqCst),
            "nothing waits on cancelled tokens here"
        );
        listener
    }
}

/// futures-intrusive: an event in an `Arc` to be shared.
#[derive(Clone, Debug)]
pub(crate) struct Reset(Arc<ManualResetEvent>);

impl Token for Reset {
    const NAME: &'static str = FUTURES_INTRUSIVE;
    #[inline(always)]
    fn new() -> Self {
        Reset(Arc::new(ManualResetEvent::new(false)))
    }
}

impl Cancel for Reset {
    #[inline(always)]
    fn cancel(&self) {
        self.0.set();
    }
}

impl Query for Reset {
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        self.0.is_set()
    }
}

impl Wait for Reset {
    type Waiting<'a> = futures_intrusive::sync::WaitForEventFuture<'a>;
    #[inline(always)]
    fn wait(&self) -> Self::Waiting<'_> {
        self.0.wait()
    }
}

/// almost-enough: nothing to await, and a child asks its ancestors instead of being told.
impl Token for ChildStopper {
    const NAME: &'static str = ALMOST_ENOUGH;
    #[inline(always)]
    fn new() -> Self {
        ChildStopper::new()
    }
}

impl Cancel for ChildStopper {
    #[inline(always)]
    fn cancel(&self) {
        ChildStopper::cancel(self);
    }
}

impl Query for ChildStopper {
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        ChildStopper::is_cancelled(self)
    }
}

impl Tree for ChildStopper {
    #[inline(always)]
    fn child(&self) -> Self {
        ChildStopper::child(self)
    }
}
