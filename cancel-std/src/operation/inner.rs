//! What lies behind a handle: its token, whether it is cancelled, what it leaves behind.

use super::base::{Inner, Operation, Parent, Rest, State};
use super::details::Details;
use cancel_core::{CancelToken, Cancelled};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

impl<R> State<R> {
    pub(crate) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }
}

impl<R> Inner<R> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing can panic half-way (O2).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the runner. Contained, since this comes after the change that it is to see, and others may
    /// be waiting to be told.
    pub(crate) fn wake_runner(&self) {
        self.setup.callbacks.contain(|| self.runner.wake());
    }

    /// The tokens whose cancel cancels this operation.
    pub(super) fn upstream(&self) -> impl Iterator<Item = &CancelToken> {
        upstream(self.parent(), self.setup.rest.as_deref())
    }

    fn make_token(&self) -> CancelToken {
        make_token(self.parent(), self.setup.rest.as_deref())
    }

    /// The token, which this makes if it is not there yet.
    pub(crate) fn token(&self) -> &CancelToken {
        self.token.get_or_init(|| {
            if self.parent().is_none() {
                self.apart.store(true, Ordering::Relaxed); // (published with the token)
            }
            self.make_token()
        })
    }

    /// Parents and tokens: there is nothing above that may cancel the operation.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.setup.is_alone() && self.host.get().is_none()
    }

    /// The cause as it is now. Makes no token that would have to stay.
    pub(super) fn live_cause(&self) -> Option<Cancelled> {
        if !self.is_cancelled() {
            return None;
        }
        match self.token.get() {
            Some(token) => token.cause(),
            None => self.make_token().cause(),
        }
    }

    /// Makes no token: what one would be made of says the same.
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        match self.token.get() {
            Some(token) => token.is_cancelled(),
            None if self.is_alone() => false,
            None => self.upstream().any(|token| token.is_cancelled()),
        }
    }
}

fn parents<'a, R>(
    first: Option<&'a Parent<R>>,
    rest: Option<&'a Rest<R>>,
) -> impl Iterator<Item = &'a Parent<R>> {
    let further = rest.map_or(&[][..], |rest| &rest.parents);
    first.into_iter().chain(further)
}

/// The tokens of parents that cancel their children, and those that are followed.
///
/// (The tokens of parents have been made by then: no recursion.)
pub(super) fn upstream<'a, R>(
    parent: Option<&'a Parent<R>>,
    rest: Option<&'a Rest<R>>,
) -> impl Iterator<Item = &'a CancelToken> {
    let parents = parents(parent, rest).filter(|parent| parent.cancels());
    let above = rest.map_or([&[][..]; 2], |rest| [&rest.cancelled, &rest.follow]);
    let parents = parents.map(|parent| parent.operation.token());
    parents.chain(above.into_iter().flatten())
}

/// The token of an operation with these settings: a child of its parents', which follows the others.
pub(super) fn make_token<R>(parent: Option<&Parent<R>>, rest: Option<&Rest<R>>) -> CancelToken {
    if let Some(cancelled) = rest.and_then(|rest| rest.cancelled.first()) {
        return cancelled.child();
    }
    let mut parents = parents(parent, rest).filter(|parent| parent.cancels());
    let Some(first) = parents.next() else {
        let follow = rest.map_or(&[][..], |rest| &rest.follow);
        return match follow.is_empty() {
            true => CancelToken::new(),
            false => CancelToken::any(follow),
        };
    };
    // A further parent is followed by a child of its own, which says that it is a parent's cancelation.
    let more: Vec<CancelToken> = parents
        .map(|parent| parent.operation.token().child())
        .collect();
    let follow = rest.map_or(&[][..], |rest| &rest.follow);
    first
        .operation
        .token()
        .child_following(more.iter().chain(follow))
}

/// Lets go of parents one by one: a chain of them may be longer than the stack.
impl<R> Drop for Inner<R> {
    fn drop(&mut self) {
        self.leave();
        if self.is_alone() {
            return;
        }
        let mut left = Vec::new();
        self.take_parents(&mut left);
        while let Some(operation) = left.pop() {
            if let Some(mut inner) = Arc::into_inner(operation.inner) {
                inner.take_parents(&mut left);
            }
        }
    }
}

impl<R> Inner<R> {
    fn take_parents(&mut self, into: &mut Vec<Operation<R>>) {
        let parents = [self.setup.parent.take(), self.host.take()];
        into.extend(parents.into_iter().flatten().map(|parent| parent.operation));
        if let Some(rest) = &mut self.setup.rest {
            into.extend(rest.parents.drain(..).map(|parent| parent.operation));
        }
    }
}
