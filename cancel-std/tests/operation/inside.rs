//! An operation that begins inside the body of another one is a part of it.

use crate::support::{LONG, Log, SECOND, Virtual, poll};
use cancel_core::{Cancelled, Reason, Timer};
use cancel_std::{Cancelable, Cx, Filter, Registry, Status, current_id, generic};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

type Setup = generic::Cancelable<Virtual>;
type Body = generic::Cx<Virtual>;
type Way = fn(Setup) -> Setup;
type Run<T> = Pin<Box<dyn Future<Output = T>>>;

/// What happens to a run that does nothing by itself, when the one around it is cancelled after a second.
fn cut_off(clock: &Virtual, inside: Run<Result<(), Cancelled>>) -> Result<(), Cancelled> {
    let outer = clock.op().timeout(SECOND).build();
    let mut run = pin!(outer.run(async |_| inside.await));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    for _ in 0..10 {
        if let std::task::Poll::Ready(result) = poll(run.as_mut()) {
            return result.and_then(|inside| inside);
        }
        clock.advance(SECOND);
    }
    panic!("the body holds it");
}

/// A function with an operation of its own.
#[test]
fn x47_a_function_with_an_operation_of_its_own() {
    async fn fetch(clock: &Virtual, log: &Log) -> Result<(), Cancelled> {
        let (clock, after, in_body) = (clock.clone(), log.clone(), log.clone());
        let op = clock.op().timeout(LONG).finally(move |cx| async move {
            cx.sleep(2 * SECOND).await;
            after.add("closed");
        });
        op.run(async |cx| {
            in_body.add(format!("{:?}", cx.remaining()));
            cx.sleep(LONG).await;
        })
        .await
    }
    let (clock, log) = (Virtual::new(), Log::default());
    let outer = clock.op().timeout(SECOND / 20).build();
    let (time, inner_log) = (clock.clone(), log.clone());
    let mut run = pin!(outer.run(async |_| {
        let cancelled = fetch(&time, &inner_log).await.unwrap_err();
        inner_log.add(format!(
            "{} {}",
            cancelled.reason(),
            cancelled.root_reason()
        ));
    }));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(log.take(), [format!("{:?}", Some(SECOND / 20))]);
    clock.advance(SECOND);
    for _ in 0..3 {
        assert!(poll(run.as_mut()).is_pending());
    }
    clock.advance(2 * SECOND);
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(log.take(), ["closed", "parent timeout"]);
}

/// All that is said of a child: its parent, its place in registries, its progress.
#[test]
fn x47_it_is_a_child() {
    let clock = Virtual::new();
    let (registry, log) = (Registry::new(), Log::default());
    let heard = log.clone();
    let outer = clock
        .op()
        .register(&registry)
        .on_progress(move |p| heard.add(p.message()));
    let outer = outer.build();
    let inside = clock.op().register(&registry).build();
    assert_eq!(registry.list(&Filter::new().parent(outer.id())).len(), 0);
    let mut run = pin!(outer.run(async |_| {
        inside
            .run(async |cx| {
                cx.report_progress("from inside");
                pending::<()>().await
            })
            .await
    }));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(log.take(), ["from inside"]);
    assert_eq!(inside.context().parent_id(), Some(outer.id()));
    let found = registry.list(&Filter::new().parent(outer.id()));
    assert_eq!(
        found.iter().map(|context| context.id()).collect::<Vec<_>>(),
        [inside.id()]
    );
    assert_eq!(registry.cancel_tree(outer.id(), "enough"), 2);
    assert_eq!(inside.context().reason(), Some(Reason::Parent));
}

/// What there was of it before it began: its handle, its token, children, a force token.
#[test]
fn x47_what_was_made_before_is_cancelled_with_it() {
    let clock = Virtual::new();
    let inside = clock.op().build();
    let (before, child) = (inside.token().child(), inside.child().build());
    let outer = clock.op().build(); // (younger than the one inside)
    let handle = inside.clone();
    let mut run = pin!(outer.run(async |_| handle.run(async |_| pending::<()>().await).await));
    assert!(poll(run.as_mut()).is_pending());
    assert!(!inside.is_cancelled());
    outer.cancel_with("enough");
    // At once, without a poll.
    assert!(before.is_cancelled() && child.is_cancelled());
    let cause = inside.token().cause().unwrap();
    assert_eq!(
        (cause.reason(), cause.message()),
        (Reason::Parent, Some("enough"))
    );
    assert!(cause.is_from(&outer));
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(inside.status(), Status::Cancelled);
    // Afterwards it keeps nothing of the outer one's token but itself.
    let (op, token) = (clock.op().build(), inside.token().clone());
    assert!(poll(pin!(op.run(async |_| ()))).is_ready());
    assert!(token.is_cancelled() && !op.is_cancelled());
}

