//! Operations of `cancel-std`: shields, cleanups, callbacks, nesting, groups, force.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, ms, yield_now};
use cancel_core::{CancelToken, Reason, Spawn};
use cancel_std::generic::{Cancelable, Cx, Operation};
use cancel_std::{Cancelled, Runtime, Source, Status};
use core::future::pending;
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

/// What happened, in order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<&'static str>>>);

impl Notes {
    fn add(&self, note: &'static str) {
        if let Ok(mut notes) = self.0.lock() {
            notes.push(note);
        }
    }

    fn are(&self, expected: &[&str]) -> bool {
        self.0.lock().is_ok_and(|notes| *notes == expected)
    }
}

/// All that ordinary work does, inside something that has been cancelled already.
async fn ordinary_work<R: Runtime + Spawn>(cx: &Cx<R>) -> Outcome {
    ensure!(cx.check().is_ok());
    cx.sleep(ms(2)).await;
    let limited = cx.child().timeout(ms(2));
    let limited = limited.run(async |cx: &Cx<R>| cx.sleep(HOUR).await).await;
    ensure!(limited.is_err_and(|why| why.reason() == Reason::Timeout));
    let nested = Cancelable::on(cx.runtime().clone()).timeout(HOUR);
    ensure!(nested.run(async |cx: &Cx<R>| cx.sleep(ms(1)).await).await == Ok(()));
    let group = cx.child().run_group(async |group| {
        let task = group.spawn(|cx: Cx<R>| async move {
            cx.sleep(ms(2)).await;
            5
        });
        task.await
    });
    ensure!(group.await == Ok(Ok(5)));
    Ok(())
}

/// A timeout drops the body where it waits, and the operation says whose time ran out.
pub async fn a_timeout_drops_the_body<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let op = Cancelable::on(runtime.clone())
        .timeout(ms(5))
        .name("nap")
        .build();
    let why = op.run(async |cx: &Cx<R>| cx.sleep(HOUR).await).await;
    ensure!(why.is_err_and(|why| why.is_from(op.token()) && why.reason() == Reason::Timeout));
    let context = op.context();
    ensure!(context.status() == Status::Cancelled);
    ensure!(context.duration() >= Some(ms(5)));
    Ok(())
}

/// In a shield of a cancelled operation sleeps, timeouts, nested operations and groups work as anywhere.
pub async fn shielded_work_is_ordinary_work<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let mut outcome = Ok(());
    let kept = &mut outcome;
    let run = Cancelable::on(runtime.clone()).run(async |cx: &Cx<R>| {
        cx.cancel_with("enough");
        *kept = cx.shield(ordinary_work::<R>).await;
        cx.sleep(HOUR).await;
    });
    ensure!(run.await.is_err_and(|why| why.message() == Some("enough")));
    outcome
}

/// So they do in a cleanup.
pub async fn a_cleanup_is_ordinary_work<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let mut outcome = Ok(());
    let kept = &mut outcome;
    let run = Cancelable::on(runtime.clone()).timeout(ms(2)).run_finally(
        async |cx: &Cx<R>| cx.sleep(HOUR).await,
        async |cx: &Cx<R>| *kept = ordinary_work(cx).await,
    );
    ensure!(run.await.is_err());
    outcome
}

/// An asynchronous callback of the end may sleep; one that does not come to an end is cut off by force.
pub async fn late_callbacks_sleep_and_end_with_force<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let (notes, handle) = (Notes::default(), Arc::new(Mutex::new(None)));
    let (slow, time, forced) = (notes.clone(), runtime.clone(), handle.clone());
    let op = Cancelable::on(runtime.clone())
        .callback_limit(HOUR)
        .on_complete_async(move |_| {
            let (notes, sleep) = (slow.clone(), time.sleep(ms(2)));
            async move {
                if sleep.await.is_ok() {
                    notes.add("slow");
                }
            }
        })
        .on_complete_async(move |_| {
            let op: Option<Operation<R>> = forced.lock().ok().and_then(|mut op| op.take());
            async move {
                if let Some(op) = op {
                    op.force();
                }
                pending().await
            }
        })
        .build();
    if let Ok(mut handle) = handle.lock() {
        *handle = Some(op.clone());
    }
    ensure!(op.run(async |_: &Cx<R>| ()).await == Ok(()));
    ensure!(notes.are(&["slow"]));
    ensure!(op.context().callbacks_cut_off() == 1);
    Ok(())
}

