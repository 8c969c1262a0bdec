//! Threads against each other.

use crate::support::LONG;
use cancel_core::{CancelToken, Cancelled, Reason};
use cancel_std::{Cancelable, Status};
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

#[test]
fn the_first_of_many_cancels_counts() {
    for _ in 0..100 {
        let op = Cancelable::new().build();
        let gate = Arc::new(Barrier::new(9));
        let threads: Vec<_> = (0..8u16)
            .map(|n| {
                let (op, gate) = (op.clone(), gate.clone());
                thread::spawn(move || {
                    gate.wait();
                    op.cancel_with((Reason::Custom(n), n.to_string()))
                        .then_some(n)
                })
            })
            .collect();
        gate.wait();
        let why = smol::block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        let won: Vec<u16> = threads
            .into_iter()
            .filter_map(|t| t.join().unwrap())
            .collect();
        assert_eq!(won.len(), 1);
        assert_eq!(why.reason(), Reason::Custom(won[0]));
        assert_eq!(op.context().message(), Some(&*won[0].to_string()));
    }
}

#[test]
fn a_cancel_races_with_completion() {
    let (mut completed, mut cancelled) = (0, 0);
    for round in 0..2000 {
        let stop = CancelToken::new();
        let op = Cancelable::with_token(&stop).build();
        let gate = Arc::new(Barrier::new(2));
        let thread = thread::spawn({
            let gate = gate.clone();
            move || {
                gate.wait();
                stop.cancel()
            }
        });
        let result = smol::block_on(op.run(async |_| {
            gate.wait();
            for _ in 0..round % 20 {
                smol::future::yield_now().await;
            }
        }));
        thread.join().unwrap();
        let context = op.context();
        match result {
            Ok(()) => {
                completed += 1;
                assert_eq!(context.status(), Status::Completed);
            }
            Err(why) => {
                cancelled += 1;
                assert_eq!(context.status(), Status::Cancelled);
                assert_eq!(context.cause(), Some(&why));
            }
        }
    }
    assert!(completed + cancelled == 2000);
}

#[test]
fn a_timeout_set_by_another_thread_gets_through() {
    for _ in 0..200 {
        let op = Cancelable::with_timeout(LONG).build();
        let handle = op.clone();
        let thread = thread::spawn(move || {
            while handle.status() == Status::Pending {
                thread::yield_now();
            }
            handle.set_timeout(Duration::from_micros(100))
        });
        let result = smol::block_on(op.run(async |_| pending::<()>().await));
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        assert!(thread.join().unwrap());
    }
}

#[test]
fn two_runs_of_one_operation() {
    let polled = Arc::new(AtomicUsize::new(0));
    for round in 1..=500 {
        let op = Cancelable::new().build();
        let gate = Arc::new(Barrier::new(2));
        let threads = [0, 1].map(|_| {
            let (op, gate, polled) = (op.clone(), gate.clone(), polled.clone());
            thread::spawn(move || {
                gate.wait();
                smol::block_on(op.run(async move |_| polled.fetch_add(1, Ordering::SeqCst))).is_ok()
            })
        });
        let ran = threads.map(|thread| thread.join().unwrap());
        assert!(ran[0] != ran[1]);
        assert_eq!(polled.load(Ordering::SeqCst), round);
        assert_eq!(op.status(), Status::Completed);
    }
}

#[test]
fn snapshots_are_consistent_while_it_runs() {
    let op = Cancelable::new().name("watched").build();
    let done = Arc::new(AtomicBool::new(false));
    let watchers: Vec<_> = (0..3)
        .map(|_| {
            let (op, done) = (op.clone(), done.clone());
            thread::spawn(move || {
                let mut last = 0;
                while !done.load(Ordering::Acquire) {
                    let context = op.context();
                    if let Some(progress) = context.progress() {
                        let current = progress.current().unwrap();
                        assert!(current >= last);
                        last = current;
                    }
                    match context.status() {
                        Status::Pending => assert_eq!(context.duration(), None),
                        Status::Running => assert_eq!(context.ended(), None),
                        _ => assert_eq!(context.message(), Some("enough")),
                    }
                }
            })
        })
        .collect();
    let result: Result<(), Cancelled> = smol::block_on(op.run(async |cx| {
        for step in 0..20_000 {
            cx.progress(step, 20_000);
        }
        cx.cancel_with("enough");
        pending().await
    }));
    assert!(result.is_err());
    done.store(true, Ordering::Release);
    watchers
        .into_iter()
        .for_each(|watcher| watcher.join().unwrap());
}

#[test]
fn a_parent_cancelled_while_children_start_and_end() {
    for _ in 0..50 {
        let parent = Cancelable::new().build();
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let parent = parent.clone();
                thread::spawn(move || {
                    loop {
                        let child = parent.child().timeout(LONG);
                        let run = child.run(async |_| smol::future::yield_now().await);
                        if let Err(why) = smol::block_on(run) {
                            assert_eq!(why.message(), Some("stop"));
                            return why.reason();
                        }
                    }
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(1));
        parent.cancel_with("stop");
        for worker in workers {
            assert_eq!(worker.join().unwrap(), Reason::Parent);
        }
    }
}