/// It is not cancelled by a host that is cancelled after its end.
#[test]
fn x47_the_end_ends_it() {
    let clock = Virtual::new();
    let (outer, inside) = (clock.op().build(), clock.op().build());
    let token = inside.token().clone();
    let handle = inside.clone();
    let mut run = pin!(outer.run(async |_| {
        handle
            .run(async |_| smol::future::yield_now().await)
            .await
            .unwrap();
        pending::<()>().await
    }));
    for _ in 0..2 {
        assert!(poll(run.as_mut()).is_pending());
    }
    assert_eq!(inside.status(), Status::Completed);
    outer.cancel();
    assert!(!token.is_cancelled());
    assert_eq!(inside.context().reason(), None);
}

#[test]
fn x47_force_goes_down_to_it() {
    let clock = Virtual::new();
    for token_before in [false, true] {
        let inside = clock.op().grace(LONG).build();
        let child = clock.op().parent(&inside).grace(LONG).build();
        let mut child_run: Run<_> = Box::pin(child.run(async |_| pending::<()>().await));
        if token_before {
            // A child in its grace period makes the force tokens above it.
            assert!(poll(child_run.as_mut()).is_pending());
            child.cancel();
            assert!(poll(child_run.as_mut()).is_pending());
        }
        let outer = clock.op().build();
        let handle = inside.clone();
        let mut run = pin!(outer.run(async |_| handle.run(async |_| pending::<()>().await).await));
        assert!(poll(run.as_mut()).is_pending());
        outer.cancel();
        assert!(poll(run.as_mut()).is_pending());
        outer.force();
        assert!(poll(run.as_mut()).is_ready());
        if token_before {
            assert!(poll(child_run.as_mut()).is_ready());
        }
    }
}

#[test]
fn x47_the_ways_out() {
    let clock = Virtual::new();
    let other = clock.op().build();
    let outer = clock.op().timeout(SECOND).build();
    let ways: [(Way, Option<_>); 3] = [
        (|op| op, Some(outer.id())),
        (|op| op.detached(), None),
        (|op| op.parent(Body::current().unwrap()).detached(), None),
    ];
    let (clock, host, parent) = (clock.clone(), outer.clone(), other.clone());
    let run = outer.run(async |_| {
        for (set, parent_id) in ways {
            let op = set(clock.op()).build();
            let limited = op.run(async |cx| cx.remaining().is_some()).await.unwrap();
            assert_eq!(
                (op.context().parent_id(), limited),
                (parent_id, parent_id.is_some())
            );
        }
        // Of several parents none.
        let several = clock
            .op()
            .parent(&host)
            .combine(clock.op().parent(&parent))
            .detached();
        assert_eq!(several.run(async |cx| cx.remaining()).await, Ok(None));
        for op in [
            clock.op().parent(&parent),
            clock.op().detached().parent(&parent),
        ] {
            let op = op.build();
            op.run(async |_| ()).await.unwrap();
            assert_eq!(op.context().parent_id(), Some(parent.id()));
        }
    });
    assert!(poll(pin!(run)).is_ready());
}

/// Where no body is: other tasks, threads, and bodies of other runtimes.
#[test]
fn x47_only_inside_of_a_running_body() {
    let outer = Cancelable::new().build();
    let alone = |op: &cancel_std::Operation| {
        assert_eq!(op.run_blocking(|_| 5), Ok(5));
        op.context().parent_id()
    };
    let run = outer.run(async |cx| {
        let thread = thread::spawn(move || alone(&Cancelable::new().build()));
        assert_eq!(thread.join().unwrap(), None);
        let cx: Cx = cx.clone();
        let inside = thread::spawn(move || cx.within(|_| alone(&Cancelable::new().build())));
        assert_eq!(inside.join().unwrap(), Some(outer.id()));
        let other = Virtual::new().op().build();
        other.run(async |_| ()).await.unwrap();
        assert_eq!(other.context().parent_id(), None);
    });
    smol::block_on(run).unwrap();
    // Neither before its start, nor after its end.
    assert_eq!(outer.within(|_| alone(&Cancelable::new().build())), None);
    let pending = Cancelable::new().build();
    assert_eq!(pending.within(|_| alone(&Cancelable::new().build())), None);
}

