//! One trigger in one shape, five seconds after the start.

use crate::cast::{Ctx, Failure, LONG, New, Op, Set, around, secs};
use crate::ways::Shape;
use cancel_std::{CancelToken, Context, Reason, Source, Spawn, TimeoutExt, Timer};
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::sync::Mutex;

/// Who asks for the cancelation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    Timeout,
    Token,
    Parent,
    TaskError,
    Future,
    Itself,
    Handle,
    Drop,
    Signal,
}

impl Trigger {
    /// Those that there are on this system.
    pub(crate) fn all() -> impl Iterator<Item = Trigger> {
        let all = [
            Trigger::Timeout,
            Trigger::Token,
            Trigger::Parent,
            Trigger::TaskError,
            Trigger::Future,
            Trigger::Itself,
            Trigger::Handle,
            Trigger::Drop,
            Trigger::Signal,
        ];
        all.into_iter()
            .filter(|trigger| cfg!(unix) || *trigger != Trigger::Signal)
    }

    pub(crate) fn can_be_in(self, shape: Shape) -> bool {
        self != Trigger::Parent || shape != Shape::Plain // which has none
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Trigger::Timeout => "timeout",
            Trigger::Token => "token",
            Trigger::Parent => "parent",
            Trigger::TaskError => "task error",
            Trigger::Future => "future",
            Trigger::Itself => "itself",
            Trigger::Handle => "handle",
            Trigger::Drop => "drop",
            Trigger::Signal => "signal",
        })
    }
}

pub(crate) fn play(set: &Set, trigger: Trigger, shape: Shape) -> String {
    let time = &set.time;
    let stop = CancelToken::new();
    let (op, parent) = operations(set, trigger, shape, &stop);
    let in_five = time.sleep(secs(5));
    let act: Box<dyn FnOnce() + Send> = match (trigger, op.clone(), &parent) {
        (Trigger::Token, ..) => Box::new(move || {
            stop.cancel_with((Reason::Custom(1), "by a token"));
        }),
        (Trigger::Parent, _, Some((_, parent))) => {
            let parent = parent.clone();
            Box::new(move || {
                parent.cancel_with((Reason::Custom(2), "by the parent"));
            })
        }
        (Trigger::Handle, op, _) => Box::new(move || {
            op.cancel_with("by a handle");
        }),
        _ => Box::new(|| ()),
    };
    let (clock, handle) = (time.clone(), op.clone());
    let acting = async move {
        in_five.await.unwrap();
        act();
        if trigger == Trigger::Signal {
            raise();
            // Another thread brings it: nobody may move the clock meanwhile.
            let hold = clock.hold();
            handle.cancelled().await;
            drop(hold);
        }
    };
    time.spawn(acting).unwrap();

    let result = Mutex::new(None);
    let run = op.try_run(async |cx: &Ctx| -> Result<(), Failure> {
        if trigger == Trigger::Itself {
            cx.sleep(secs(5)).await;
            cx.cancel_with((Reason::Custom(4), "by itself"));
        }
        pending().await
    });
    let run = async {
        match trigger {
            Trigger::Drop => drop(run.timeout(time, secs(5)).await),
            _ => *result.lock().unwrap() = Some(run.await),
        }
    };
    match (shape, &parent) {
        (Shape::Child, Some((_, parent))) => {
            let running = parent.run(async |cx: &Ctx| cx.sleep(secs(50)).await);
            drop(time.block_on(smol::future::zip(running, run)));
        }
        (Shape::Nested, Some((_, parent))) => {
            let running = parent.run(async move |_: &Ctx| {
                run.await;
                smol::future::yield_now().await;
            });
            drop(time.block_on(running));
        }
        _ => time.block_on(run),
    }
    time.block_on(time.sleep(secs(10))).unwrap(); // for what comes too late
    set.notes.take();
    let context = op.context();
    let result = match result.into_inner().unwrap() {
        None => String::from("-"),
        Some(Err(Failure::Cancelled(why))) if context.cause() == Some(&why) => {
            String::from("err cancelled")
        }
        Some(other) => format!("{other:?}"),
    };
    let mut text = format!("{} | {result}\n", describe(&context));
    assert_eq!(context.duration(), Some(secs(5)));
    if let Some((name, parent)) = &parent {
        text += &format!("{name} {}\n", describe(&parent.context()));
    }
    text
}

/// The operation in question, and its parent or part, with its letter.
fn operations(
    set: &Set,
    trigger: Trigger,
    shape: Shape,
    stop: &CancelToken,
) -> (Op, Option<(&'static str, Op)>) {
    let time = &set.time;
    let plain = || time.operation().timeout(LONG).token(&set.user);
    let with_trigger = |op: New| match trigger {
        Trigger::Timeout => op.timeout(secs(5)),
        Trigger::Token => op.token(stop),
        Trigger::TaskError => {
            let sleep = time.sleep(secs(5));
            op.source(Source::failure(async move {
                sleep.await.unwrap();
                Err::<(), _>("disk full")
            }))
        }
        Trigger::Future => {
            let sleep = time.sleep(secs(5));
            op.source(Source::future(async move {
                sleep.await.unwrap();
                (Reason::Custom(3), "by a future")
            }))
        }
        Trigger::Signal => op.source(signal()),
        _ => op,
    };
    match shape {
        Shape::Plain => (around(set, with_trigger(plain()), "").build(), None),
        Shape::Child => {
            let parent = around(set, plain(), "P:").build();
            let op = with_trigger(plain().parent(&parent));
            (around(set, op, "").build(), Some(("P", parent)))
        }
        Shape::Nested => {
            let parent = around(set, plain(), "P:").build();
            let op = with_trigger(parent.child());
            (around(set, op, "").build(), Some(("P", parent)))
        }
        // The part has the trigger, and the parent.
        Shape::Shielded | Shape::Task => unreachable!("not played here"),
        Shape::Combined => {
            let parent = around(set, plain(), "P:").build();
            let part = with_trigger(plain().parent(&parent));
            let op = around(set, part.combine(plain()), "").build();
            (op, Some(("P", parent)))
        }
    }
}

#[cfg(unix)]
fn signal() -> Source<cancel_std::testing::VirtualTime> {
    Source::signals([cancel_std::Signal::SIGUSR1]).unwrap()
}

#[cfg(unix)]
fn raise() {
    signal_hook::low_level::raise(cancel_std::Signal::SIGUSR1.number()).unwrap();
}

#[cfg(not(unix))]
fn signal() -> Source<cancel_std::testing::VirtualTime> {
    Source::future(pending::<Reason>())
}

#[cfg(not(unix))]
fn raise() {}

/// Status, reason, root reason, message, underlying error.
fn describe(context: &Context) -> String {
    assert_eq!(context.callback_panics(), 0);
    let status = context.status();
    let Some(cause) = context.cause() else {
        return format!("{status} | -");
    };
    assert_eq!(context.reason(), Some(cause.reason()));
    assert_eq!(context.message(), cause.message());
    let source = cause.source().map(ToString::to_string);
    format!(
        "{status} | {}/{} {} | {}",
        name(cause.reason()),
        name(cause.root_reason()),
        cause.message().unwrap_or("-"),
        source.as_deref().unwrap_or("-")
    )
}

/// Numbers of signals differ between systems.
fn name(reason: Reason) -> String {
    match reason {
        Reason::Signal(_) => String::from(reason.name()),
        _ => reason.to_string(),
    }
}
