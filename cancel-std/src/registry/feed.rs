//! What has happened in a registry lately: kept, numbered, as long as somebody reads.

use crate::basics::id::OperationId;
use crate::basics::panics::contain;
use crate::report::status::Status;
use cancel_core::CancelToken;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    kept: Mutex<KeptChanges>,
}

#[derive(Default)]
pub(super) struct KeptChanges {
    /// The number of the first change that is here.
    pub(super) first: u64,
    pub(super) changes: VecDeque<Change>,
    /// Cancelled by the next change. There if somebody waits for that.
    pub(super) next: Option<CancelToken>,
}

impl KeptChanges {
    fn end(&self) -> u64 {
        self.first + self.changes.len() as u64
    }
}

impl Feed {
    pub(super) fn lock(&self) -> MutexGuard<'_, KeptChanges> {
        // Nothing can panic half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_read(&self) -> bool {
        // Relaxed: who began to read before the change, in whatever way that is known, is seen.
        // Nobody else is promised it.
        self.readers.load(Ordering::Relaxed) != 0
    }

    /// To be followed by `wake_readers`, outside of locks.
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
    pub(super) fn wake_readers(&self) {
        if !self.is_read() {
            return;
        }
        let next = self.lock().next.take();
        if let Some(token) = next {
            let _ = contain(|| token.cancel());
        }
    }

    pub(super) fn subscribe(&self) -> u64 {
        let kept = self.lock();
        // Relaxed, here and in `unsubscribe`: changed under the lock; for looks without it see `is_read`.
        self.readers.fetch_add(1, Ordering::Relaxed);
        kept.end()
    }

    pub(super) fn unsubscribe(&self) {
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
