//! Sources that are composed of others: what has fired beforehand, what operations bring along, depth.

use crate::support::{LONG, Log, SECOND, Virtual, poll};
use cancel_core::{CancelToken, Cancelled, Cause, Instant, Reason, Timer};
use cancel_std::{Flag, Observer, Registry, Source, Status, generic};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

type Cancelable = generic::Cancelable<Virtual>;

/// A kind of source that has fired, and its reason.
type Fired = (&'static str, fn(&Virtual) -> Source<Virtual>, Reason);

fn cancelled_token() -> CancelToken {
    let token = CancelToken::new();
    token.cancel_with("a token");
    token
}

const FIRED: [Fired; 8] = [
    (
        "token",
        |_| Source::token(cancelled_token()),
        Reason::Manual,
    ),
    (
        "flag",
        |_| {
            let flag = Flag::new();
            flag.set();
            Source::from(&flag)
        },
        Reason::Condition,
    ),
    (
        "cancelled operation",
        |clock| {
            let op = clock.op().build();
            op.cancel_with("an operation");
            Source::from(op)
        },
        Reason::Manual,
    ),
    (
        "ended operation",
        |clock| {
            let op = clock.op().timeout(SECOND).build();
            let mut run = Box::pin(op.run(async |_| pending::<()>().await));
            assert!(poll(run.as_mut()).is_pending());
            clock.advance(SECOND);
            assert!(poll(run.as_mut()).is_ready());
            Source::from(&op)
        },
        Reason::Timeout,
    ),
    (
        "operation that is being set up",
        |clock| Source::from(clock.op().token(cancelled_token()).timeout(SECOND)),
        Reason::Manual,
    ),
    (
        "zero timeout",
        |_| Source::timeout(Duration::ZERO),
        Reason::Timeout,
    ),
    (
        "deadline of this moment",
        |clock| Source::deadline(clock.now()),
        Reason::Timeout,
    ),
    (
        "past deadline",
        |_| Source::deadline(Instant::EPOCH),
        Reason::Timeout,
    ),
];

/// How a body ends that would return at once, and whether it was called.
fn run(op: Cancelable) -> (Option<Cancelled>, bool) {
    let started = Arc::new(AtomicUsize::new(0));
    let seen = started.clone();
    let op = op.on_start(move |_| _ = seen.fetch_add(1, Ordering::SeqCst));
    let mut called = false;
    let Poll::Ready(result) = poll(pin!(op.run(async |_| called = true)).as_mut()) else {
        panic!("it waits");
    };
    assert_eq!(started.load(Ordering::SeqCst), usize::from(called));
    (result.err(), called)
}

fn is_refused(what: &str, op: Cancelable, reason: Reason) {
    let (cause, called) = run(op);
    assert!(!called, "{what}");
    assert_eq!(
        cause.map(|cause| cause.root_reason()),
        Some(reason),
        "{what}"
    );
}

fn never() -> Source<Virtual> {
    Source::timeout(LONG)
}

#[test]
fn x11_what_has_fired_altogether_beforehand_keeps_the_body_from_being_called() {
    for (first, one, _) in FIRED {
        for (second, two, reason) in FIRED {
            let clock = Virtual::new();
            let what = format!("{first}, {second}");
            let all = || Source::all([one(&clock), two(&clock)]);
            is_refused(&what, clock.op().source(all()), reason);
            let any = Source::any([never(), all()]);
            is_refused(&what, clock.op().source(any), reason);
            let in_all = Source::all([one(&clock), Source::any([never(), two(&clock)])]);
            is_refused(&what, clock.op().source(in_all), reason);
            let deep = Source::all([one(&clock), Source::any([never(), all()])]);
            is_refused(&what, clock.op().source(deep), reason);
            let in_operation = Source::all([one(&clock), clock.op().source(all()).into()]);
            is_refused(&what, clock.op().source(in_operation), reason);
        }
    }
}

#[test]
fn x11_some_that_have_fired_beforehand_are_not_all() {
    for (what, one, _) in FIRED {
        let clock = Virtual::new();
        for all in [
            Source::all([one(&clock), never()]),
            Source::all([never(), one(&clock)]),
            Source::any([never(), Source::all([never(), one(&clock)])]),
            Source::all([one(&clock), Source::any([])]),
            Source::all([one(&clock), Source::all([])]),
        ] {
            let (cause, called) = run(clock.op().source(all));
            assert!(called && cause.is_none(), "{what}");
        }
        // And what has fired then counts as such.
        let stop = CancelToken::new();
        let op = clock
            .op()
            .source(Source::all([one(&clock), (&stop).into()]));
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        stop.cancel_with("the last one");
        let Poll::Ready(Err(cancelled)) = poll(run) else {
            panic!("{what}: not cancelled");
        };
        assert_eq!(cancelled.message(), Some("the last one"));
    }
}

#[test]
fn x11_what_fires_in_a_start_callback_keeps_the_body_from_being_called() {
    let clock = Virtual::new();
    let (one, two) = (CancelToken::new(), CancelToken::new());
    let all = Source::all([Source::token(&one), Source::token(&two)]);
    let op = clock.op().source(all).on_start(move |_| {
        one.cancel();
        two.cancel_with("at the start");
    });
    let mut run = pin!(op.run(async |_| unreachable!("cancelled")));
    let Poll::Ready(result): Poll<Result<(), _>> = poll(run.as_mut()) else {
        panic!("it waits");
    };
    assert_eq!(result.unwrap_err().message(), Some("at the start"));
}

#[test]
fn x11_what_cannot_fire_any_more_is_let_go_of() {
    let clock = Virtual::new();
    let log = Log::default();
    let dropped = log.on_drop(|| "source".into());
    let listening = Source::future(async move {
        let _dropped = dropped;
        pending::<Reason>().await
    });
    let succeeded = Source::failure(async { Ok::<_, std::io::Error>(()) });
    let all = Source::all([listening, Source::any([succeeded])]);
    let op = clock.op().source(Source::any([all, never()]));
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(log.take(), ["source"]);
    clock.advance(LONG);
    assert!(poll(run).is_ready());
}

#[test]
fn x11_further_requests_come_through_compositions() {
    let clock = Virtual::new();
    let (send, receive) = smol::channel::unbounded::<Cause>();
    let all = Source::all([
        Source::any([Source::stream(receive), never()]),
        Source::token(cancelled_token()),
    ]);
    let op = clock.op().source(all).grace(100 * SECOND);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    send.try_send(Reason::Shutdown.into()).unwrap();
    assert!(poll(run.as_mut()).is_pending()); // in its grace period
    assert!(poll(run.as_mut()).is_pending());
    send.try_send(Reason::Shutdown.into()).unwrap();
    assert!(poll(run).is_ready());
}

// ---- operations that are being set up ----

struct Sees(Log);

impl Observer for Sees {
    fn ended(&self, context: &cancel_std::Context) {
        self.0.add(format!("observed {}", context.status()));
    }
}

/// An operation with everything, whose only source is `stop`.
fn full(clock: &Virtual, log: &Log, stop: &CancelToken) -> Cancelable {
    let on = |what: &'static str| {
        let log = log.clone();
        move || log.add(what)
    };
    let (start, cancel, asynchronous, progress) =
        (on("start"), on("cancel"), on("async"), on("progress"));
    let cleanup = log.clone();
    clock
        .op()
        .token(stop)
        .name("part")
        .metadata("key", "value")
        .grace(5 * SECOND)
        .on_start(move |_| start())
        .on_progress(move |_| progress())
        .on_cancel(move |_| cancel())
        .on_cancel_async(move |_| {
            asynchronous();
            async {}
        })
        .observe(Arc::new(Sees(log.clone())))
        .finally(async move |_| cleanup.add("finally"))
}

