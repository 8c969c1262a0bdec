//! Threads that wait for a token, and what else cancels from elsewhere.

use crate::LONG;
use cancel_std::{CancelToken, Cancelable, Reason, Source, block_on};
use std::error::Error;
use std::future::pending;
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn sixty_four_threads_wait_for_one_token() {
    for _ in 0..5 {
        let token = CancelToken::new();
        let gate = Arc::new(Barrier::new(65));
        let threads: Vec<_> = (0..64)
            .map(|n| {
                let (token, gate) = (token.clone(), gate.clone());
                thread::spawn(move || {
                    gate.wait();
                    match n % 2 {
                        0 => token.wait(),
                        _ => token.wait_timeout(LONG).expect("an hour is not over"),
                    }
                })
            })
            .collect();
        gate.wait();
        thread::yield_now();
        assert!(token.cancel_with("all of you"));
        for thread in threads {
            assert_eq!(thread.join().unwrap().message(), Some("all of you"));
        }
    }
}

#[test]
fn a_cancel_from_a_plain_thread_wakes_a_sleeping_task() {
    // DEFECTS 1: without any bridge, and more than once in a process.
    for _ in 0..3 {
        let op = Cancelable::new().build();
        let handle = op.clone();
        let task = smol::spawn(op.run(async |cx| cx.sleep(LONG).await));
        let canceller = thread::spawn(move || handle.cancel_with("from a thread"));
        let cancelled = smol::block_on(task).unwrap_err();
        assert_eq!(cancelled.message(), Some("from a thread"));
        assert!(canceller.join().unwrap());
    }
}

#[test]
fn the_failure_of_another_thread_is_a_source() {
    let work = Cancelable::new()
        .build()
        .within(|cx| cx.run_in_thread(|_| Err::<(), _>(std::io::Error::other("disk full"))));
    let op = Cancelable::new().source(Source::failure(async move {
        match work.await {
            Ok(result) => result.map_err(Box::<dyn Error + Send + Sync>::from),
            Err(cancelled) => Err(cancelled.into()),
        }
    }));
    let why = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(why.reason(), Reason::Error);
    assert_eq!(why.source().unwrap().to_string(), "disk full");
}

#[test]
fn a_dropped_guard_is_a_source() {
    let token = CancelToken::new();
    let op = Cancelable::with_token(&token);
    let guard = token.drop_guard();
    let thread = thread::spawn(move || drop(guard)); // a thread that ends, however
    let why = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(why.reason(), Reason::Dropped);
    thread.join().unwrap();
}
