//! One way in one shape: what happens, and when.
//!
//! ```text
//!   0 s  start; `start~` until 1 s      5 s  the cancel, or the drop     until 25 s  grace
//!   1 s  the body begins               11 s  the body returns            8 s  the second request, or force
//!        shields until 11 s, 21 s      12 s  the cancel in the cleanup, which takes 2 s
//! ```
//!
//! Everything is cancelled with (shutdown, "stop"), the second time with (custom, "again").

use crate::cast::{Ctx, Failure, LONG, New, Op, Set, around, dressed, secs};
use crate::task;
use crate::ways::{Shape, Way};
use cancel_std::testing::{NoteOnDrop, Recorder, VirtualTime};
use cancel_std::{Context, Instant, Reason, Source, Spawn, TimeoutExt, Timer, current_id};
use std::any::Any;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

/// What came of a run, a panic for example; `None` if it was dropped.
pub(crate) type Outcome = Arc<Mutex<Option<Result<Result<u32, Failure>, &'static str>>>>;

type Payload = Box<dyn Any + Send>;

pub(crate) fn play(set: &Set, way: Way, shape: Shape) -> String {
    if shape == Shape::Task {
        return task::play(set, way);
    }
    let (op, relatives) = operations(set, way, shape);
    let token = set.notes.clone();
    let registration = op.token().on_cancel(move |_| token.note("token"));

    let top = relatives.first().map_or(&op, |(_, top)| top).clone();
    schedule(set, way, &top);
    let stop = move || assert!(top.cancel_with((Reason::Shutdown, "stop")));
    let body = Body {
        way,
        notes: set.notes.clone(),
        gone: set.notes.on_drop("body}"),
        stop: stop.clone(),
        held: set.run.clone(),
    };
    let outcome = Outcome::default();
    let run = op.try_run(async move |cx: &Ctx| body.perform(cx).await);
    // (In a box: what is around it would be twice as large at each step, and unoptimized it is large.)
    let run = Box::pin(watched(run, outcome.clone()));
    let time = set.time.clone();
    let dropped = (way == Way::Dropped).then_some(secs(5));
    match shape {
        Shape::Plain | Shape::Combined => {
            if way == Way::BeforeStart {
                stop();
            }
            time.block_on(until(&time, run, dropped));
        }
        Shape::Child => {
            let parent = relatives[0].1.clone();
            let (notes, gone) = (set.notes.clone(), set.notes.on_drop("P:body}"));
            let running = parent.run(async move |cx: &Ctx| {
                let _gone = gone;
                notes.note("P:body{");
                cx.sleep(secs(50)).await;
            });
            time.spawn(async { drop(running.await) }).unwrap();
            time.run_ready();
            if way == Way::BeforeStart {
                stop();
            }
            time.block_on(until(&time, run, dropped));
            // The parent goes its own way.
            time.block_on(time.sleep(secs(100))).unwrap();
        }
        Shape::Task => unreachable!("played elsewhere"),
        Shape::Nested | Shape::Shielded => {
            let parent = relatives[0].1.clone();
            let (notes, gone) = (set.notes.clone(), set.notes.on_drop("P:body}"));
            let running = parent.try_run(async move |cx: &Ctx| {
                let _gone = gone;
                notes.note("P:body{");
                if way == Way::BeforeStart {
                    stop();
                }
                let run = async { run.await.unwrap_or_else(|payload| resume_unwind(payload)) };
                let result = match shape {
                    Shape::Shielded => cx.shield_future(run).await,
                    _ => run.await,
                };
                // All that was held has been released.
                assert!(!cx.operation().context().shielded());
                assert_eq!(current_id(), Some(cx.id()));
                // Where it is dropped, if it is cancelled. Otherwise it fails with its child.
                smol::future::yield_now().await;
                result
            });
            let running = watched(running, Outcome::default());
            time.block_on(until(&time, running, dropped));
        }
    }
    time.block_on(time.sleep(secs(10))).unwrap(); // for what comes too late
    drop(registration);
    report(shape, &op, &relatives, &outcome, &set.notes)
}

/// What is done to the top one from outside, and when.
pub(crate) fn schedule(set: &Set, way: Way, top: &Op) {
    let start = set.time.now();
    let stop = {
        let top = top.clone();
        move || assert!(top.cancel_with((Reason::Shutdown, "stop")))
    };
    match way {
        Way::During | Way::InShield | Way::InGrace | Way::SecondRequest | Way::Forced => {
            at(&set.time, start + secs(5), stop);
        }
        Way::InCleanup => at(&set.time, start + secs(12), stop),
        _ => {}
    }
    if way == Way::Forced {
        let top = top.clone();
        at(&set.time, start + secs(8), move || assert!(!top.force()));
    }
    // That there are none at the end says something only if there have been some.
    let time = set.time.clone();
    at(&set.time, start + secs(1) / 2, move || {
        assert!(time.pending_timers() > 0)
    });
}

pub(crate) fn plain(set: &Set) -> New {
    set.time.operation().timeout(LONG).token(&set.user)
}

/// With a source that makes the second request.
pub(crate) fn second(set: &Set, way: Way, op: New) -> New {
    let at = set.time.now() + secs(8);
    let sleep = set.time.sleep_until(at);
    let held = (set.notes.on_drop("sources}"), set.run.clone());
    op.source(Source::future(async move {
        let _held = held;
        match way {
            Way::SecondRequest => sleep.await.unwrap(),
            _ => pending().await,
        }
        (Reason::Custom(1), "again")
    }))
}

pub(crate) fn grace(way: Way, op: New) -> New {
    match way {
        Way::InGrace | Way::SecondRequest | Way::Forced => op.grace(secs(20)),
        _ => op,
    }
}

