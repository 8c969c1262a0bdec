//! What only the crate can ask of a token.

use crate::cause::{Cancelled, Cause, Reason};
use crate::token::{Child, OnCancel, Token};
use core::pin::pin;
use std::sync::Mutex;
use std::vec::Vec;

/// A cause that makes the token itself answer *parent*, as deadlines around it want.
#[test]
fn x14_an_inherited_cause() {
    let cause = || Cause::new(Reason::Timeout).inherited();
    assert_eq!(Cancelled::from(cause()).reason(), Reason::Parent);
    for with_child in [false, true] {
        static TOLD: Mutex<Vec<bool>> = Mutex::new(Vec::new());
        let token = Token::new();
        let child = pin!(Child::new(&token));
        let below = with_child.then(|| child.enter());
        let hook = pin!(OnCancel::new(&token, |why| {
            TOLD.lock().unwrap().push(why.is_inherited());
        }));
        if with_child {
            hook.enter();
        }
        token.cancel_with(cause());
        let cancelled = token.cause().unwrap();
        assert_eq!(cancelled.reason(), Reason::Parent);
        assert_eq!(cancelled.root_reason(), Reason::Timeout);
        assert!(cancelled.is_from(&token));
        if let Some(below) = below {
            assert_eq!(below.cause().unwrap(), cancelled);
            assert_eq!(*TOLD.lock().unwrap(), [true]);
        }
    }
}

#[cfg(feature = "alloc")]
#[test]
fn x14_followers_of_an_inherited_cause() {
    use crate::token::CancelToken;

    let token = CancelToken::new();
    let any = CancelToken::any([&token]);
    let told = std::sync::Arc::new(Mutex::new(Vec::new()));
    let tell = |token: &CancelToken| {
        let told = told.clone();
        token.on_cancel(move |why| told.lock().unwrap().push(why.is_inherited()))
    };
    let _registrations = (tell(&token), tell(&any));
    token.cancel_with(Cause::new(Reason::Timeout).inherited());
    assert_eq!(any.cause(), token.cause(), "as its source");
    let late = CancelToken::any([&token]);
    assert_eq!(late.cause(), token.cause());
    assert_eq!(*told.lock().unwrap(), [true, true]);
}