/// An operation in the body of another one ends with it, and its cleanup comes first.
pub async fn a_nested_operation_ends_first<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let notes = Notes::default();
    let inner = (notes.clone(), runtime.clone());
    let outer = Cancelable::on(runtime.clone()).timeout(ms(5)).run_finally(
        async |_: &Cx<R>| {
            let (notes, runtime) = inner;
            let run = Cancelable::on(runtime).run_finally(
                async |cx: &Cx<R>| cx.sleep(HOUR).await,
                async |cx: &Cx<R>| {
                    cx.sleep(ms(2)).await;
                    notes.add("inner");
                },
            );
            run.await.map_err(|why| why.root_reason())
        },
        async |_: &Cx<R>| notes.add("outer"),
    );
    let outcome = outer.await;
    ensure!(notes.are(&["inner", "outer"]));
    // (The body comes to a value when the inner one has ended, or is dropped.)
    ensure!(match outcome {
        Ok(inner) => inner == Err(Reason::Timeout),
        Err(why) => why.reason() == Reason::Timeout,
    });
    Ok(())
}

/// The deadline around limits what is inside, which knows how much is left.
pub async fn a_deadline_limits_what_is_inside<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let op = Cancelable::on(runtime.clone()).timeout(HOUR).build();
    let run = op.run(async |cx: &Cx<R>| {
        let part = cx.child().timeout(2 * HOUR);
        part.run(async |cx: &Cx<R>| cx.remaining()).await
    });
    ensure!(
        run.await
            .is_ok_and(|left| left.is_ok_and(|left| left <= Some(HOUR)))
    );
    Ok(())
}

/// A second request ends the grace period of what is inside, too.
pub async fn force_goes_down<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let op = Cancelable::on(runtime.clone()).grace(HOUR).build();
    let handle = op.clone();
    let run = op.run(async |cx: &Cx<R>| {
        let part = cx.child().grace(HOUR);
        let part = part.run(async |cx: &Cx<R>| {
            handle.cancel();
            cx.sleep(ms(2)).await; // (cancelled, in its grace period)
            yield_now().await;
            handle.force();
            pending::<()>().await;
        });
        part.await
    });
    ensure!(run.await.map_or(true, |part| part.is_err()));
    ensure!(op.status().is_final());
    Ok(())
}

/// A cancelled group waits for its tasks, which have its grace period; who is still there when that ends, is cut
/// off, and counted.
pub async fn a_group_drains<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let (notes, stop) = (Notes::default(), CancelToken::new());
    let (drained, begun) = (notes.clone(), stop.clone());
    let op = Cancelable::on(runtime.clone())
        .token(&stop)
        .grace(HOUR)
        .build();
    let group = op.clone();
    let run = op.run_group(async |tasks| {
        tasks.spawn(|_: Cx<R>| pending::<()>());
        tasks.spawn(move |cx: Cx<R>| async move {
            begun.cancel();
            cx.cancelled().await;
            cx.shield(async |cx: &Cx<R>| cx.sleep(ms(2)).await).await;
            drained.add("drained");
            group.force();
        });
    });
    ensure!(run.await.is_err());
    ensure!(notes.are(&["drained"]));
    ensure!(op.context().cut_off() >= 1); // (by force, also the one that asked for it, if it has to wait again)
    Ok(())
}

/// The first failure of a task cancels the others, and is what the group returns.
pub async fn a_failure_ends_a_group<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let run = Cancelable::on(runtime.clone()).try_run_group(async |group| {
        group.spawn(|cx: Cx<R>| async move { cx.sleep(HOUR).await });
        group.spawn(|cx: Cx<R>| async move {
            cx.sleep(ms(2)).await;
            Err::<(), _>(String::from("no disk"))
        });
        Ok::<_, Cancelled>(())
    });
    ensure!(run.await.is_err_and(|why| why.message() == Some("no disk")));
    Ok(())
}

/// All of several sources, and any of several.
pub async fn sources_are_combined<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let token = CancelToken::new();
    token.cancel_with("token");
    let both = Source::all([Source::token(&token), Source::timeout(ms(3))]);
    let late = Source::any([Source::timeout(HOUR), both]);
    let op = Cancelable::on(runtime.clone()).source(late).build();
    ensure!(
        op.run(async |cx: &Cx<R>| cx.sleep(HOUR).await)
            .await
            .is_err()
    );
    ensure!(op.context().duration() >= Some(ms(3)));
    Ok(())
}

/// A run that is dropped cancels its operation, and says that a cleanup was lost.
pub async fn a_dropped_run_tells<R: Runtime + Spawn>(runtime: &R) -> Outcome {
    let op = Cancelable::on(runtime.clone()).build();
    let first = runtime.sleep(ms(2));
    {
        let run = op.run_finally(
            async |_: &Cx<R>| pending::<()>().await,
            async |_: &Cx<R>| (),
        );
        let mut run = core::pin::pin!(run);
        ensure!(crate::tools::poll_once(run.as_mut()).await.is_pending());
        ensure!(first.await.is_ok());
    }
    let context = op.context();
    ensure!(context.reason() == Some(Reason::Dropped));
    ensure!(context.cleanup_lost());
    Ok(())
}
