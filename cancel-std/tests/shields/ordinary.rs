//! What is in a shield, a cleanup or a callback of an operation that is cancelled.

use super::support::{Cx, SECOND, Stage, WAYS, Way, assert_live, ordinary};
use cancel_std::{Filter, Registry, Status, block_on};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn x2_in_a_shield_of_what_is_cancelled_before_or_meanwhile() {
    for way in WAYS {
        for before in [true, false] {
            let stage = Stage::new(way);
            let op = stage.setup().build();
            let handle = op.clone();
            let mut done = false;
            let run = op.run(async |cx| {
                if before {
                    stage.trigger(&handle);
                }
                cx.shield(async |cx| ordinary(cx).await).await;
                done = true;
                cx.sleep(Duration::MAX).await;
                unreachable!("it is cancelled");
            });
            let result = match before {
                true => stage.time.block_on(run),
                false => stage.run_and_cancel(&handle, run),
            };
            assert_eq!(result.unwrap_err().reason(), stage.reason(), "{way:?}");
            assert!(done, "{way:?} {before}");
            assert_eq!(stage.time.pending_timers(), 0);
        }
    }
}

#[test]
fn x2_in_nested_shields() {
    for way in WAYS {
        let stage = Stage::new(way);
        let op = stage.setup().build();
        let handle = op.clone();
        let mut done = false;
        let run = op.run(async |cx| {
            cx.shield(async |cx| {
                cx.shield(async |cx| ordinary(cx).await).await;
                assert_live(cx);
            })
            .await;
            done = true;
            cx.sleep(Duration::MAX).await;
        });
        stage.run_and_cancel(&handle, run).unwrap_err();
        assert!(done, "{way:?}");
    }
}

/// In a child of it, whose parents are all cancelled.
#[test]
fn x2_in_a_shield_of_a_nested_operation() {
    for way in WAYS {
        let stage = Stage::new(way);
        let op = stage.setup().build();
        let handle = op.clone();
        let mut done = false;
        let run = op.run(async |cx| {
            let inner = cx.child();
            let run = inner.run(async |cx| {
                cx.shield(async |cx| ordinary(cx).await).await;
                done = true;
                cx.sleep(Duration::MAX).await;
            });
            run.await
        });
        // (Either the outer body is dropped, or it has seen the end of the inner one.)
        assert!(!matches!(stage.run_and_cancel(&handle, run), Ok(Ok(()))));
        assert!(done, "{way:?}");
    }
}

#[test]
fn x2_in_a_cleanup() {
    for way in WAYS {
        for before in [true, false] {
            for builder in [true, false] {
                let stage = Stage::new(way);
                let done = Arc::new(AtomicBool::new(false));
                let in_cleanup = done.clone();
                let mut setup = stage.setup();
                if builder {
                    setup = setup.finally(|cx| async move {
                        ordinary(&cx).await;
                        in_cleanup.store(true, SeqCst);
                    });
                }
                let op = setup.build();
                let handle = op.clone();
                let body = async |cx: &Cx| {
                    if before {
                        stage.trigger(&handle);
                        cx.sleep(Duration::MAX).await;
                    }
                };
                let cleanup = async |cx: &Cx| {
                    if !builder {
                        ordinary(cx).await;
                        done.store(true, SeqCst);
                    }
                };
                let run = op.run_finally(body, cleanup);
                let result = match before {
                    true => stage.time.block_on(run),
                    false => stage.run_and_cancel(&handle, run),
                };
                assert_eq!(result.is_err(), before);
                assert!(done.load(SeqCst), "{way:?} {before} {builder}");
                let context = op.context();
                assert_eq!((context.error(), context.cleanup_lost()), (None, false));
            }
        }
    }
}

#[test]
fn x2_in_asynchronous_callbacks_of_the_end() {
    for way in WAYS {
        for before in [true, false] {
            let stage = Stage::new(way);
            let done = Arc::new(Mutex::new(0));
            let [on_cancel, on_complete] = [1, 2].map(|which| {
                let done = done.clone();
                move |_| {
                    let done = done.clone();
                    async move {
                        let cx = Cx::current().unwrap();
                        // Callbacks have the time that is left: none is taken away here.
                        ordinary(&cx).await;
                        *done.lock().unwrap() += which;
                    }
                }
            });
            let op = stage
                .setup()
                .on_cancel_async(on_cancel)
                .on_complete_async(on_complete)
                .callback_limit(Duration::MAX)
                .build();
            let handle = op.clone();
            let run = op.run(async |cx| {
                if before {
                    stage.trigger(&handle);
                    cx.sleep(Duration::MAX).await;
                }
            });
            // Forced, it does not wait for callbacks.
            if way == Way::Force {
                continue;
            }
            let result = match before {
                true => stage.time.block_on(run),
                false => stage.run_and_cancel(&handle, run),
            };
            assert_eq!(result.is_err(), before);
            assert_eq!(*done.lock().unwrap(), if before { 1 } else { 2 }, "{way:?}");
            assert_eq!(op.context().callbacks_cut_off(), 0);
        }
    }
}

