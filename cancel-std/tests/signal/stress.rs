//! Listeners that come and go under a hail of signals.

use super::support::{Children, start, wait_for_death};
use cancel_std::{Cancelable, Signal, Signals};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

pub(crate) const CHILDREN: Children = &[("hail", hail)];

/// As long as somebody listens nobody is killed, whoever else comes and goes.
fn hail() {
    const SIGNALS: usize = 2000;
    let usr1 = Signal::SIGUSR1.number();
    let done = AtomicBool::new(false);
    let (send, ready) = channel();
    thread::scope(|scope| {
        // Hears them all, and lives on in a shield.
        let guard = Cancelable::with_signal(Signal::SIGUSR1).unwrap();
        let stop = cancel_std::CancelToken::new();
        let stopped = stop.clone();
        let guarding = scope.spawn(move || {
            cancel_std::block_on(guard.run(async |cx| {
                send.send(()).unwrap();
                cx.shield_future(stopped.cancelled()).await;
                pending::<()>().await
            }))
        });
        ready.recv().unwrap();
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let op = Cancelable::with_signal(Signal::SIGUSR1).unwrap();
                    let run = op.run(async |_| smol::future::yield_now().await);
                    let _ = cancel_std::block_on(run);
                }
            });
        }
        for _ in 0..SIGNALS {
            signal_hook::low_level::raise(usr1).unwrap();
            thread::yield_now();
        }
        done.store(true, Ordering::SeqCst);
        // The last one has to be heard by somebody. Signals are looked for in the order of their
        // numbers, so it has been when the second one of these has.
        (0..2).for_each(|_| raise_and_hear(Signal::SIGUSR2));
        stop.cancel();
        let cancelled = guarding.join().unwrap().unwrap_err();
        assert_eq!(cancelled.message(), Some("SIGUSR1"));
    });
    // With the option as well, the registrations of which come and go.
    (0..200).for_each(|_| raise_and_hear(Signal::SIGUSR1));
    wait_for_death();
}

fn raise_and_hear(signal: Signal) {
    let signals = Signals::new([signal, Signal::SIGTERM]).unwrap();
    let op = Cancelable::new().source(signals.exit_on_second());
    let result = cancel_std::block_on(op.run(async |_| {
        signal_hook::low_level::raise(signal.number()).unwrap();
        pending::<()>().await
    }));
    assert_eq!(result.unwrap_err().message(), signal.name());
}

#[test]
fn a_hail_of_signals_kills_nobody_who_listens() {
    let mut child = start("hail");
    child.expect("waiting");
    child.kill("USR1");
    child.killed_by(Signal::SIGUSR1.number());
}
