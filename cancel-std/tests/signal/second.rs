//! What the second signal does: it insists, or, if that was asked for, ends the process.

use super::support::{Children, Handlers, print, start, wait_for_death};
use cancel_std::{Cancelable, Cancelled, Signals};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

pub(crate) const CHILDREN: Children = &[
    ("grace", grace),
    ("heard twice", || heard_twice(false)),
    ("heard twice, in parts", || heard_twice(true)),
    ("shielded", || shielded(false)),
    ("shielded exit", || shielded(true)),
    ("exit in cleanup", exit_in_cleanup),
    ("next run", next_run),
    ("neighbour", neighbour),
    ("slow handler", slow_handler),
];

const HOUR: Duration = Duration::from_secs(3600);

fn grace() {
    let op = Cancelable::with_signals([2, 15]).unwrap().grace(HOUR);
    let result = cancel_std::block_on(op.run(async |cx| {
        println!("ready");
        cx.cancelled().await;
        println!("grace");
        pending::<()>().await
    }));
    print("ended", result);
}

#[test]
fn the_second_one_ends_the_grace_period() {
    for (first, second) in [("INT", "INT"), ("INT", "TERM")] {
        let mut child = start("grace");
        child.expect("ready");
        child.kill(first);
        child.expect("grace");
        child.kill(second);
        child.expect("ended: Signal(2) SIGINT");
        child.succeeded();
    }
}

/// An operation and a part of it that hear the same signals. `follows`: the part follows a token, too, which is
/// that of a third one.
fn heard_twice(follows: bool) {
    let listens = || Cancelable::with_signals([2]).unwrap().grace(HOUR);
    let beside = listens().build();
    let token = beside.token().clone();
    let run = listens().run(async |cx| {
        let part = match follows {
            false => listens(),
            true => listens().token(&token),
        };
        let part = part.run(async |part| {
            println!("ready");
            part.cancelled().await;
            cx.cancelled().await;
            token.cancelled().await;
            // All sources have been asked meanwhile.
            for _ in 0..20 {
                smol::future::yield_now().await;
            }
            println!("still there");
            pending::<()>().await
        });
        print("part", part.await);
    });
    let both = async {
        let beside = beside.run(async |_| pending::<()>().await);
        print("ended", futures_util::join!(run, beside).0);
    };
    cancel_std::block_on(both);
}

/// One signal that is heard by an operation and by those above is one request, and the next one the second.
#[test]
fn one_signal_is_one_request_however_many_hear_it() {
    for scenario in ["heard twice", "heard twice, in parts"] {
        let mut child = start(scenario);
        child.expect("ready");
        child.kill("INT");
        child.expect("still there");
        child.kill("INT");
        child.expect("part: Signal(2) SIGINT");
        child.succeeded();
    }
}

/// A shield, then a cleanup, with the executor blocked in both.
fn shielded(exit: bool) {
    let mut signals = Signals::new([2, 15]).unwrap();
    if exit {
        signals = signals.exit_on_second();
    }
    let op = Cancelable::new().source(signals).finally(|_| async {
        let handlers = Handlers::watch([2, 15]);
        println!("cleanup");
        handlers.wait(2);
        handlers.wait(15);
        println!("clean");
    });
    let result = smol::block_on(op.run(async |cx| {
        let handlers = Handlers::watch([2, 15]);
        println!("ready");
        cx.shield_future(async {
            cx.cancelled().await;
            handlers.wait(2);
            println!("shield");
            handlers.wait(2);
            handlers.wait(15);
            smol::future::yield_now().await;
            println!("saved");
        })
        .await;
        cx.sleep(HOUR).await;
    }));
    print("ended", result);
}

#[test]
fn shield_and_cleanup_survive_any_number() {
    let mut child = start("shielded");
    child.expect("ready");
    child.kill("INT");
    child.expect("shield");
    child.kill("INT");
    child.kill("TERM");
    child.expect("saved");
    child.expect("cleanup");
    child.kill("INT");
    child.kill("TERM");
    child.expect("clean");
    child.expect("ended: Signal(2) SIGINT");
    child.succeeded();
}