/// The operation in question, and those around it with their letters, the one to cancel first.
fn operations(set: &Set, way: Way, shape: Shape) -> (Op, Vec<(&'static str, Op)>) {
    let plain = || plain(set);
    let second = |op: New| second(set, way, op);
    let grace = |op: New| grace(way, op);
    match shape {
        Shape::Plain => (dressed(set, grace(second(plain()))).build(), Vec::new()),
        Shape::Child => {
            let parent = around(set, plain(), "P:").build();
            let op = dressed(set, grace(second(plain().parent(&parent)))).build();
            (op, vec![("P", parent)])
        }
        Shape::Nested => {
            let parent = around(set, plain(), "P:").build();
            let child = parent.child().timeout(LONG).token(&set.user);
            (
                dressed(set, grace(second(child))).build(),
                vec![("P", parent)],
            )
        }
        Shape::Shielded => {
            let parent = around(set, plain(), "P:").build();
            (
                dressed(set, grace(second(plain()))).build(),
                vec![("P", parent)],
            )
        }
        Shape::Task => unreachable!("played elsewhere"),
        Shape::Combined => {
            let a = around(set, grace(plain()), "A:");
            let b = around(set, second(plain()), "B:");
            (dressed(set, a.combine(b)).build(), Vec::new())
        }
    }
}

pub(crate) struct Body<S> {
    pub(crate) way: Way,
    pub(crate) notes: Recorder,
    pub(crate) gone: NoteOnDrop,
    pub(crate) stop: S,
    pub(crate) held: Arc<()>,
}

impl<S: Fn()> Body<S> {
    pub(crate) async fn perform(self, cx: &Ctx) -> Result<u32, Failure> {
        let _gone = (self.gone, self.held);
        self.notes.note("body{");
        assert_eq!(current_id(), Some(cx.id()));
        if self.way == Way::FirstPoll {
            (self.stop)();
        }
        match self.way {
            Way::InShield => {
                for _ in 0..2 {
                    cx.shield_future(async {
                        self.notes.note("shield{");
                        cx.sleep(secs(10)).await;
                        self.notes.note("shield}");
                    })
                    .await;
                }
                pending().await
            }
            Way::InGrace | Way::SecondRequest | Way::Forced => {
                cx.cancelled().await;
                self.notes.note("told");
                pending().await
            }
            _ => cx.sleep(secs(10)).await,
        }
        match self.way {
            Way::Failed => Err(Failure::Own),
            Way::Panicked => resume_unwind(Box::new("boom")),
            _ => Ok(7),
        }
    }
}

fn at(time: &VirtualTime, at: Instant, act: impl FnOnce() + Send + 'static) {
    let sleep = time.sleep_until(at);
    let act = async move {
        sleep.await.unwrap();
        act();
    };
    time.spawn(act).unwrap();
}

/// Catches its panic, and keeps what came of it.
pub(crate) async fn watched(
    run: impl Future<Output = Result<u32, Failure>>,
    outcome: Outcome,
) -> Result<Result<u32, Failure>, Payload> {
    let mut run = pin!(run);
    let result = poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        },
    )
    .await;
    *outcome.lock().unwrap() = Some(match &result {
        Ok(result) => Ok(result.clone()),
        Err(payload) => Err(payload.downcast_ref().copied().unwrap_or("?")),
    });
    result
}

/// Drops it after that time, as a runtime's own timeout does.
pub(crate) async fn until<T>(
    time: &VirtualTime,
    run: impl Future<Output = T>,
    dropped: Option<Duration>,
) {
    match dropped {
        Some(after) => drop(run.timeout(time, after).await),
        None => drop(run.await),
    }
}

pub(crate) fn report(
    shape: Shape,
    op: &Op,
    relatives: &[(&str, Op)],
    outcome: &Outcome,
    notes: &Recorder,
) -> String {
    let context = op.context();
    assert_eq!(context.callback_panics(), 0);
    assert_eq!(context.status(), op.status());
    let result = match &*outcome.lock().unwrap() {
        None => String::from("-"),
        Some(Ok(Ok(value))) => format!("ok {value}"),
        Some(Ok(Err(Failure::Cancelled(why)))) if context.cause() == Some(why) => {
            String::from("err cancelled")
        }
        Some(Ok(Err(failure))) => format!("err {failure}"),
        Some(Err(panic)) => format!("panic {panic}"),
    };
    let mut text = format!(
        "{} | {} | {result} | {} | {} s\n",
        context.status(),
        cause(&context),
        context.error().unwrap_or("-"),
        context.duration().unwrap().as_secs(),
    );
    let notes: Vec<String> = notes.take().iter().map(ToString::to_string).collect();
    match shape {
        // Two tasks: only the order within each counts.
        Shape::Child | Shape::Task => {
            let (theirs, ours): (Vec<String>, _) =
                notes.into_iter().partition(|note| note.starts_with("P:"));
            text += &format!("{}\n{}\n", ours.join(" "), theirs.join(" "));
        }
        _ => text += &format!("{}\n", notes.join(" ")),
    }
    for (name, relative) in relatives {
        let context = relative.context();
        assert_eq!(context.callback_panics(), 0);
        text += &format!("{name} {} | {}", context.status(), cause(&context));
        text += &match shape {
            Shape::Task => format!(" | cut off {}\n", context.cut_off()),
            _ => String::from("\n"),
        };
    }
    text
}

/// Reason, root reason, message.
fn cause(context: &Context) -> String {
    let Some(cause) = context.cause() else {
        return String::from("-");
    };
    assert_eq!(context.reason(), Some(cause.reason()));
    assert_eq!(context.message(), cause.message());
    format!(
        "{}/{} {}",
        cause.reason(),
        cause.root_reason(),
        cause.message().unwrap_or("-")
    )
}
