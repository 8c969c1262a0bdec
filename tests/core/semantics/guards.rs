//! A14: drop guards.

use cancel_core::{CancelToken, Reason, Token};

#[test]
fn cancels_when_dropped() {
    let (token, place) = (CancelToken::new(), Token::new());
    let guard = token.clone().drop_guard();
    assert!(!token.is_cancelled());
    drop(guard);
    assert_eq!(token.cause().unwrap().reason(), Reason::Dropped);
    let guard = place.drop_guard_ref();
    assert!(!place.is_cancelled());
    drop(guard);
    assert_eq!(place.cause().unwrap().to_string(), "cancelled: dropped");
}

#[test]
fn disarmed_it_gives_the_token_back() {
    let (token, place) = (CancelToken::new(), Token::new());
    let back = token.clone().drop_guard().disarm();
    assert!(back == token && !token.is_cancelled());
    let back = place.drop_guard_ref().disarm();
    assert!(back.id() == place.id() && !place.is_cancelled());
}

#[test]
fn of_the_last_handle() {
    let guard = CancelToken::new().drop_guard();
    let token = guard.disarm();
    let (child, any) = (token.child(), CancelToken::any([&token]));
    drop(token.drop_guard());
    assert_eq!(child.cause().unwrap().root_reason(), Reason::Dropped);
    assert_eq!(any.cause().unwrap().reason(), Reason::Dropped);
}

#[test]
fn the_first_cause_stays() {
    let token = CancelToken::new();
    let guards = (token.drop_guard_ref(), token.clone().drop_guard());
    token.cancel_with("first");
    drop(guards);
    assert_eq!(token.cause().unwrap().message(), Some("first"));
}