/// The X1 input, word for word.
#[test]
fn x1_all_ten_are_saved() {
    for own in [false, true] {
        let stage = Stage::new(Way::Timeout);
        let op = stage.time.operation().timeout(25 * super::support::MILLI);
        let save = async |cx: &Cx| {
            use smol::stream::{StreamExt, iter};
            let (mut q, mut saved) = (cx.stream(iter(1..=10)), Vec::new());
            while let Some(i) = q.next().await {
                cx.sleep(10 * super::support::MILLI).await;
                saved.push(i);
            }
            saved
        };
        let run = op.run(async |cx| match own {
            true => cx.shield(save).await,
            false => cx.shield_future(save(cx)).await,
        });
        let saved = stage.time.block_on(run).unwrap();
        assert_eq!(saved, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "{own}");
    }
}

#[test]
fn x2_a_blocking_body_has_shields_too() {
    for way in [Way::Cancel, Way::Force, Way::Parent] {
        let stage = Stage::new(way);
        let op = stage.setup().build();
        let handle = op.clone();
        let value = op.run_blocking(|cx| {
            stage.trigger(&handle);
            assert!(cx.check().is_err());
            block_on(cx.shield(async |cx| {
                assert_live(cx);
                let child = cx.child();
                child.run_blocking(|cx| cx.check()).unwrap().unwrap();
                cx.run_in_thread(|cx| cx.check()).await.unwrap().unwrap();
                5
            }))
        });
        assert_eq!(value, Ok(5), "{way:?}");
    }
}

/// Identity, progress and results are those of the operation.
#[test]
fn x2_to_others_it_is_the_operation() {
    let stage = Stage::new(Way::Cancel);
    let registry = Registry::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let op = stage
        .time
        .operation()
        .name("save")
        .metadata("user", "ada")
        .register(&registry)
        .on_progress(move |progress| hears.lock().unwrap().push(progress.clone()))
        .build();
    let run = op.run(async |cx| {
        let id = cx.id();
        cx.cancel_with("enough");
        cx.shield(async |cx| {
            assert_eq!((cx.id(), cx.name()), (id, Some("save")));
            assert_eq!(cx.operation().id(), id);
            assert_eq!(cx.operation().context().message(), Some("enough"));
            assert_eq!(cx.operation().status(), Status::Running);
            assert!(cx.operation().context().shielded());
            cx.progress(1, 2);
            cx.set_partial_result(7);
            let child = cx.child().register(&registry).build();
            let run = child.run(async |cx| {
                cx.progress(2, 2);
                assert_eq!(registry.list(&Filter::new()).len(), 2); // and nothing that is hidden
                cx.shield(async |cx| cx.report_progress("deep")).await;
            });
            run.await.unwrap();
            assert_eq!(child.context().parent_id(), Some(id));
            let detached = cx.detached().build();
            assert_eq!(detached.context().metadata().get("user"), Some("ada"));
            assert_eq!(detached.context().parent_id(), Some(id));
            // Its own cancel is that of the operation, which was first.
            assert!(!cx.cancel());
            assert_eq!(cx.check(), Ok(()));
            child.id()
        })
        .await
    });
    let child = stage.time.block_on(run).unwrap();
    let heard: Vec<_> = heard.lock().unwrap().drain(..).collect();
    let by: Vec<_> = heard.iter().map(|progress| progress.operation()).collect();
    assert_eq!(by, [op.id(), child, child]);
    assert_eq!(op.context().partial_result::<i32>(), Some(&7));
    assert_eq!(op.context().progress().unwrap().to_string(), "1/2");
    assert!(registry.is_empty());
}

/// A child inside has an end of its own, which the shield waits for.
#[test]
fn x2_a_cleanup_inside_a_shield_inside_a_cleanup() {
    let stage = Stage::new(Way::Timeout);
    let log = Arc::new(Mutex::new(Vec::new()));
    let (outer, inner) = (log.clone(), log.clone());
    let op = stage.setup().finally(move |cx| async move {
        cx.shield(async |cx| {
            let child = cx.child().timeout(SECOND).finally(|cx| async move {
                cx.sleep(SECOND).await;
                inner.lock().unwrap().push("inner");
            });
            child
                .run(async |cx| cx.sleep(Duration::MAX).await)
                .await
                .unwrap_err();
        })
        .await;
        outer.lock().unwrap().push("outer");
    });
    let op = op.build();
    let run = op.run(async |cx| cx.sleep(Duration::MAX).await);
    stage.time.block_on(run).unwrap_err();
    assert_eq!(*log.lock().unwrap(), ["inner", "outer"]);
    assert_eq!(op.context().duration(), Some(SECOND / 2 + 2 * SECOND));
}