/// Every form of running.
#[test]
fn x47_all_forms_of_running() {
    let outer = Cancelable::new().build();
    let ops: [_; 6] = std::array::from_fn(|_| Cancelable::new().build());
    let run = outer.run(async |cx| {
        ops[0].run(async |_| ()).await.unwrap();
        ops[1]
            .run_finally(async |_| (), async |_| ())
            .await
            .unwrap();
        ops[2].run_blocking(|_| ()).unwrap();
        let op = ops[3].clone();
        cx.run_in_thread(move |_| op.run_blocking(|_| ()).unwrap())
            .await
            .unwrap();
        ops[4]
            .run_group(async |group| {
                let task = group.spawn_value_as(Cancelable::new(), |cx| async move {
                    cx.operation().context().parent_id()
                });
                assert_eq!(task.await, Ok(Some(ops[4].id())));
            })
            .await
            .unwrap();
        let shielded = &ops[5];
        cx.shield(async |_| shielded.run(async |_| ()).await.unwrap())
            .await;
    });
    smol::block_on(run).unwrap();
    assert_eq!(
        ops.map(|op| op.context().parent_id()),
        [Some(outer.id()); 6]
    );
}

/// A task of a group whose set-up has no parent is a part of the group.
#[test]
fn x47_a_task_without_a_parent_belongs_to_its_group() {
    let clock = cancel_std::testing::VirtualTime::new();
    let op = clock.operation().timeout(SECOND).build();
    let time = clock.clone();
    let run = op.run_group(async |group| {
        let task = group.spawn_as(time.operation().timeout(LONG), |_| pending::<()>());
        let apart = time.operation().detached().timeout(2 * SECOND);
        let apart = group.spawn_as(apart, |_| pending::<()>());
        assert_eq!(
            task.operation().context().parent_id(),
            Some(group.operation().id())
        );
        (task.operation().clone(), apart.operation().clone())
    });
    let _ = clock.block_on(run);
    assert_eq!(op.context().duration(), Some(2 * SECOND)); // it waits for both
}

/// In a shield and in a cleanup it is a part of that work: live, and limited by it.
#[test]
fn x47_in_shields_and_cleanups() {
    let (clock, log) = (Virtual::new(), Log::default());
    let save = |log: &Log| {
        let (clock, log) = (clock.clone(), log.clone());
        async move {
            let run = clock.op().run(async |cx| {
                cx.sleep(SECOND).await;
                cx.operation().context().parent_id()
            });
            log.add(format!("{:?}", run.await));
        }
    };
    let (in_cleanup, in_body) = (save(&log), save(&log));
    let op = clock.op().finally(|_| in_cleanup).build();
    let mut run = pin!(op.run(async |cx| {
        cx.shield(async |_| in_body.await).await;
        pending::<()>().await
    }));
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    for _ in 0..2 {
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(SECOND);
    }
    assert!(poll(run.as_mut()).is_ready());
    let inside = format!("{:?}", Ok::<_, Cancelled>(Some(op.id())));
    assert_eq!(log.take(), [inside.clone(), inside]);
}

/// The cancelation of a host that is cancelled already is there before the body begins.
#[test]
fn x47_inside_a_cancelled_body_nothing_begins() {
    let clock = Virtual::new();
    for token_before in [false, true] {
        let inside = clock.op().build();
        if token_before {
            inside.token();
        }
        let handle = inside.clone();
        let op = clock.op().grace(LONG);
        let run = op.run(async |cx| {
            cx.cancel();
            handle.run(async |_| unreachable!("begun")).await
        });
        let std::task::Poll::Ready(Ok(result)) = poll(pin!(run)) else {
            panic!("the grace period is cut");
        };
        assert_eq!(result.unwrap_err().reason(), Reason::Parent);
    }
}

