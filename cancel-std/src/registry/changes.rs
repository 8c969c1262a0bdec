//! `Changes`: what happens in a registry, as a stream.
//!
//! The last changes are kept, numbered, as long as somebody reads; a reader knows the number of its next
//! one. Who waits does so with a token that the next change cancels. (Not with `event-listener`, which
//! wakes under its own lock: a waker that drops a reader would deadlock.)

use super::base::{Registry, RegistryCore};
use super::feed::Change;
use cancel_core::{CancelToken, WaitForCancel};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

impl Registry {
    /// What happens from now on.
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
    /// let id = op.id();
    /// drop(op);
    /// smol::block_on(async {
    ///     assert_eq!(changes.next().await, Some(Change::Registered(id)));
    ///     assert_eq!(changes.next().await, Some(Change::Left(id)));
    /// });
    /// ```
    pub fn changes(&self) -> Changes {
        Changes::new(self.shared.clone())
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
    shared: Arc<RegistryCore>,
    next: u64,
    waiting: Option<Pin<Box<WaitForCancel<CancelToken>>>>,
}

impl Changes {
    fn new(shared: Arc<RegistryCore>) -> Self {
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
