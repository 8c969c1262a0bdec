//! Who hears a signal, and what an operation that hears one does.

use super::support::{Children, print, start, wait_for_death};
use cancel_std::{Cancelable, Reason, Signal, Source};
use signal_hook::low_level::raise;
use std::future::pending;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

pub(crate) const CHILDREN: Children = &[
    ("everybody", everybody),
    ("message", message),
    ("sources", sources),
    ("start", listening_begins_at_the_start),
    ("many", many_listeners),
];

/// Runs an operation that listens, until something cancels it.
async fn stay(name: &'static str, ready: Sender<()>) {
    let op = Cancelable::with_signals([Signal::SIGTERM, Signal::SIGINT]).unwrap();
    let result = op.run(async move |_| {
        ready.send(()).unwrap();
        pending::<()>().await
    });
    print(name, result.await);
}

/// Four scopes on three executors and none, in four threads; the newest of all has ended.
fn everybody() {
    let (send, ready) = channel();
    let sender = || send.clone();
    let (a, b, c, d) = (sender(), sender(), sender(), sender());
    let threads = [
        thread::spawn(|| cancel_std::block_on(stay("none", a))),
        thread::spawn(|| smol::block_on(stay("block_on", b))),
        thread::spawn(|| smol::block_on(smol::spawn(stay("spawned", c)))),
        thread::spawn(|| {
            let executor = smol::LocalExecutor::new();
            smol::block_on(executor.run(executor.spawn(stay("local", d))));
        }),
    ];
    (0..4).for_each(|_| ready.recv().unwrap());
    let newest = Cancelable::with_signal(Signal::SIGTERM).unwrap().build();
    print(
        "newest",
        cancel_std::block_on(newest.run(async |_| "ended")),
    );
    println!("ready");
    for thread in threads {
        thread.join().unwrap();
    }
    println!("all heard it");
}

#[test]
fn every_scope_hears_it_on_every_executor_and_thread() {
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let mut child = start("everybody");
        child.expect("newest: \"ended\"");
        child.expect("ready");
        child.kill(signal);
        child.expect("all heard it");
        for name in ["none", "block_on", "spawned", "local"] {
            child.saw(&format!("{name}: Signal({number}) SIG{signal}"));
        }
        child.succeeded();
    }
}

fn message() {
    let op = Cancelable::with_signal(15).unwrap().build();
    let handle = op.clone();
    let result = smol::block_on(op.run(async |cx| {
        raise(15).unwrap();
        cx.sleep(Duration::MAX).await;
    }));
    let cancelled = result.unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Signal(15));
    assert_eq!(cancelled.message(), Some("SIGTERM"));
    assert_eq!(handle.context().reason(), Some(Reason::Signal(15)));
    assert_eq!(handle.context().message(), Some("SIGTERM"));
    // A child operation has it from its parent.
    let op = Cancelable::with_signal(Signal::SIGUSR1).unwrap();
    let nested = smol::block_on(op.run(async |cx| {
        cx.child()
            .run(async |_| {
                raise(Signal::SIGUSR1.number()).unwrap();
                pending::<()>().await
            })
            .await
    }));
    assert_eq!(nested.unwrap_err().message(), Some("SIGUSR1"));
}

#[test]
fn reason_and_message_name_the_signal() {
    start("message").succeeded();
}

/// No signal, in a list of them.
const NONE: i32 = 0;

/// As a part of other sources, combined and nested.
fn sources() {
    let run = |op: Cancelable, signals: &'static [i32]| {
        let result = cancel_std::block_on(op.run(async |_| {
            for &signal in signals {
                if signal != NONE {
                    raise(signal).unwrap();
                }
                // Only one that is waited for is one that has been heard.
                smol::Timer::after(Duration::from_millis(20)).await;
            }
            pending::<()>().await
        }));
        result.unwrap_err()
    };
    let hour = Duration::from_secs(3600);
    let term = || Source::signal(Signal::SIGTERM).unwrap();
    let any = Cancelable::any([Source::timeout(hour), term()]);
    assert_eq!(run(any, &[15]).reason(), Reason::Signal(15));
    let combined = Cancelable::with_timeout(hour)
        .combine(Cancelable::with_signal(15).unwrap())
        .combine(Cancelable::with_signal(2).unwrap());
    assert_eq!(run(combined, &[2]).message(), Some("SIGINT"));
    let soon = Duration::from_millis(5);
    let all = Cancelable::all([Source::timeout(soon), term()]);
    assert_eq!(run(all, &[NONE, 15]).reason(), Reason::Signal(15));
    // The first of them counts as often as it likes, and goes on being listened for.
    let int = Source::signal(Signal::SIGINT).unwrap();
    let both = Cancelable::all([int, Source::any([term()])]);
    assert_eq!(run(both, &[2, 2, 2, 15]).reason(), Reason::Signal(15));
}

#[test]
fn it_goes_through_any_all_and_combine() {
    start("sources").succeeded();
}

fn listening_begins_at_the_start() {
    let op = Cancelable::with_signal(Signal::SIGTERM).unwrap().build();
    wait_for_death();
    drop(op);
}

#[test]
fn one_that_is_not_run_does_not_listen() {
    let mut child = start("start");
    child.expect("waiting");
    child.kill("TERM");
    child.killed_by(15);
}

fn many_listeners() {
    const MANY: usize = 1000;
    let executor = smol::Executor::new();
    let (send, ready) = smol::channel::unbounded();
    let start = |_| {
        let op = Cancelable::with_signals([1, 2, 15]).unwrap();
        let send = send.clone();
        executor.spawn(op.run(async move |_| {
            send.send(()).await.unwrap();
            pending::<()>().await
        }))
    };
    let tasks: Vec<_> = (0..MANY).map(start).collect();
    smol::block_on(executor.run(async {
        for _ in 0..MANY {
            ready.recv().await.unwrap();
        }
        raise(15).unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap_err().message(), Some("SIGTERM"));
        }
    }));
}

#[test]
fn a_thousand_hear_it() {
    start("many").succeeded();
}