#[test]
fn x47_holds_end_with_their_time() {
    let clock = Virtual::new();
    let inside = clock
        .op()
        .finally(|_| pending())
        .finally_within(SECOND, |_| pending());
    drop(inside);
    let inside = clock.op().finally_within(SECOND, |_| pending());
    let run = inside.run(async |_| pending::<()>().await);
    assert_eq!(
        cut_off(&clock, Box::pin(run)).unwrap_err().reason(),
        Reason::Parent
    );
}

/// An operation that is above the current one is no child of it.
#[test]
fn x47_nobody_is_inside_of_itself() {
    let clock = Virtual::new();
    let top = clock.op().build();
    let middle = clock.op().parent(&top).build();
    let linked = clock.op().parent(&middle).build();
    let detached = linked.detached().build();
    for (op, above) in [(&middle, &top), (&linked, &top), (&detached, &top)] {
        let above = above.clone();
        let (started, handle) = (op.clone(), op.child().build());
        drop(started);
        let run = handle.run(async |_| {
            // (It has run after the first time.)
            let ran = above.run(async |_| current_id()).await;
            assert!(ran.is_err() || ran == Ok(Some(above.id())));
        });
        assert!(poll(pin!(run)).is_ready());
    }
    assert_eq!(top.status(), Status::Completed);
    assert_eq!(top.context().parent_id(), None);
    drop((top, middle, linked, detached));
}

/// Two operations, each run in the body of a child of the other one: at most one of them gets a parent.
#[test]
fn x47_two_do_not_become_parents_of_each_other() {
    let mut nested = 0;
    for _ in 0..300 {
        let ops = [(); 2].map(|()| Cancelable::new().build());
        let gate = Arc::new(Barrier::new(2));
        let threads = [0, 1].map(|n| {
            let (child, other) = (ops[n].child(), ops[1 - n].clone());
            let gate = gate.clone();
            thread::spawn(move || {
                let run = child.run(async |_| {
                    gate.wait();
                    other.run(async |_| ()).await.unwrap();
                });
                cancel_std::block_on(run).unwrap();
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        // (A walk up would not end if there were a circle.)
        let parents = ops.each_ref().map(|op| op.context().parent_id().is_some());
        let limits = ops.each_ref().map(|op| op.remaining());
        assert!(parents != [true, true] && limits == [None, None]);
        nested += usize::from(parents != [false, false]);
    }
    assert_eq!(nested, 300);
}

/// Somebody asks for the token while the operation begins: whichever comes first, the cancel gets through.
#[test]
fn x47_a_token_that_is_made_meanwhile() {
    for round in 0..300 {
        let (outer, inside) = (Cancelable::new().build(), Cancelable::new().build());
        let gate = Arc::new(Barrier::new(2));
        let asker = {
            let (outer, inside, gate) = (outer.clone(), inside.clone(), gate.clone());
            thread::spawn(move || {
                gate.wait();
                for _ in 0..round % 7 {
                    std::hint::spin_loop();
                }
                let token = inside.token().child();
                outer.cancel();
                token
            })
        };
        let run = outer.run(async |_| {
            gate.wait();
            inside.run(async |_| pending::<()>().await).await
        });
        assert!(cancel_std::block_on(run).and_then(|inside| inside).is_err());
        assert!(asker.join().unwrap().is_cancelled());
    }
}

/// Nested, in one body after the other.
#[test]
fn x47_deep() {
    fn inside(clock: Virtual, depth: usize, count: Arc<AtomicUsize>) -> Run<Result<(), Cancelled>> {
        Box::pin(async move {
            let op = clock.op().finally({
                let count = count.clone();
                move |_| async move {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
            op.run(async |cx| {
                if depth == 0 {
                    return cx.sleep(Duration::MAX).await;
                }
                let _ = inside(clock.clone(), depth - 1, count).await;
            })
            .await
        })
    }
    let (clock, count) = (Virtual::new(), Arc::new(AtomicUsize::new(0)));
    let _ = clock.now();
    let run = inside(clock.clone(), 30, count.clone());
    assert!(cut_off(&clock, run).is_ok()); // (a body that goes on after its child's end, and returns)
    assert_eq!(count.load(Ordering::Relaxed), 31);
}
