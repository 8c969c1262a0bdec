//! Groups whose tasks run on threads of their own.

use crate::support::{LONG, Rt};
use cancel_std::{Cancelled, Reason, Status, block_on};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

/// Counts what is alive.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

struct One(Alive);

impl Alive {
    fn one(&self) -> One {
        self.0.fetch_add(1, Ordering::SeqCst);
        One(self.clone())
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn failures_race() {
    for round in 0..100u64 {
        let alive = Alive::default();
        let gate = Arc::new(Barrier::new(6));
        let op = Rt::Threads.op().build();
        let run = op.try_run_group(async |group| -> Result<(), Cancelled> {
            for n in 0..6 {
                let (one, gate) = (alive.one(), gate.clone());
                group.spawn(move |cx| async move {
                    let _one = one;
                    gate.wait();
                    match n {
                        0 => Err((Reason::Custom(0), "zero")),
                        1 => {
                            cx.sleep(Duration::from_micros(round)).await;
                            Err((Reason::Custom(1), "one"))
                        }
                        2 => Ok(()),
                        _ => {
                            cx.sleep(LONG).await;
                            Ok(())
                        }
                    }
                    .map_err(|cause| Cancelled::from(cancel_std::Cause::from(cause)))
                });
            }
            Ok(())
        });
        let why = block_on(run).unwrap_err();
        assert!(matches!(why.reason(), Reason::Custom(0 | 1)));
        assert_eq!(alive.0.load(Ordering::SeqCst), 0); // nothing outlives it
        let context = op.context();
        assert_eq!(context.status(), Status::Failed);
        assert_eq!(context.error(), Some(&*why.to_string()));
    }
}

#[test]
fn ends_race_with_cancels_and_panics() {
    for round in 0..200u32 {
        let alive = Alive::default();
        let op = Rt::Threads.op().build();
        let canceller = op.clone();
        let gate = Arc::new(Barrier::new(2));
        let cancelling = gate.clone();
        let thread = thread::spawn(move || {
            cancelling.wait();
            for _ in 0..round % 10 {
                thread::yield_now();
            }
            canceller.cancel_with(Reason::Shutdown)
        });
        let panics = round % 3 == 0;
        let result = catch_unwind(AssertUnwindSafe(|| {
            block_on(op.run_group(async |group| {
                gate.wait();
                let mut tasks = Vec::new();
                for n in 0..4 {
                    let one = alive.one();
                    tasks.push(group.spawn(move |cx| async move {
                        let _one = one;
                        match n {
                            0 if panics => resume_unwind(Box::new(5)),
                            0 | 1 => (),
                            _ => drop(cx.checkpoint().await),
                        }
                    }));
                }
                for task in tasks {
                    let _ = task.await;
                }
            }))
        }));
        thread.join().unwrap();
        assert_eq!(alive.0.load(Ordering::SeqCst), 0);
        match result {
            Ok(Ok(())) => assert_eq!(op.status(), Status::Completed),
            Ok(Err(why)) => assert_eq!(why.reason(), Reason::Shutdown),
            Err(payload) => assert!(panics && payload.is::<i32>()),
        }
        assert!(op.status().is_final());
    }
}

#[test]
fn spawning_from_elsewhere_races_with_the_end() {
    for _ in 0..200 {
        let started = Arc::new(AtomicUsize::new(0));
        let run = Rt::Threads.op().run_group(async |group| {
            let (group, in_task) = (group.clone(), started.clone());
            thread::spawn(move || {
                let counted = in_task.clone();
                let task = group.spawn(move |_| async move {
                    counted.fetch_add(1, Ordering::SeqCst);
                });
                (block_on(task).is_ok(), in_task.load(Ordering::SeqCst))
            })
        });
        let outsider = block_on(run).unwrap();
        let at_the_end = started.load(Ordering::SeqCst);
        let (ran, counted) = outsider.join().unwrap();
        assert_eq!(usize::from(ran), counted);
        assert_eq!(at_the_end, counted); // either waited for, or never started
    }
}

/// With a limit, tasks begin when others end, on whatever thread that is; and some are cancelled while they
/// wait. No more than the limit run at once, and all of them end.
#[test]
fn places_are_handed_out_while_tasks_are_cancelled() {
    for round in 0..100usize {
        let limit = 1 + round % 3;
        let (at_once, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let op = Rt::Threads.op().task_limit(limit).build();
        let run = op.run_group(async |group| {
            let tasks: Vec<_> = (0..12)
                .map(|n| {
                    let (at_once, begun) = (at_once.clone(), begun.clone());
                    let task = group.spawn(move |_| async move {
                        assert!(at_once.fetch_add(1, Ordering::SeqCst) < limit);
                        begun.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        at_once.fetch_sub(1, Ordering::SeqCst);
                    });
                    if n % 3 == round % 3 {
                        task.operation().cancel();
                    }
                    task
                })
                .collect();
            let mut ended = 0;
            for task in tasks {
                ended += usize::from(task.await.is_ok());
            }
            ended
        });
        let ended = block_on(run).unwrap();
        assert!(ended >= 8);
        assert!(begun.load(Ordering::SeqCst) >= ended);
    }
}

/// The group takes back what has not begun, while the threads of the tasks begin.
#[test]
fn x9_taking_back_races_with_beginning() {
    for round in 0..200u32 {
        let alive = Alive::default();
        let ends = Arc::new(AtomicUsize::new(0));
        let op = Rt::Threads.op().build();
        let run = op.run_group(async |group| {
            for _ in 0..6 {
                let (one, ends) = (alive.one(), ends.clone());
                let child = group.child().finally(move |_| async move {
                    ends.fetch_add(1, Ordering::SeqCst);
                });
                group.spawn_as(child, move |cx| async move {
                    let _one = one;
                    cx.sleep(LONG).await;
                });
            }
            for _ in 0..round % 10 {
                thread::yield_now();
            }
            group.operation().cancel();
            std::future::pending::<()>().await;
        });
        assert_eq!(block_on(run).unwrap_err().reason(), Reason::Manual);
        // Each has ended once, by its thread or by the group, and its cleanup has run once.
        assert_eq!(alive.0.load(Ordering::SeqCst), 0);
        assert_eq!(ends.load(Ordering::SeqCst), 6);
        assert_eq!(
            (op.context().cut_off(), op.status()),
            (6, Status::Cancelled)
        );
    }
}
