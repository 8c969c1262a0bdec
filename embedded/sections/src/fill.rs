//! Tokens with many waiters, callbacks, children, descendants, and deadlines with many sources: all on
//! the stack.

use crate::still::Still;
use cancel_core::{Child, Deadline, OnCancel, Token};
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

/// Polls once, with a waker that does nothing.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// While `count` wait for the token.
pub(crate) fn with_waits(token: &Token, count: u32, then: &mut dyn FnMut()) {
    if count == 0 {
        return then();
    }
    let mut wait = pin!(token.cancelled());
    _ = poll(wait.as_mut());
    with_waits(token, count - 1, then);
}

/// While the token has `count` children.
pub(crate) fn with_children(token: &Token, count: u32, then: &mut dyn FnMut()) {
    if count == 0 {
        return then();
    }
    let child = pin!(Child::new(token));
    child.enter();
    with_children(token, count - 1, then);
}

/// While the token has `count` children, each of them waited for.
pub(crate) fn with_waiting_children(token: &Token, count: u32, then: &mut dyn FnMut()) {
    if count == 0 {
        return then();
    }
    let child = pin!(Child::new(token));
    let mut wait = pin!(child.enter().cancelled());
    _ = poll(wait.as_mut());
    with_waiting_children(token, count - 1, then);
}

/// With a token `count` levels below, one that is waited for.
pub(crate) fn with_depth(token: &Token, count: u32, then: &mut dyn FnMut(&Token)) {
    if count == 0 {
        let mut wait = pin!(token.cancelled());
        _ = poll(wait.as_mut());
        return then(token);
    }
    let child = pin!(Child::new(token));
    with_depth(child.enter(), count - 1, then);
}

/// While the token has `count` callbacks in place.
pub(crate) fn with_hooks(token: &Token, count: u32, then: &mut dyn FnMut()) {
    if count == 0 {
        return then();
    }
    let hook = pin!(OnCancel::new(token, |_| {}));
    hook.enter();
    with_hooks(token, count - 1, then);
}

/// While `count` sources wait for a change of the deadline.
pub(crate) fn with_sources(deadline: &Deadline<'_, Still>, count: u32, then: &mut dyn FnMut()) {
    if count == 0 {
        return then();
    }
    let mut source = pin!(deadline.source());
    _ = poll(source.as_mut());
    with_sources(deadline, count - 1, then);
}
