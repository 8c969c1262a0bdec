//! A task of a group, which is a task of the executor, too.

use crate::cast::{Ctx, Failure, Op, Set, around, dressed, secs};
use crate::stage::{Body, Outcome, grace, plain, report, schedule, second, until, watched};
use crate::ways::{Shape, Way};
use cancel_std::{Reason, Timer};
use std::sync::{Arc, Mutex};

pub(crate) fn play(set: &Set, way: Way) -> String {
    // The grace period is the group's, and reaches the task.
    let group = around(set, grace(way, plain(set)), "P:").build();
    let op = dressed(set, second(set, way, plain(set)));
    schedule(set, way, &group);
    let top = group.clone();
    let stop = move || assert!(top.cancel_with((Reason::Shutdown, "stop")));
    let body = Body {
        way,
        notes: set.notes.clone(),
        gone: set.notes.on_drop("body}"),
        stop: stop.clone(),
        held: set.run.clone(),
    };
    let started: Arc<Mutex<Option<Op>>> = Arc::default();
    let registration = Arc::new(Mutex::new(None));
    let (handle, registered, notes) = (started.clone(), registration.clone(), set.notes.clone());
    let gone = set.notes.on_drop("P:body}");
    let running = group.try_run_group(async move |group| {
        let _gone = gone;
        notes.note("P:body{");
        let task = group.spawn_as(op, |cx: Ctx| async move { body.perform(&cx).await });
        let op = task.operation().clone();
        *registered.lock().unwrap() = Some(op.token().on_cancel(move |_| notes.note("token")));
        *handle.lock().unwrap() = Some(op);
        if way == Way::BeforeStart {
            stop();
        }
        Ok::<u32, Failure>(7)
    });
    let outcome = Outcome::default();
    let running = watched(running, outcome.clone());
    let dropped = (way == Way::Dropped).then_some(secs(5));
    set.time.block_on(until(&set.time, running, dropped));
    set.time.block_on(set.time.sleep(secs(10))).unwrap(); // for what comes too late
    drop(registration.lock().unwrap().take());
    let op = started.lock().unwrap().take().expect("the body has begun");
    report(Shape::Task, &op, &[("P", group)], &outcome, &set.notes)
}
