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

#[test]
fn x63_debug_shows_the_token() {
    let token = CancelToken::new();
    let shown = format!("{:?}", token.clone().drop_guard_with("gone"));
    assert!(shown.contains("Token") && shown.contains("gone"), "{shown}");
    assert!(!shown.contains("ManuallyDrop"), "{shown}");
}

#[test]
fn with_a_cause_of_its_own() {
    let (token, place) = (CancelToken::new(), Token::new());
    let guard = token.clone().drop_guard_with((Reason::Error, "writer"));
    assert!(guard.token() == &token && !token.is_cancelled());
    drop(guard);
    let why = token.cause().unwrap();
    assert_eq!(
        (why.reason(), why.message()),
        (Reason::Error, Some("writer"))
    );
    drop(place.drop_guard_ref_with(Reason::Custom(3)));
    assert_eq!(place.cause().unwrap().reason(), Reason::Custom(3));
}

/// Every way out but the one that says `success`.
#[test]
fn unless_all_went_well() {
    fn half(token: &CancelToken, fails: bool) -> Result<(), ()> {
        let guard = token.clone().drop_guard();
        (!fails).then_some(()).ok_or(())?;
        guard.success();
        Ok(())
    }
    let token = CancelToken::new();
    assert!(half(&token, false).is_ok() && !token.is_cancelled());
    assert!(half(&token, true).is_err() && token.is_cancelled());
}

#[cfg(feature = "std")]
mod with_std {
    use cancel_core::compat::tokio_util::CancellationToken;
    use cancel_core::{CancelToken, Cancelled, Cause, Reason};
    use cancel_tests::Hooks;
    use std::future::Future;
    use std::io::{self, ErrorKind};
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Context;

