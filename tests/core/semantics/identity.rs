//! A1, A20: identity, auto traits, `Debug`.

use cancel_core::{
    CancelToken, Cancelled, Cause, Child, Deadline, DropGuard, Instant, Never, OnCancel, Reason,
    Registration, Shields, StaticCause, Timer, TimerError, Token, TokenId, TokenView,
    UntilCancelled, UntilDeadline, WaitForCancel,
};
use std::collections::HashSet;
use std::fmt::Debug;
use std::future::Ready;
use std::hash::Hash;
use std::panic::{RefUnwindSafe, UnwindSafe};

fn send_sync<T: Send + Sync>() {}
fn unpin<T: Unpin>() {}
fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
fn copy<T: Copy>() {}
fn error<T: core::error::Error + Clone + Eq + 'static>() {}
fn id<T: Copy + Eq + Hash + Ord + Debug + std::fmt::Display>() {}

#[test]
fn auto_traits() {
    send_sync::<(CancelToken, Token, Child<'_>, Cancelled, Cause, StaticCause)>();
    send_sync::<(WaitForCancel<CancelToken>, WaitForCancel<&Token>)>();
    send_sync::<(Registration<CancelToken>, Registration<&Token>)>();
    send_sync::<(DropGuard<CancelToken>, DropGuard<&Token>)>();
    send_sync::<(TokenView<CancelToken>, TokenView<&Token>, TokenId, Never)>();
    send_sync::<UntilCancelled<Ready<()>, CancelToken>>();
    unpin::<(CancelToken, Token, Cancelled, Cause)>();
    unpin::<(
        DropGuard<CancelToken>,
        Registration<CancelToken>,
        TokenView<CancelToken>,
    )>();
    unwind_safe::<(
        CancelToken,
        Token,
        WaitForCancel<CancelToken>,
        Registration<CancelToken>,
    )>();
    unwind_safe::<(DropGuard<CancelToken>, TokenView<CancelToken>)>();
    unwind_safe::<(Child<'_>, Cancelled, Reason, TokenId, Never)>();
    copy::<(TokenView<&Token>, Reason, Never, TokenId)>();
    error::<Cancelled>();
    id::<TokenId>();
}

struct Clock;

impl Timer for Clock {
    type Sleep = Ready<Result<(), TimerError>>;
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
    fn sleep_until(&self, _: Instant) -> Self::Sleep {
        std::future::ready(Ok(()))
    }
}

#[test]
fn x71_what_is_carried_across_a_caught_panic() {
    unwind_safe::<(
        Cause,
        StaticCause,
        UntilDeadline<'_, Clock>,
        Deadline<'_, Clock>,
    )>();
    unwind_safe::<(
        OnCancel<'_>,
        Shields<'_>,
        UntilCancelled<Ready<()>, CancelToken>,
    )>();
    let cause = Cause::new(Reason::Error).with_error("broken");
    let seen = std::panic::catch_unwind(|| cause.message().is_none() && cause.error().is_some());
    assert!(seen.unwrap());
}

/// Ambiguous, and so an error, for a type that is `Unpin`.
trait NotUnpin<Which> {
    fn holds() {}
}
impl<T: ?Sized> NotUnpin<()> for T {}
impl<T: ?Sized + Unpin> NotUnpin<u8> for T {}

/// A `Cell` inside a future makes it `!Sync`; the same trick as above.
trait NotSend<Which> {
    fn holds() {}
}
impl<T: ?Sized> NotSend<()> for T {}
impl<T: ?Sized + Send> NotSend<u8> for T {}

#[test]
fn what_must_not_be() {
    <WaitForCancel<CancelToken> as NotUnpin<_>>::holds();
    <WaitForCancel<&Token> as NotUnpin<_>>::holds();
    <UntilCancelled<Ready<()>, &Token> as NotUnpin<_>>::holds();
    <Child<'_> as NotUnpin<_>>::holds();
    <UntilCancelled<std::rc::Rc<()>, CancelToken> as NotSend<_>>::holds();
}

#[test]
fn clones_are_one_token() {
    let (a, b) = (CancelToken::new(), CancelToken::new());
    let clone = a.clone();
    assert!(a == clone && a != b && a != a.child());
    let set: HashSet<CancelToken> = [a.clone(), clone.clone(), b.clone()].into();
    assert_eq!(set.len(), 2);
    assert!(set.contains(&clone) && !set.contains(&CancelToken::new()));
    assert_eq!(a.id(), clone.id());
    assert_ne!(a.id(), b.id());
    clone.cancel();
    assert!(a.is_cancelled() && !b.is_cancelled());
    assert_eq!(CancelToken::never(), CancelToken::never());
}

#[test]
fn ids() {
    let token = CancelToken::new();
    let shown = token.id().to_string();
    assert_eq!(token.view().id(), token.id());
    assert_eq!(token.view_owned().id(), token.id());
    assert!(shown.starts_with("token-"));
    let place: &Token = &token;
    assert_eq!(place.id(), token.id());
    let many: Vec<CancelToken> = (0..1000).map(|_| token.child()).collect();
    let ids: HashSet<TokenId> = many.iter().map(|token| token.id()).collect();
    assert_eq!(ids.len(), 1000);
}

#[test]
fn debug_shows_state_and_cause() {
    let token = CancelToken::new();
    let child = token.child();
    let live = format!("{token:?}");
    assert!(
        live.contains(&token.id().to_string()) && live.contains("None"),
        "{live}"
    );
    token.cancel_with((Reason::Signal(2), "by user"));
    for shown in [
        format!("{token:?}"),
        format!("{:?}", &*token),
        format!("{child:?}"),
    ] {
        assert!(
            shown.contains("Signal(2)") && shown.contains("by user"),
            "{shown}"
        );
    }
    assert!(format!("{child:?}").contains("Parent"));
    assert!(!format!("{token:?}").contains("Parent"));

    let wait = format!("{:?}", token.cancelled());
    let guard = format!("{:?}", token.clone().drop_guard());
    let registration = format!("{:?}", CancelToken::new().on_cancel(|_| {}));
    assert!(wait.contains("by user") && guard.contains("by user"));
    assert!(registration.contains("token-"), "{registration}");
    let pinned = Child::new(&token);
    assert!(format!("{pinned:?}").contains("None"), "not entered yet");
}

/// Logs with `{:?}` and with `{}` can be searched for the same text.
#[test]
fn an_id_looks_the_same_in_display_and_debug() {
    let token = CancelToken::new();
    token.cancel();
    let shown = token.id().to_string();
    assert_eq!(format!("{:?}", token.id()), shown);
    assert!(format!("{:?}", token.cause()).contains(&shown));
    assert!(format!("{:?}", Cause::from(token.cause().unwrap())).contains(&shown));
}

#[test]
fn default_is_live() {
    assert!(!CancelToken::default().is_cancelled());
    assert!(!Token::default().is_cancelled());
    assert!(CancelToken::default().may_be_cancelled());
}
