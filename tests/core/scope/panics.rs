//! What panics: body, sources, cleanup, callbacks, and what they leave behind.

use crate::support::{Log, Task, panic_of, quiet};
use cancel_core::{CancelToken, Control, Reason, Scope, Shields};
use std::future::{pending, poll_fn, ready};

fn outer_and_inner(test: impl Fn(&CancelToken, &Shields<'_>, &Log)) {
    let (token, outer, log) = (CancelToken::new(), Shields::new(), Log::default());
    let inner = Shields::nested(&outer);
    test(&token, &inner, &log);
    assert_eq!((outer.held(), inner.held()), (0, 0), "still held");
}

/// The panic goes on to whoever polls; no cleanup, no hold, no registration is left.
#[test]
fn a_body() {
    outer_and_inner(|token, shields, log| {
        let body = async {
            shields
                .shield(async { smol::future::yield_now().await })
                .await;
            quiet("body");
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        assert_eq!(panic_of(|| task.go()), "body");
        task.stop();
        assert_eq!(task.registered(), 0);
        assert!(!token.is_cancelled() && log.take().is_empty());
    });
}

#[test]
fn a_body_in_its_shield() {
    outer_and_inner(|token, shields, _| {
        let body = shields.shield(async { quiet("shield") });
        let mut task = Task::new(Scope::new(&**token, body).shields(shields));
        assert_eq!(panic_of(|| task.go()), "shield");
        task.stop();
    });
}

#[test]
fn a_source() {
    outer_and_inner(|token, shields, log| {
        let gone = log.on_drop("body gone");
        let body = async move {
            let _gone = gone;
            pending::<()>().await;
        };
        let source = poll_fn::<Reason, _>(|_| quiet("source"));
        let run = Scope::new(&**token, body)
            .shields(shields)
            .source(source)
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        assert_eq!(panic_of(|| task.go()), "source");
        task.stop();
        assert!(!token.is_cancelled());
        assert_eq!(log.take(), ["body gone"]);
    });
}

/// In making its future, and in running it. The body has gone before.
#[test]
fn a_cleanup() {
    for early in [true, false] {
        outer_and_inner(|token, shields, _| {
            let cleanup = || {
                if early {
                    quiet("cleanup")
                }
                async { quiet("cleanup") }
            };
            let run = Scope::new(&**token, ready(5)).shields(shields);
            let mut task = Task::new(run.finally(cleanup));
            assert_eq!(panic_of(|| task.go()), "cleanup");
            task.stop();
        });
    }
}

/// A body that panics when it is dropped: the panic goes on, the holds end.
#[test]
fn the_drop_of_a_body() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            quiet("drop")
        }
    }
    outer_and_inner(|token, shields, log| {
        let body = async {
            let _bomb = Bomb;
            pending::<()>().await;
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        token.cancel();
        assert_eq!(panic_of(|| task.go()), "drop");
        task.stop(); // once was enough
        assert!(log.take().is_empty());
    });
}

/// A source fires, and a callback of the token panics: all others hear of it, the poll panics, and a
/// scope that is polled all the same ends.
#[test]
fn a_callback_of_the_token() {
    outer_and_inner(|token, shields, log| {
        let child = token.child();
        let registration = child.on_cancel(|_| quiet("callback"));
        let run = Scope::new(&**token, pending::<()>())
            .shields(shields)
            .source(ready(Reason::Condition))
            .finally(async || log.add("cleanup"));
        let mut run = Box::pin(run);
        assert_eq!(panic_of(|| crate::support::poll(run.as_mut())), "callback");
        assert!(child.is_cancelled());
        assert!(crate::support::poll(run.as_mut()).is_ready());
        assert_eq!(log.take(), ["cleanup"]);
        drop(registration);
    });
}
