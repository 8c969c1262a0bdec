//! What a signal does when nobody listens any more: what it did before.

use super::support::{Children, Handlers, print, start, start_after, wait_for_death};
use cancel_std::{CancelToken, Cancelable};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

pub(crate) const CHILDREN: Children = &[
    ("twice", twice),
    ("hangup", hangup),
    ("handler", handler),
    ("dropped", dropped),
    ("panicked", panicked),
    ("too late", too_late),
    ("too late but cancelled", too_late_but_cancelled),
    ("cleanup of a completed one", cleanup_of_a_completed_one),
    ("one left", one_left),
    ("x20 no thread free", no_thread_is_free),
    ("x20 a thread free", a_thread_is_free),
    ("short scopes", short_scopes),
    #[cfg(any(target_os = "linux", target_os = "android"))]
    ("real time", real_time),
];

async fn listen(signals: impl IntoIterator<Item = i32>) {
    let op = Cancelable::with_signals(signals).unwrap();
    let result = op.run(async |_| {
        println!("ready");
        pending::<()>().await
    });
    print("ended", result.await);
}

fn run_until(signals: impl IntoIterator<Item = i32>) {
    cancel_std::block_on(listen(signals));
}

/// Two runs one after the other, then none.
fn twice() {
    run_until([15]);
    run_until([15]);
    wait_for_death();
}

#[test]
fn the_default_action_comes_back() {
    let mut child = start("twice");
    for _ in 0..2 {
        child.expect("ready");
        child.kill("TERM");
        child.expect("ended: Signal(15) SIGTERM");
    }
    child.expect("waiting");
    child.kill("TERM");
    child.killed_by(15);
}

fn hangup() {
    run_until([1]);
    wait_for_death();
}

#[test]
fn what_was_ignored_is_ignored_again() {
    let mut child = start_after("trap '' HUP;", "hangup");
    child.expect("ready");
    child.kill("HUP");
    child.expect("ended: Signal(1) SIGHUP");
    child.expect("waiting");
    child.kill("HUP"); // would kill it before the next one
    child.kill("TERM");
    child.killed_by(15);
}

#[test]
fn what_was_not_ignored_is_not() {
    let mut child = start("hangup");
    child.expect("ready");
    child.kill("HUP");
    child.expect("waiting");
    child.kill("HUP");
    child.killed_by(1);
}

/// An application with a handler of its own.
fn handler() {
    let called = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(15, called.clone()).unwrap();
    run_until([15]);
    assert!(
        called.swap(false, Ordering::SeqCst),
        "not while we listened"
    );
    println!("waiting");
    let bound = Instant::now() + Duration::from_secs(30);
    while !called.load(Ordering::SeqCst) {
        assert!(Instant::now() < bound, "not afterwards");
        std::thread::yield_now();
    }
}

#[test]
fn a_handler_that_was_there_is_called_during_and_after() {
    let mut child = start("handler");
    child.expect("ready");
    child.kill("TERM");
    child.expect("ended: Signal(15) SIGTERM");
    child.expect("waiting");
    child.kill("TERM");
    child.succeeded();
}

fn dropped() {
    let op = Cancelable::with_signal(15).unwrap();
    {
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(run.as_mut().poll(&mut cx).is_pending());
    }
    wait_for_death();
}

#[test]
fn a_dropped_run_listens_no_more() {
    let mut child = start("dropped");
    child.expect("waiting");
    child.kill("TERM");
    child.killed_by(15);
}

fn panicked() {
    let op = Cancelable::with_signal(15).unwrap();
    let run = op.run(async |_| std::panic::resume_unwind(Box::new("in the body")));
    let run = std::panic::AssertUnwindSafe(|| cancel_std::block_on(run));
    std::panic::catch_unwind(run).unwrap_err();
    wait_for_death();
}

#[test]
fn a_panicked_run_listens_no_more() {
    let mut child = start("panicked");
    child.expect("waiting");
    child.kill("TERM");
    child.killed_by(15);
}

/// The signal comes when the body does not suspend any more.
fn too_late() {
    let op = Cancelable::with_signal(2).unwrap();
    let result = cancel_std::block_on(op.run(async |_| {
        let handlers = Handlers::watch([2]);
        println!("ready");
        handlers.wait(2);
    }));
    print("ended", result);
}

#[test]
fn one_that_comes_too_late_is_not_lost() {
    let mut child = start("too late");
    child.expect("ready");
    child.kill("INT");
    child.killed_by(2);
}

fn blocking_body() {
    let op = Cancelable::with_signal(15).unwrap().build();
    let result = op.run_blocking(|_| {
        let handlers = Handlers::watch([15]);
        println!("ready");
        handlers.wait(15);
        "saved"
    });
    print("ended", result);
    let reason = op.context().reason();
    println!("{reason:?}");
}

