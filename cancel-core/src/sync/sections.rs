//! Tests: no critical section does more work when there are more waiters, children, callbacks or
//! levels. So interrupts are held off for a bounded time.

use crate::sync::meter::measure;
use crate::{Child, Deadline, Instant, OnCancel, Scope, Shields, Timer, TimerError, Token};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::println;
use std::vec::Vec;

type Wait<'t> = Pin<Box<dyn Future<Output = ()> + 't>>;
type Hook<'t> = Pin<Box<OnCancel<'t>>>;

fn wait(token: &Token) -> Wait<'_> {
    let mut wait: Wait<'_> = Box::pin(async { drop(token.cancelled().await) });
    let mut cx = Context::from_waker(Waker::noop());
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    wait
}

fn hook(token: &Token) -> Hook<'_> {
    let mut hook = Box::pin(OnCancel::new(token, |_| {}));
    hook.as_mut().enter();
    hook
}

/// A child that stays for ever.
fn child(parent: &'static Token) -> &'static Token {
    let child: &'static mut Pin<Box<Child<'static>>> =
        Box::leak(Box::new(Box::pin(Child::new(parent))));
    child.as_mut().enter()
}

fn root() -> &'static Token {
    Box::leak(Box::default())
}

type Level = (Hook<'static>, Wait<'static>, &'static Token, Hook<'static>);

/// `n` tokens below one another, each with a second child, a waiter and callbacks.
fn levels(mut token: &'static Token, n: usize) -> Vec<Level> {
    let level = |_| {
        token = child(token);
        (hook(token), wait(token), child(token), hook(token))
    };
    (0..n).map(level).collect()
}

/// `scenario(n)` sets up and returns what is to be measured.
fn does_not_grow<W: FnOnce()>(name: &str, scenario: impl Fn(usize) -> W) {
    let [few, some, many] = [1, 10, 1000].map(|n| {
        let work = scenario(n);
        measure(work)
    });
    println!("{name}: {few:?} {some:?} {many:?}");
    assert!(
        many.1 > 0 && many.0 <= some.0 && some.0 <= 16,
        "{name}: most steps in one section: {few:?} of 1, {some:?} of 10, {many:?} of 1000"
    );
}

#[test]
fn cancel() {
    does_not_grow("waiters", |n| {
        let token = root();
        let waits: Vec<_> = (0..n).map(|_| wait(token)).collect();
        move || {
            token.cancel();
            drop(waits);
        }
    });
    does_not_grow("children", |n| {
        let token = root();
        (0..n).for_each(|_| _ = child(token));
        move || _ = token.cancel()
    });
    does_not_grow("children with five waiters each", |n| {
        let token = root();
        let children: Vec<_> = (0..n).map(|_| child(token)).collect();
        let waits = children
            .iter()
            .flat_map(|child| (0..5).map(|_| wait(child)));
        let waits: Vec<_> = waits.collect();
        move || {
            token.cancel();
            drop(waits);
        }
    });
    does_not_grow("one child with all waiters", |n| {
        let token = root();
        let child = child(token);
        let waits: Vec<_> = (0..n).map(|_| wait(child)).collect();
        move || {
            token.cancel();
            drop(waits);
        }
    });
    does_not_grow("levels, with waiters and callbacks", |n| {
        let token = root();
        let kept = levels(token, n);
        move || {
            token.cancel();
            drop(kept);
        }
    });
}

#[test]
fn children() {
    does_not_grow("what is below, children", |n| {
        let token = root();
        let own: Vec<_> = (0..n).map(|_| (wait(token), hook(token))).collect();
        (0..n).for_each(|_| _ = child(token));
        move || {
            assert!(token.cancel_children());
            drop(own);
        }
    });
    does_not_grow("what is below, levels with waiters and callbacks", |n| {
        let token = root();
        let kept = levels(token, n);
        move || {
            assert!(token.cancel_children());
            drop(kept);
        }
    });
}

#[test]
fn callbacks() {
    for below in [false, true] {
        let token = move || match below {
            false => (root(), None),
            true => {
                let root = root();
                (child(root), Some(root))
            }
        };
        does_not_grow("callbacks", |n| {
            let (token, above) = token();
            let hooks: Vec<_> = (0..n).map(|_| hook(token)).collect();
            move || {
                above.unwrap_or(token).cancel();
                drop(hooks);
            }
        });
        does_not_grow("callbacks, then waiters", |n| {
            let (token, above) = token();
            let hooks: Vec<_> = (0..n).map(|_| hook(token)).collect();
            let waits: Vec<_> = (0..n).map(|_| wait(token)).collect();
            move || {
                above.unwrap_or(token).cancel();
                drop((hooks, waits));
            }
        });
        does_not_grow("callbacks and waiters by turns", |n| {
            let (token, above) = token();
            let both: Vec<_> = (0..n).map(|_| (hook(token), wait(token))).collect();
            move || {
                above.unwrap_or(token).cancel();
                drop(both);
            }
        });
    }
}

