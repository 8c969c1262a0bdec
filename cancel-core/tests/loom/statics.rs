//! Children and callbacks in statics: entered by whoever comes, while their token is cancelled.

use super::check;
use cancel_core::{Child, OnCancel, Token};
use loom::thread;
use std::boxed::Box;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// What stands in a static: one for each execution, and given back in the end.
pub(super) struct Static<T: 'static>(*mut T);

impl<T> Static<T> {
    pub(super) fn new(value: T) -> Self {
        Static(Box::into_raw(Box::new(value)))
    }

    pub(super) fn get(&self) -> &'static T {
        // SAFETY: alive until the end of the model, when no thread is left.
        unsafe { &*self.0 }
    }
}

impl<T> Drop for Static<T> {
    fn drop(&mut self) {
        // SAFETY: made by `new`; see `get`.
        drop(unsafe { Box::from_raw(self.0) })
    }
}

#[test]
fn a_static_child_is_entered_twice_while_its_parent_is_cancelled() {
    check(|| {
        let parent = Static::new(Token::new());
        let child = Static::new(Child::new(parent.get()));
        let (stop, part) = (parent.get(), child.get());
        let cancelling = thread::spawn(move || stop.cancel());
        let entering = thread::spawn(move || {
            if part.enter_static().is_cancelled() {
                assert!(stop.is_cancelled());
            }
        });
        let token = part.enter_static();
        cancelling.join().unwrap();
        assert!(token.is_cancelled());
        entering.join().unwrap();
        assert!(token.is_cancelled() && token.cause().unwrap().is_inherited());
        drop(child);
    });
}

#[test]
fn a_static_callback_is_entered_twice_while_its_token_is_cancelled() {
    check(|| {
        let ran: &'static AtomicUsize = Box::leak(Box::default());
        let token = Static::new(Token::new());
        let hook = Static::new(OnCancel::new(token.get(), move |_| {
            ran.fetch_add(1, SeqCst);
        }));
        let (stop, callback) = (token.get(), hook.get());
        let cancelling = thread::spawn(move || stop.cancel());
        let entering = thread::spawn(move || callback.enter_static());
        callback.enter_static();
        cancelling.join().unwrap();
        entering.join().unwrap();
        assert_eq!(ran.load(SeqCst), 1);
        drop(hook);
    });
}