fn no_thread_is_free() {
    cancel_std::Std.set_max_blocking_threads(std::num::NonZeroUsize::MIN);
    let (begun, has_begun) = std::sync::mpsc::channel();
    let busy = Cancelable::new().build().within(Clone::clone);
    let busy = busy.run_in_thread(move |_| {
        begun.send(()).unwrap();
        std::thread::park_timeout(Duration::from_secs(60));
    });
    smol::spawn(busy).detach(); // begins by itself
    has_begun.recv().unwrap();
    blocking_body();
}

fn a_thread_is_free() {
    blocking_body();
}

#[test]
fn x20_a_signal_during_a_blocking_body_is_heard() {
    for scenario in ["x20 no thread free", "x20 a thread free"] {
        let mut child = start(scenario);
        child.expect("ready");
        child.kill("TERM");
        child.expect("ended: \"saved\"");
        child.expect("Some(Signal(15))");
        child.succeeded();
    }
}

fn too_late_but_cancelled() {
    let stop = CancelToken::new();
    let op = Cancelable::with_token(&stop)
        .signals([2])
        .unwrap()
        .finally(|_| async {
            let handlers = Handlers::watch([2]);
            println!("cleanup");
            handlers.wait(2);
        });
    let result = cancel_std::block_on(op.run(async |_| {
        stop.cancel_with("stop");
        pending::<()>().await
    }));
    print("ended", result);
}

#[test]
fn one_that_comes_to_a_cancelled_run_does_not_kill() {
    let mut child = start("too late but cancelled");
    child.expect("cleanup");
    child.kill("INT");
    child.expect("ended: Manual stop");
    child.succeeded();
}

fn cleanup_of_a_completed_one() {
    let op = Cancelable::with_signal(2).unwrap().finally(|_| async {
        let handlers = Handlers::watch([2]);
        println!("cleanup");
        handlers.wait(2);
        println!("clean");
    });
    print("ended", cancel_std::block_on(op.run(async |_| ())));
}

#[test]
fn one_that_comes_in_the_cleanup_waits_for_its_end() {
    let mut child = start("cleanup of a completed one");
    child.expect("cleanup");
    child.kill("INT");
    child.expect("clean");
    child.killed_by(2);
}

/// One scope ends while another, which listens for something else, goes on.
fn one_left() {
    let op = Cancelable::with_signal(2).unwrap();
    let result = cancel_std::block_on(op.run(async |_| {
        listen([2, 15]).await;
        println!("alone");
        pending::<()>().await
    }));
    print("last", result);
    wait_for_death();
}

#[test]
fn the_last_one_to_leave_restores() {
    let mut child = start("one left");
    child.expect("ready");
    child.kill("TERM");
    child.expect("alone");
    child.kill("INT");
    child.expect("last: Signal(2) SIGINT");
    child.expect("waiting");
    child.kill("INT");
    child.killed_by(2);
}

fn threads() -> usize {
    match std::fs::read_dir("/proc/self/task") {
        Ok(tasks) => tasks.count(),
        Err(_) => 0, // not Linux
    }
}

fn short_scopes() {
    let scope = || {
        let op = Cancelable::with_signals([1, 2, 3, 15]).unwrap();
        cancel_std::block_on(op.run(async |_| smol::future::yield_now().await)).unwrap();
    };
    scope();
    let before = threads();
    (0..1000).for_each(|_| scope());
    assert_eq!(threads(), before);
    // And from other threads, at the same time.
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..250).for_each(|_| scope()));
        }
    });
    // (A thread that was joined may be on its way out.)
    let bound = Instant::now() + Duration::from_secs(20);
    while threads() > before {
        assert!(Instant::now() < bound, "{} threads, {before}", threads());
        std::thread::yield_now();
    }
    wait_for_death();
}

#[test]
fn a_thousand_short_scopes_leave_nothing() {
    let mut child = start("short scopes");
    child.expect("waiting");
    child.kill("HUP");
    child.killed_by(1);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn real_time() {
    run_until([libc::SIGRTMIN() + 3]);
    wait_for_death();
}

/// X37: a real-time signal is heard, and afterwards its default action, which is to end the process, is
/// back.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn x37_a_real_time_signal_is_heard_and_its_default_action_comes_back() {
    let signal = libc::SIGRTMIN() + 3;
    let mut child = start("real time");
    child.expect("ready");
    child.kill(&signal.to_string());
    child.expect(&format!("ended: Signal({signal}) SIGRTMIN+3"));
    child.expect("waiting");
    child.kill(&signal.to_string());
    child.killed_by(signal);
}