#[test]
fn x12_what_an_operation_was_set_up_with_comes_along() {
    type Compose = fn(Source<Virtual>) -> Source<Virtual>;
    let compositions: [(&str, Compose); 7] = [
        ("alone", |part| part),
        ("any", |part| Source::any([never(), part])),
        ("all", |part| {
            Source::all([Source::token(cancelled_token()), part])
        }),
        ("all of one", |part| Source::all([part])),
        ("all in any", |part| {
            Source::any([
                never(),
                Source::all([part, Source::timeout(Duration::ZERO)]),
            ])
        }),
        ("any in all", |part| {
            let any = Source::any([Source::any([part, never()]), never()]);
            Source::all([any, Source::timeout(Duration::ZERO)])
        }),
        ("all in all", |part| {
            Source::all([Source::all([part]), Source::token(cancelled_token())])
        }),
    ];
    for (what, compose) in compositions {
        let (clock, log, stop) = (Virtual::new(), Log::default(), CancelToken::new());
        let registry = Registry::new();
        let part = full(&clock, &log, &stop).register(&registry);
        let op = clock.op().source(compose(part.into())).build();
        let mut run = pin!(op.run(async |cx| {
            cx.progress(1, 2);
            stop.cancel_with("stop");
            cx.sleep(SECOND).await; // in the grace period of the part
            pending::<()>().await
        }));
        assert_eq!(registry.len(), 1, "{what}");
        assert!(poll(run.as_mut()).is_pending(), "{what}");
        clock.advance(SECOND);
        assert!(poll(run.as_mut()).is_pending(), "{what}");
        assert_eq!(log.take(), ["start", "progress"], "{what}");
        clock.advance(4 * SECOND);
        let Poll::Ready(result) = poll(run) else {
            panic!("{what}: it waits");
        };
        assert!(result.is_err());
        let seen = log.take();
        assert_eq!(
            seen,
            ["finally", "cancel", "observed cancelled", "async"],
            "{what}"
        );
        let context = op.context();
        assert_eq!(context.name(), Some("part"), "{what}");
        assert_eq!(context.metadata().get("key"), Some("value"), "{what}");
    }
}