#[test]
fn exit_on_second_exits_though_the_executor_is_blocked() {
    for (second, number) in [("INT", 2), ("TERM", 15)] {
        let mut child = start("shielded exit");
        child.expect("ready");
        child.kill("INT");
        child.expect("shield");
        child.kill(second);
        child.killed_by(number);
    }
}

/// The first one comes when the body is over.
fn exit_in_cleanup() {
    let signals = Signals::new([2]).unwrap().exit_on_second();
    let op = Cancelable::new().source(signals).finally(|_| async {
        let handlers = Handlers::watch([2]);
        println!("cleanup");
        handlers.wait(2);
        println!("still there");
        wait_for_death();
    });
    print("ended", cancel_std::block_on(op.run(async |_| ())));
}

#[test]
fn exit_on_second_leaves_the_first_one_to_the_cleanup() {
    let mut child = start("exit in cleanup");
    child.expect("cleanup");
    child.kill("INT");
    child.expect("still there");
    child.expect("waiting");
    child.kill("INT");
    child.killed_by(2);
}

/// A handler that goes on when its signal has been heard long ago: what comes next is not the second one.
fn slow_handler() {
    static INSIDE: AtomicBool = AtomicBool::new(false);
    static GATE: AtomicBool = AtomicBool::new(false);
    let raise = || signal_hook::low_level::raise(2).unwrap();
    // Listens once, so that the slow action comes after what wakes those who listen.
    let listens = Cancelable::with_signal(2).unwrap();
    cancel_std::block_on(listens.run(async |_| ())).unwrap();
    let slow = || {
        INSIDE.store(true, SeqCst);
        while !GATE.load(SeqCst) {
            std::hint::spin_loop();
        }
    };
    // SAFETY: it only uses atomics, and does not panic.
    #[expect(unsafe_code)]
    unsafe { signal_hook::low_level::register(2, slow) }.unwrap();
    let mut raising = None;
    let first = run_until_second(|| raising = Some(std::thread::spawn(raise)));
    print("ended", first);
    while !INSIDE.load(SeqCst) {
        std::thread::yield_now();
    }
    let second = run_until_second(|| {
        GATE.store(true, SeqCst);
        raising.take().unwrap().join().unwrap(); // now that handler is over
        raise();
    });
    print("ended", second);
}

fn run_until_second(body: impl FnOnce()) -> Result<(), Cancelled> {
    let signals = Signals::new([2]).unwrap().exit_on_second();
    let op = Cancelable::new().source(signals);
    cancel_std::block_on(op.run(async |_| {
        body();
        pending().await
    }))
}

#[test]
fn a_handler_that_is_late_counts_for_nobody_else() {
    let mut child = start("slow handler");
    child.expect("ended: Signal(2) SIGINT");
    child.expect("ended: Signal(2) SIGINT");
    child.succeeded();
}

/// Each run counts for itself.
fn next_run() {
    for _ in 0..3 {
        print("ended", run_until_second(|| println!("ready")));
    }
}

#[test]
fn exit_on_second_counts_from_the_start_of_each_run() {
    let mut child = start("next run");
    for _ in 0..3 {
        child.expect("ready");
        child.kill("INT");
        child.expect("ended: Signal(2) SIGINT");
    }
    child.succeeded();
}

/// One without the option, beside one with it that has ended.
fn neighbour() {
    let op = Cancelable::with_signal(2).unwrap().grace(HOUR);
    let result = cancel_std::block_on(op.run(async |cx| {
        let signals = Signals::new([2]).unwrap().exit_on_second();
        let inner = cx.child().source(signals).build();
        let _ = inner
            .run(async |_| {
                println!("ready");
                pending::<()>().await
            })
            .await;
        println!("inner ended");
        pending::<()>().await
    }));
    print("ended", result);
}

#[test]
fn exit_on_second_ends_with_its_run() {
    let mut child = start("neighbour");
    child.expect("ready");
    child.kill("INT");
    child.expect("inner ended");
    child.kill("INT");
    child.expect("ended: Signal(2) SIGINT");
    child.succeeded();
}
