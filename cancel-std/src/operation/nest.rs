//! Nesting by default: an operation that runs inside the body of another one is its child.
//!
//! It is dropped with that body anyway. So if it has no parent, and was not set up as `detached`, the
//! operation that is the current one at its first poll, its *host*, becomes its parent, as if it had been
//! made by the host's `Cx::child`.
//!
//! * Q1: the host is stored by the runner, under the lock of `state`, before the deadline of the operation
//!   begins. It does not change afterwards.
//! * Q2: a host is not below the operation. Only an operation of which there are other handles can have
//!   something below it at its start. For those the walk up from the host, and the store, are done under one
//!   lock, so that two operations do not become hosts of each other.
//! * Q3: a token that was made when there was no parent yet is not below the host's. It is cancelled by a
//!   callback then, which the runner has (`Above`). Such a token is marked by `apart`.

use super::base::{Link, Operation, Parent};
use super::{Edges, Runtime};
use crate::current;
use crate::report::status::Status;
use cancel_core::{CancelToken, Cause, Registration};
use std::iter::once;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// See Q2.
static NESTING: Mutex<()> = Mutex::new(());

impl<R: Runtime> Operation<R> {
    /// The operation in whose body this is called, if it is to be the parent of this one.
    pub(super) fn host(&self) -> Option<Operation<R>> {
        let setup = &self.inner.setup;
        if setup.parent.is_some() || setup.is_detached() {
            return None;
        }
        let host: Operation<R> = current::find()?;
        if host.inner.lock().status != Status::Running {
            return None;
        }
        host.token(); // so that making one never goes up further than this
        Some(host)
    }
}

impl<R> Operation<R> {
    /// For the runner, before anything else sees that it runs (Q1). False: it would be below itself.
    pub(super) fn nest_in(&self, host: &Operation<R>) -> bool {
        let parent = Parent {
            operation: host.clone(),
            link: Link::Nested,
        };
        let inner = &self.inner;
        if Arc::strong_count(inner) == 1 {
            return inner.host.set(parent).is_ok();
        }
        // (Nothing panics under it.)
        let _one = NESTING.lock().unwrap_or_else(PoisonError::into_inner);
        let above = once(host.visible()).chain(host.inner.ancestors(Edges::Progress));
        let circle = above.into_iter().any(|op| Arc::ptr_eq(&op.inner, inner));
        !circle && inner.host.set(parent).is_ok()
    }
}

/// What cancels an operation with its host, if its token cannot do that (Q3).
#[derive(Default)]
pub(super) struct Above(Option<Box<Registration<CancelToken>>>);

impl Above {
    pub(super) fn new<R>(op: &Operation<R>) -> Above {
        let mut above = Above(None);
        above.listen(op);
        above
    }

    /// To be called again when the token has been made: somebody else may have done that meanwhile.
    pub(super) fn listen<R>(&mut self, op: &Operation<R>) {
        let Some(host) = op.inner.host.get() else {
            return;
        };
        // Relaxed: it is stored before the token, which the `get` acquires.
        if self.0.is_some()
            || op.inner.token.get().is_none()
            || !op.inner.apart.load(Ordering::Relaxed)
        {
            return;
        }
        let token = op.token().clone();
        let heard = host.operation.token().on_cancel(move |cancelled| {
            token.cancel_with(Cause::from(cancelled).inherited());
        });
        self.0 = Some(Box::new(heard));
    }
}