    #[test]
    fn only_on_panic() {
        let token = CancelToken::new();
        drop(token.clone().drop_guard().only_on_panic());
        let back = token.drop_guard_ref().only_on_panic().disarm();
        assert!(!back.is_cancelled());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = token.drop_guard_ref_with("died").only_on_panic();
            resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err());
        assert_eq!(token.cause().unwrap().message(), Some("died"));
    }

    /// One that is made and dropped in a destructor during a panic has seen none of its own.
    #[test]
    fn only_on_panic_inside_another_panic() {
        struct Late(CancelToken);
        impl Drop for Late {
            fn drop(&mut self) {
                drop(self.0.drop_guard_ref().only_on_panic());
            }
        }
        let token = CancelToken::new();
        let late = Late(token.clone());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _late = late;
            resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err() && !token.is_cancelled());
    }

    type Body = fn(&CancelToken);

    /// Runs `body` with a token of which a callback and a waker panic. Gives what it panics with, and
    /// what the token says then.
    fn with_panicking_callbacks(body: impl FnOnce(&CancelToken)) -> (&'static str, Cancelled) {
        let token = CancelToken::new();
        let waker = Hooks::new().on_wake(|| resume_unwind(Box::new("waker")));
        let (waker, hooks) = waker.waker();
        let mut wait = Box::pin(token.cancelled());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let (ran, calls) = (Arc::new(AtomicU32::new(0)), 3);
        for _ in 0..calls {
            let ran = ran.clone();
            let callback = move |_: &Cancelled| {
                ran.fetch_add(1, Ordering::Relaxed);
                resume_unwind(Box::new("callback"));
            };
            token.on_cancel(callback).detach();
        }
        let payload = catch_unwind(AssertUnwindSafe(|| body(&token))).unwrap_err();
        assert_eq!((ran.load(Ordering::Relaxed), hooks.wakes()), (calls, 1));
        (*payload.downcast::<&str>().unwrap(), token.cause().unwrap())
    }

    /// A panic of a callback or waker in the drop of a guard, which a panic drops, would abort the
    /// process if it came out. The first panic goes on, and all callbacks run.
    #[test]
    fn x18_a_guard_dropped_by_a_panic_contains_a_second_one() {
        let guards: [(&str, Body); 7] = [
            ("drop_guard", |token| {
                let _guard = token.clone().drop_guard();
                resume_unwind(Box::new("body"));
            }),
            ("the last handle", |token| {
                let child = token.child();
                child
                    .on_cancel(|_| resume_unwind(Box::new("child")))
                    .detach();
                let _both = (token.drop_guard_ref(), child.drop_guard());
                resume_unwind(Box::new("body"));
            }),
            ("drop_guard_ref", |token| {
                let _guard = token.drop_guard_ref_with(Reason::Dropped);
                resume_unwind(Box::new("body"));
            }),
            ("only_on_panic", |token| {
                let _guard = token.clone().drop_guard().only_on_panic();
                resume_unwind(Box::new("body"));
            }),
            ("only_on_panic, borrowed", |token| {
                let _guard = token.drop_guard_ref().only_on_panic();
                resume_unwind(Box::new("body"));
            }),
            ("compat, drop_guard", |token| {
                let _guard = CancellationToken::from(token.clone()).drop_guard();
                resume_unwind(Box::new("body"));
            }),
            ("compat, drop_guard_ref", |token| {
                let token = CancellationToken::from(token.clone());
                let _guard = token.drop_guard_ref();
                resume_unwind(Box::new("body"));
            }),
        ];
        for (guard, body) in guards {
            let (payload, cause) = with_panicking_callbacks(body);
            assert_eq!(
                (payload, cause.reason()),
                ("body", Reason::Dropped),
                "{guard}"
            );
        }
    }

    /// Where nothing unwinds yet, the panic comes out of the drop.
    #[test]
    fn x18_a_guard_dropped_otherwise_panics() {
        let guards: [Body; 3] = [
            |token| drop(token.clone().drop_guard()),
            |token| drop(token.drop_guard_ref()),
            |token| drop(CancellationToken::from(token.clone()).drop_guard()),
        ];
        for body in guards {
            let (payload, cause) = with_panicking_callbacks(body);
            assert_eq!((payload, cause.reason()), ("waker", Reason::Dropped));
        }
    }

    #[test]
    fn x31_as_an_io_error() {
        for (reason, kind) in [
            (Reason::Timeout, ErrorKind::TimedOut),
            (Reason::Manual, ErrorKind::Other),
            (Reason::Shutdown, ErrorKind::Other),
            (Reason::Signal(2), ErrorKind::Other),
        ] {
            let parent = CancelToken::new();
            let child = parent.child();
            parent.cancel_with((reason, "text"));
            for token in [&parent, &child] {
                let fails = || -> io::Result<()> { Ok(token.check()?) };
                let error = fails().unwrap_err();
                assert_eq!(error.kind(), kind);
                assert_eq!(error.to_string(), token.cause().unwrap().to_string());
                assert_eq!(Cancelled::from_io(&error), token.cause().as_ref());
                let wrapped = io::Error::new(ErrorKind::InvalidData, error);
                assert_eq!(Cancelled::from_io(&wrapped), token.cause().as_ref());
                let inside = wrapped.downcast::<io::Error>().unwrap();
                assert_eq!(inside.downcast::<Cancelled>().ok(), token.cause());
            }
        }
        assert!(Cancelled::from_io(&ErrorKind::TimedOut.into()).is_none());
        assert!(Cancelled::from_io(&io::Error::other("text")).is_none());
        assert!(Cancelled::from_io(&io::Error::from_raw_os_error(2)).is_none());
    }

    /// One that caused another error is found below it; an error that caused a cancelation is not one.
    #[test]
    fn x31_below_other_errors() {
        let token = CancelToken::new();
        token.cancel_with(Cause::new(Reason::Error).with_error(io::Error::other("disk")));
        let error = io::Error::from(token.cause().unwrap());
        assert_eq!(Cancelled::from_io(&error), token.cause().as_ref());
        let disk = std::error::Error::source(&error).unwrap();
        assert_eq!(disk.to_string(), "disk");
    }
}
