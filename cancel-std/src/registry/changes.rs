//! `Changes`: what happens in a registry, as a stream.
//!
//! The last changes are kept, numbered, as long as somebody reads; a reader knows the number of its next
//! one. Who waits does so with a token that the next change cancels. (Not with `event-listener`, which
//! wakes under its own lock: a waker that drops a reader would deadlock.)

use super::Shared;
use crate::context::Status;
use crate::id::OperationId;
use crate::panics::contain;
use cancel_core::{CancelToken, WaitForCancel};
use futures_core::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// How many changes are kept for readers.
const KEPT: usize = 1024;

/// Something that has happened in a [`Registry`](super::Registry).
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Change, Registry};
/// use smol::stream::StreamExt;
///
/// let registry = Registry::new();
/// let mut changes = registry.changes();
/// let op = Cancelable::new().register(&registry).build();
/// assert_eq!(smol::block_on(changes.next()), Some(Change::Registered(op.id())));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// An operation is in the registry from now on.
    Registered(OperationId),
    /// Its run has begun.
    Started(OperationId),
    /// Its runner has seen that it is to end, while the body had still to be dropped.
    CancelRequested(OperationId),
    /// It has ended like that, and is in the history.
    Ended(OperationId, Status),
    /// It is not in the registry any more, and has not ended: dropped before it ran, or taken out.
    Left(OperationId),
    /// The reader was too slow: so many changes are gone. Have a look at the
    /// [list](super::Registry::list).
    Missed(u64),
}

impl Change {
    /// The operation that has changed, unless changes were missed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Change;
    ///
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(Change::Left(op.id()).id(), Some(op.id()));
    /// assert_eq!(Change::Missed(3).id(), None);
    /// ```
    pub fn id(&self) -> Option<OperationId> {
        match *self {
            Change::Registered(id)
            | Change::Started(id)
            | Change::CancelRequested(id)
            | Change::Ended(id, _)
            | Change::Left(id) => Some(id),
            Change::Missed(_) => None,
        }
    }
}

#[derive(Default)]
pub(super) struct Feed {
    /// Changed under the lock.
    readers: AtomicUsize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The number of the first change that is here.
    first: u64,
    changes: VecDeque<Change>,
    /// Cancelled by the next change. There if somebody waits for that.
    next: Option<CancelToken>,
}

impl Kept {
    fn end(&self) -> u64 {
        self.first + self.changes.len() as u64
    }
}

impl Feed {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing can panic half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_read(&self) -> bool {
        // Relaxed: who began to read before the change, in whatever way that is known, is seen.
        // Nobody else is promised it.
        self.readers.load(Ordering::Relaxed) != 0
    }

    /// To be followed by `ring`, outside of locks.
    pub(super) fn push(&self, change: Change) {
        if !self.is_read() {
            return;
        }
        let mut kept = self.lock();
        if kept.changes.len() == KEPT {
            kept.changes.pop_front();
            kept.first += 1;
        }
        kept.changes.push_back(change);
    }

    /// Wakes the readers. Their panics end here: it is not the operation's fault.
    pub(super) fn ring(&self) {
        if !self.is_read() {
            return;
        }
        let next = self.lock().next.take();
        if let Some(token) = next {
            let _ = contain(|| token.cancel());
        }
    }

    fn subscribe(&self) -> u64 {
        let kept = self.lock();
        // Relaxed, here and in `unsubscribe`: changed under the lock; for looks without it see `is_read`.
        self.readers.fetch_add(1, Ordering::Relaxed);
        kept.end()
    }

    fn unsubscribe(&self) {
        let mut kept = self.lock();
        if self.readers.fetch_sub(1, Ordering::Relaxed) == 1 {
            kept.first = kept.end();
            kept.changes = VecDeque::new();
            let unused = kept.next.take();
            drop(kept);
            drop(unused);
        }
    }
}

/// The changes of a registry from one moment on, as a stream that does not end. Made by
/// [`Registry::changes`](super::Registry::changes).
///
/// Nobody waits for those who read. The last 1024 changes are kept for them; a reader that is
/// farther behind gets [`Change::Missed`], and goes on with the oldest one that is left. What a change
/// tells is in the registry when it arrives. Changes of one operation come in order.
///
/// # Cancel safety
///
/// Cancel safe: dropping a `next` loses nothing.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Change, Registry, Status};
/// use smol::stream::StreamExt;
///
/// let registry = Registry::new();
/// let changes = registry.changes();
/// let op = Cancelable::new().register(&registry).build();
/// smol::block_on(async {
///     op.run(async |_| ()).await.unwrap();
///     let all: Vec<_> = changes.take(3).collect().await;
///     let id = op.id();
///     let ended = Change::Ended(id, Status::Completed);
///     assert_eq!(all, [Change::Registered(id), Change::Started(id), ended]);
/// });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Changes {
    shared: Arc<Shared>,
    next: u64,
    waiting: Option<Pin<Box<WaitForCancel<CancelToken>>>>,
}

impl Changes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Changes {
            next: shared.feed.subscribe(),
            waiting: None,
            shared,
        }
    }

    /// The next change, or what is cancelled when there is one.
    fn look(&mut self) -> Result<Change, CancelToken> {
        let mut kept = self.shared.feed.lock();
        if self.next < kept.first {
            let missed = kept.first - self.next;
            self.next = kept.first;
            return Ok(Change::Missed(missed));
        }
        // (Never farther than `KEPT` from the first.)
        match kept.changes.get((self.next - kept.first) as usize) {
            Some(change) => {
                self.next += 1;
                Ok(*change)
            }
            None => Err(kept.next.get_or_insert_with(CancelToken::new).clone()),
        }
    }
}

impl Stream for Changes {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        loop {
            let token = match self.look() {
                Ok(change) => return Poll::Ready(Some(change)),
                Err(token) => token,
            };
            let waiting = self
                .waiting
                .get_or_insert_with(|| Box::pin(token.cancelled_owned()));
            if waiting.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.waiting = None;
        }
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.waiting = None;
        self.shared.feed.unsubscribe();
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