#[test]
fn x12_the_parents_of_a_part_of_all_hear_of_progress_and_cancel_only_with_the_others() {
    let clock = Virtual::new();
    let log = Log::default();
    let heard = log.clone();
    let parent = clock.op().on_progress(move |_| heard.add("heard")).build();
    let stop = CancelToken::new();
    let part = clock.op().parent(&parent);
    let op = clock
        .op()
        .source(Source::all([part.into(), (&stop).into()]))
        .build();
    let mut run = pin!(op.run(async |cx| {
        cx.progress(1, 2);
        pending::<()>().await
    }));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(log.take(), ["heard"]);
    parent.cancel();
    assert!(poll(run.as_mut()).is_pending());
    stop.cancel_with("and this");
    assert!(poll(run).is_ready());
    assert_eq!(op.context().message(), Some("and this"));
    assert_eq!(op.status(), Status::Cancelled);
}

// ---- depth ----

const DEPTH: usize = 100_000;

/// On a thread whose stack is too small for any recursion of that depth.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let builder = thread::Builder::new().stack_size(128 << 10);
    builder.spawn(f).unwrap().join().unwrap();
}

type Nest = fn(usize, Source<Virtual>) -> Source<Virtual>;

const NESTS: [Nest; 6] = [
    |_, inner| Source::any([inner]),
    |_, inner| Source::all([inner]),
    |_, inner| Source::any([inner, never()]),
    |_, inner| Source::all([Source::token(cancelled_token()), inner]),
    |level, inner| match level % 2 {
        0 => Source::any([never(), inner]),
        _ => Source::all([Source::timeout(Duration::ZERO), inner]),
    },
    |level, inner| match level % 3 {
        0 => Source::any([inner, Source::any([])]),
        1 => Source::all([Source::timeout(Duration::ZERO), inner]),
        _ => Source::all([inner]),
    },
];

fn nested(nest: Nest, innermost: Source<Virtual>) -> Source<Virtual> {
    (0..DEPTH).fold(innermost, |inner, level| nest(level, inner))
}

#[test]
fn x27_compositions_of_any_depth_are_built_shown_and_dropped() {
    on_a_small_stack(|| {
        for nest in NESTS {
            let source = nested(nest, never());
            assert!(format!("{source:?}").len() < 1000);
            drop(source);
            let clock = Virtual::new();
            drop(clock.op().source(nested(nest, never())));
            drop(clock.op().source(nested(nest, never())).build());
        }
    });
}

#[test]
fn x27_compositions_of_any_depth_run() {
    on_a_small_stack(|| {
        for nest in NESTS {
            // Fired beforehand.
            let clock = Virtual::new();
            let source = nested(nest, Source::token(cancelled_token()));
            is_refused("deep", clock.op().source(source), Reason::Manual);
            // By a token, in the run.
            let stop = CancelToken::new();
            let op = clock.op().source(nested(nest, Source::token(&stop)));
            let mut run = Box::pin(op.run(async |_| pending::<()>().await));
            assert!(poll(run.as_mut()).is_pending());
            stop.cancel_with("stop");
            let Poll::Ready(Err(cancelled)) = poll(run.as_mut()) else {
                panic!("not cancelled");
            };
            drop(run);
            assert_eq!(cancelled.root_reason(), Reason::Manual);
            // Dropped while it runs.
            let op = clock.op().source(nested(nest, never()));
            let mut run = Box::pin(op.run(async |_| pending::<()>().await));
            assert!(poll(run.as_mut()).is_pending());
            drop(run);
        }
    });
}

#[test]
fn x27_a_deep_composition_whose_innermost_source_ends_without_firing() {
    on_a_small_stack(|| {
        let succeeded = || Source::failure(async { Ok::<_, std::io::Error>(()) });
        let source = (0..DEPTH).fold(succeeded(), |inner, level| match level % 2 {
            0 => Source::all([Source::future(pending::<Reason>()), inner]),
            _ => Source::any([inner, Source::all([])]),
        });
        let clock = Virtual::new();
        let op = clock.op().source(Source::any([source, never()]));
        let mut run = Box::pin(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(LONG);
        assert!(poll(run.as_mut()).is_ready());
    });
}
