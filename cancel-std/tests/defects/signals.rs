//! Line 6. What needs real processes (default actions, restored handlers) is in `signal.rs`.

use cancel_std::{Cancelable, Reason, Signal};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

/// Nobody else of this test program listens for it, and each raise has a listener: the default action
/// would end the process.
const SIGNAL: Signal = Signal::SIGUSR1;

fn raise() {
    signal_hook::low_level::raise(SIGNAL.number()).unwrap();
}

/// "Only the newest listener hears; when it ends, the next signal kills the process; a second Ctrl+C breaks
/// the shielded cleanup; in a non-main thread the operation is silently cancelled as *manual*."
#[test]
fn d06_signals_reach_every_listener_in_every_thread() {
    let reason = Reason::Signal(SIGNAL.number().try_into().unwrap());
    // Two, in threads of their own (as is this test): both hear.
    let (ready, wait) = mpsc::channel();
    let run = |ready: mpsc::Sender<()>| {
        let op = Cancelable::with_signal(SIGNAL).unwrap();
        let result = cancel_std::block_on(op.run(async move |_| {
            smol::future::yield_now().await; // it listens from its first poll on
            ready.send(()).unwrap();
            pending::<()>().await
        }));
        result.unwrap_err()
    };
    let older = std::thread::spawn({
        let ready = ready.clone();
        move || run(ready)
    });
    wait.recv().unwrap();
    let newer = std::thread::spawn({
        let ready = ready.clone();
        move || run(ready)
    });
    wait.recv().unwrap();
    raise();
    for listener in [older, newer] {
        let why = listener.join().unwrap();
        assert_eq!((why.reason(), why.message()), (reason, SIGNAL.name()));
    }

    // The newest one ends: the older one still hears the next one, and the process lives.
    let older = std::thread::spawn(move || run(ready));
    wait.recv().unwrap();
    let newest = Cancelable::with_signal(SIGNAL).unwrap();
    let short = newest.run(async |_| smol::future::yield_now().await);
    assert_eq!(cancel_std::block_on(short), Ok(()));
    raise();
    assert_eq!(older.join().unwrap().reason(), reason);

    // The second one in the cleanup, and in a shield: both go on.
    let done = Arc::new(AtomicBool::new(false));
    let cleaned = done.clone();
    let op = Cancelable::with_signal(SIGNAL)
        .unwrap()
        .finally(|cx| async move {
            raise();
            cx.sleep(std::time::Duration::from_millis(5)).await;
            cleaned.store(true, Ordering::SeqCst);
        });
    let saved = AtomicBool::new(false);
    let result = cancel_std::block_on(op.run(async |cx| {
        cx.shield_future(async {
            raise();
            cx.cancelled().await;
            raise();
            cx.sleep(std::time::Duration::from_millis(5)).await;
            saved.store(true, Ordering::SeqCst);
        })
        .await;
        pending::<()>().await
    }));
    assert_eq!(result.unwrap_err().reason(), reason);
    assert!(saved.into_inner() && done.load(Ordering::SeqCst));
}
