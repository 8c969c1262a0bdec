//! What is current below an operation: in destructors, cleanups and callbacks, as in its body.

use super::support::{Cx, Op, SECOND, Stage, WAYS};
use cancel_std::testing::VirtualTime;
use cancel_std::{Context, Observer, OperationId, Progress, current_id, current_token};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was current where, by name; and whether the token was cancelled.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Places>>);

type Places = BTreeMap<&'static str, (Option<OperationId>, Option<bool>)>;

impl Seen {
    fn look(&self, place: &'static str) {
        let token = current_token().map(|token| token.is_cancelled());
        assert_eq!(Cx::current().map(|cx| cx.id()), current_id());
        assert_eq!(Op::current().map(|op| op.id()), current_id());
        self.0.lock().unwrap().insert(place, (current_id(), token));
    }

    /// Something that looks when it is dropped.
    fn on_drop(&self, place: &'static str) -> OnDrop {
        OnDrop(self.clone(), place)
    }

    fn take(&self) -> Places {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct OnDrop(Seen, &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.look(self.1);
    }
}

impl Observer for Seen {
    fn started(&self, _: &Context) {
        self.look("observer: start");
    }
    fn cancel_requested(&self, _: &Context) {
        self.look("observer: asked");
    }
    fn progress(&self, _: &Progress) {
        self.look("observer: progress");
    }
    fn ended(&self, _: &Context) {
        self.look("observer: end");
    }
}

#[test]
fn x3_everywhere_below_the_operation() {
    for way in WAYS {
        let (stage, seen) = (Stage::new(way), Seen::default());
        let look = |place| {
            let seen = seen.clone();
            move |_: &Context| seen.look(place)
        };
        let look_later = |place| {
            let seen = seen.clone();
            move |_: Context| {
                let seen = seen.clone();
                async move {
                    let _dropped = seen.on_drop(place);
                    smol::future::yield_now().await;
                    seen.look(place);
                }
            }
        };
        let (progress, progress_later) = (seen.clone(), seen.clone());
        let cleanup = seen.clone();
        let op = stage
            .setup()
            .observe(Arc::new(seen.clone()))
            .on_start(look("start"))
            .on_start_async(look_later("start, later"))
            .on_progress(move |_| progress.look("progress"))
            .on_progress_async(move |_| {
                let seen = progress_later.clone();
                async move {
                    smol::future::yield_now().await;
                    seen.look("progress, later");
                }
            })
            .on_cancel(look("cancel"))
            .on_cancel_async(look_later("cancel, later"))
            .finally(move |cx| async move {
                cleanup.look("cleanup");
                let _dropped = cleanup.on_drop("cleanup, dropped");
                cx.sleep(SECOND).await;
                cleanup.look("cleanup, later");
            })
            .build();
        let handle = op.clone();
        let run = op.run(async |cx| {
            seen.look("body");
            let _dropped = seen.on_drop("body, dropped");
            let in_shield = seen.on_drop("shield, dropped");
            cx.progress(1, 2);
            cx.shield(async move |cx| {
                let in_shield = in_shield;
                cx.sleep(SECOND).await;
                in_shield.0.look("shield");
            })
            .await;
            cx.sleep(Duration::MAX).await;
        });
        stage.run_and_cancel(&handle, run).unwrap_err();
        let places = seen.take();
        let id = Some(op.id());
        for (place, (current, _)) in &places {
            assert_eq!(*current, id, "{place}, {way:?}");
        }
        assert_eq!(places.len(), 17, "{places:?}");
        let cancelled = |place| places[place].1;
        for place in [
            "body",
            "start",
            "shield",
            "cleanup",
            "cleanup, later",
            "cancel, later",
        ] {
            assert_eq!(cancelled(place), Some(false), "{place}, {way:?}");
        }
        for place in ["body, dropped", "cancel", "observer: asked"] {
            assert_eq!(cancelled(place), Some(true), "{place}, {way:?}");
        }
        assert_eq!((current_id(), current_token().is_none()), (None, true));
    }
}

/// In destructors of what never began, or ends with a run that is dropped.
#[test]
fn x3_in_what_is_dropped() {
    let (time, seen) = (VirtualTime::new(), Seen::default());
    let op = time.operation().build();
    op.cancel();
    let captured = seen.on_drop("never begun");
    let run = op.run(async move |_| drop(captured));
    time.block_on(run).unwrap_err();
    assert_eq!(seen.take()["never begun"].0, Some(op.id()));

    let (in_cleanup, in_body) = (seen.on_drop("its cleanup"), seen.on_drop("its body"));
    let op = time
        .operation()
        .finally(move |_| async move { drop(in_cleanup) });
    let op = op.build();
    {
        let mut run = std::pin::pin!(op.run(async move |_| {
            let _in_body = in_body;
            pending::<()>().await;
        }));
        assert!(smol::block_on(smol::future::poll_once(run.as_mut())).is_none());
    }
    let places = seen.take();
    assert_eq!(places["its body"].0, Some(op.id()));
    assert_eq!(places["its cleanup"].0, Some(op.id()));

    // A body that is ready, and one that panics.
    let op = time.operation().build();
    let captured = seen.on_drop("ready");
    time.block_on(op.run(async move |_| drop(captured)))
        .unwrap();
    assert_eq!(seen.take()["ready"].0, Some(op.id()));
    assert_eq!(current_id(), None);
}

/// A report from elsewhere calls the callbacks of all that hear it, each as the current one.
#[test]
fn x3_progress_callbacks_see_their_own_operation() {
    let (time, seen) = (VirtualTime::new(), Seen::default());
    let [above, below] = ["above", "below"].map(|place| {
        let seen = seen.clone();
        move |_: &Progress| seen.look(place)
    });
    let parent = time.operation().on_progress(above).build();
    let child = parent.child().on_progress(below).build();
    let handle = child.clone();
    let run = child.run(async |cx| {
        let cx = cx.clone();
        let thread = std::thread::spawn(move || cx.progress(1, 2));
        thread.join().unwrap();
    });
    time.block_on(run).unwrap();
    let places = seen.take();
    assert_eq!(places["above"].0, Some(parent.id()));
    assert_eq!(places["below"].0, Some(handle.id()));
}