#[test]
fn come_and_go() {
    does_not_grow("one more of each among many, and less", |n| {
        let token = root();
        let kept: Vec<_> = (0..n)
            .map(|_| (child(token), wait(token), hook(token)))
            .collect();
        move || {
            drop((wait(token), hook(token)));
            let mut one = Box::pin(Child::new(token));
            let inside = one.as_mut().enter();
            drop((wait(inside), hook(inside)));
            drop(one);
            drop(kept);
        }
    });
    does_not_grow(
        "a live child goes, with all that was forgotten below it",
        |n| {
            let mut gone = Box::pin(Child::new(root()));
            for _ in 0..n {
                let token = gone.as_mut().enter();
                core::mem::forget((wait(token), hook(token)));
                let mut below = Box::pin(Child::new(token));
                below.as_mut().enter();
                core::mem::forget(below);
            }
            move || drop(gone)
        },
    );
    does_not_grow("the same at the top", |n| {
        let (top, other) = (Token::new(), root());
        let mut gone = Box::pin(Child::new(other));
        for _ in 0..n {
            let mut below = Box::pin(Child::new(gone.as_mut().enter()));
            below.as_mut().enter();
            core::mem::forget(below);
            core::mem::forget((wait(&top), hook(&top)));
        }
        other.cancel();
        move || {
            drop(gone);
            drop(top);
            drop(wait(root()));
        }
    });
    does_not_grow("children and callbacks of a cancelled token", |n| {
        let token = root();
        token.cancel();
        move || {
            for _ in 0..n {
                assert!(child(token).is_cancelled());
                drop(hook(token));
            }
        }
    });
}

#[test]
fn shields() {
    does_not_grow("a scope that looks which of its shields are polled", |n| {
        let shields: &'static Shields<'static> = Box::leak(Box::default());
        let mut cx = Context::from_waker(Waker::noop());
        let mut open: Vec<_> = (0..n.max(1))
            .map(|_| Box::pin(shields.shield_future(core::future::pending::<()>())))
            .collect();
        for shield in &mut open {
            assert!(shield.as_mut().poll(&mut cx).is_pending());
        }
        let token = Token::new();
        move || {
            let mut polled = open.pop();
            let body = core::future::poll_fn(|cx| match &mut polled {
                Some(shield) => shield.as_mut().poll(cx),
                None => core::task::Poll::Pending,
            });
            let mut run = Box::pin(Scope::new(&token, body).shields(shields));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(run.as_mut().poll(&mut cx).is_pending());
            token.cancel();
            for _ in 0..4 {
                assert!(run.as_mut().poll(&mut cx).is_pending());
            }
            // The others are woken, and nobody polls them.
            drop(run);
            drop(polled);
            let mut run = Box::pin(Scope::new(Token::never(), core::future::ready(())));
            assert!(run.as_mut().poll(&mut cx).is_ready());
            assert!(!shields.is_open());
            drop(open);
        }
    });
}

struct Stopped;

impl Timer for Stopped {
    type Sleep = core::future::Pending<Result<(), TimerError>>;

    fn now(&self) -> Instant {
        Instant::EPOCH
    }

    fn sleep_until(&self, _: Instant) -> Self::Sleep {
        core::future::pending()
    }
}

#[test]
fn deadlines() {
    does_not_grow("a deadline with many sources, moved", |n| {
        let deadline: &'static Deadline<'static, Stopped> =
            Box::leak(Box::new(Deadline::new(Stopped)));
        let mut sources: Vec<_> = (0..n).map(|_| Box::pin(deadline.source())).collect();
        let mut cx = Context::from_waker(Waker::noop());
        for source in &mut sources {
            assert!(source.as_mut().poll(&mut cx).is_pending());
        }
        move || {
            deadline.set_timeout(Duration::MAX);
            drop(sources);
        }
    });
}

#[cfg(feature = "alloc")]
mod on_the_heap {
    use super::{does_not_grow, wait};
    use crate::CancelToken;
    use std::vec::Vec;

    fn children(parent: &CancelToken, n: usize) -> Vec<CancelToken> {
        (0..n).map(|_| parent.child()).collect()
    }

    #[test]
    fn trees() {
        does_not_grow("a parent goes, its children stay", |n| {
            let (above, other) = (CancelToken::new(), CancelToken::new());
            let parents = [
                above.child(),
                CancelToken::new(),
                CancelToken::any([&other]),
            ];
            let kept = parents.each_ref().map(|parent| children(parent, n));
            move || {
                drop(parents);
                drop(kept);
                drop(above);
            }
        });
        does_not_grow("callbacks on the heap, by turns with waiters", |n| {
            let root = CancelToken::new();
            let token = root.child();
            let callbacks: Vec<_> = (0..n)
                .map(|_| (token.on_cancel(|_| {}), root.on_cancel(|_| {})))
                .collect();
            move || {
                let wait = wait(&token);
                root.cancel();
                drop(wait);
                drop((callbacks, token.clone()));
            }
        });
        does_not_grow("followers", |n| {
            let root = CancelToken::new();
            let sources = children(&root, n);
            let any: Vec<_> = (0..n).map(|_| CancelToken::any([&root])).collect();
            let all = CancelToken::all(&sources);
            let below = children(&all, n);
            let above_all: Vec<_> = any.iter().map(|any| children(any, 3)).collect();
            move || {
                drop(CancelToken::any(&sources));
                root.cancel();
                drop((above_all, below, any));
            }
        });
        does_not_grow("what is below, among followers", |n| {
            let source = CancelToken::new();
            let roots = [CancelToken::new(), CancelToken::any([&source])];
            let kept = roots.each_ref().map(|root| {
                let one = || (root.child(), CancelToken::any([root]), root.child());
                (0..n).map(|_| one()).collect::<Vec<_>>()
            });
            move || {
                for root in &roots {
                    assert!(root.cancel_children_with("enough"));
                }
                drop(kept);
            }
        });
        does_not_grow("a tree with a message", |n| {
            let root = CancelToken::new();
            let mut tree = children(&root, 1);
            for at in 0..n {
                tree.extend(children(&tree[at / 3], 1));
            }
            move || {
                root.cancel_with("enough");
                drop(tree);
            }
        });
    }
}
