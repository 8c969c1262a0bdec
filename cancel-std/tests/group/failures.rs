//! The first failure.

use crate::support::{LONG, Rt, SHORT};
use cancel_std::{CancelToken, Cancelable, Cancelled, Reason, Status, block_on};
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

#[derive(Debug, PartialEq)]
enum Failure {
    Disk(u32),
    Cancelled(Cancelled),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Disk(n) => write!(f, "disk {n} is full"),
            Failure::Cancelled(why) => why.fmt(f),
        }
    }
}

impl Error for Failure {}

impl From<Cancelled> for Failure {
    fn from(cancelled: Cancelled) -> Self {
        Failure::Cancelled(cancelled)
    }
}

#[test]
fn it_cancels_the_rest_which_is_waited_for() {
    let ended = Arc::new(AtomicUsize::new(0));
    let (send, causes) = mpsc::channel();
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), Failure> {
        for _ in 0..4 {
            let (ended, send) = (ended.clone(), send.clone());
            let child = group.child().finally(move |cx| async move {
                cx.sleep(SHORT).await;
                send.send(cx.operation().context().cause().unwrap().clone())
                    .unwrap();
                ended.fetch_add(1, Ordering::SeqCst);
            });
            group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
        }
        group.spawn(|_| async { Err::<(), _>(Failure::Disk(3)) });
        pending().await
    });
    assert_eq!(block_on(run), Err(Failure::Disk(3)));
    assert_eq!(ended.load(Ordering::SeqCst), 4);
    for why in causes.try_iter() {
        assert_eq!(
            (why.reason(), why.root_reason()),
            (Reason::Parent, Reason::Error)
        );
        assert_eq!(why.message(), Some("disk 3 is full"));
    }
    let context = op.context();
    assert_eq!(context.status(), Status::Failed);
    assert_eq!(context.error(), Some("disk 3 is full"));
    assert_eq!(context.reason(), Some(Reason::Error));
}

#[test]
fn only_the_first_counts() {
    let op = Cancelable::new();
    let run = op.try_run_group(async |group| -> Result<(), Failure> {
        let begun = CancelToken::new();
        let begins = begun.clone();
        let second = group.spawn(|cx| async move {
            begins.cancel();
            cx.shield_future(async { drop(cx.cancelled().await) }).await;
            Err::<(), _>(Failure::Disk(2))
        });
        begun.cancelled().await;
        let first = group.spawn(|_| async { Err::<(), _>(Failure::Disk(1)) });
        group
            .cx()
            .shield_future(async {
                assert_eq!(first.await.unwrap_err().message(), Some("disk 1 is full"));
                // (Its own: no error is lost.)
                assert_eq!(second.await.unwrap_err().message(), Some("disk 2 is full"));
            })
            .await;
        Ok(()) // in vain
    });
    assert_eq!(block_on(run), Err(Failure::Disk(1)));
}

#[test]
fn defect_16_a_timeout_of_a_task_does_not_vanish() {
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), Failure> {
        let hasty = group.child().name("hasty").timeout(SHORT);
        group.spawn_as(hasty, |cx| async move { cx.sleep(LONG).await });
        group.spawn(|cx| async move { cx.sleep(LONG).await });
        Ok(())
    });
    let Err(Failure::Cancelled(why)) = block_on(run) else {
        panic!("the timeout has vanished")
    };
    assert_eq!(why.reason(), Reason::Timeout);
    let context = op.context();
    let error = format!("hasty: cancelled: timeout of {SHORT:?} of \"hasty\"");
    assert_eq!(context.error(), Some(&*error));
    let source = context.cause().unwrap().source().unwrap();
    assert_eq!(source.downcast_ref(), Some(&why));
    let run = Cancelable::new().run_group(async |group| {
        let hasty = group.child().timeout(SHORT);
        group.spawn_as(hasty, |cx| async move { cx.sleep(LONG).await });
    });
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn the_body_fails() {
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), Failure> {
        group.spawn(|cx| async move { cx.sleep(LONG).await });
        Err(Failure::Disk(0))
    });
    assert_eq!(block_on(run), Err(Failure::Disk(0)));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().message(), Some("disk 0 is full"));
}

#[test]
fn the_body_fails_after_the_cancel() {
    let op = Cancelable::with_timeout(SHORT).grace(LONG).build();
    let run = op.try_run_group(async |group| -> Result<(), Failure> {
        let cancelled = async { drop(group.operation().cancelled().await) };
        group.cx().shield_future(cancelled).await;
        Err(Failure::Disk(0))
    });
    assert_eq!(block_on(run), Err(Failure::Disk(0)));
    assert_eq!(op.status(), Status::Cancelled); // as in `try_run`
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
}

fn caught(run: impl Future<Output = Result<(), Cancelled>>) -> &'static str {
    let caught = catch_unwind(AssertUnwindSafe(|| block_on(run)));
    caught.unwrap_err().downcast_ref::<&'static str>().unwrap()
}

#[test]
fn a_panic_of_a_task_goes_on_when_all_are_over() {
    let ended = Arc::new(AtomicUsize::new(0));
    let op = Cancelable::new().build();
    let in_task = ended.clone();
    let run = op.run_group(async |group| {
        let child = group.child().finally(move |cx| async move {
            cx.sleep(SHORT).await;
            in_task.fetch_add(1, Ordering::SeqCst);
        });
        group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
        group.spawn_as(group.child().name("bad"), |_| async {
            resume_unwind(Box::new("seven"))
        });
        pending::<()>().await;
    });
    assert_eq!(caught(run), "seven");
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().message(), Some("bad: panicked: seven"));
}

#[test]
fn a_panic_of_the_body_does_so_too() {
    let ended = Arc::new(AtomicUsize::new(0));
    let in_task = ended.clone();
    let op = Cancelable::new().build();
    let run = op.run_group(async |group| {
        let child = group.child().finally(move |cx| async move {
            cx.sleep(SHORT).await;
            in_task.fetch_add(1, Ordering::SeqCst);
        });
        group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
        resume_unwind(Box::new("eight"))
    });
    assert_eq!(caught(run), "eight");
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    assert_eq!(op.context().error(), Some("panicked: eight"));
}

#[test]
fn a_panic_after_the_cancel_is_not_lost() {
    let op = Cancelable::with_timeout(SHORT).build();
    let run = op.run_group(async |group| {
        let child = group
            .child()
            .finally(|_| async { resume_unwind(Box::new("in a cleanup")) });
        group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
    });
    assert_eq!(caught(run), "in a cleanup");
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn a_panic_of_a_callback_of_the_token_is_not_lost() {
    let op = Cancelable::new().build();
    let _registration = op
        .token()
        .on_cancel(|_| resume_unwind(Box::new("callback")));
    let run = op.run_group(async |group| {
        let hasty = group.child().timeout(SHORT);
        group.spawn_as(hasty, |cx| async move { cx.sleep(LONG).await });
    });
    assert_eq!(caught(run), "callback");
}

#[test]
fn an_error_that_panics_when_looked_at() {
    #[derive(Debug)]
    struct Bad;
    impl Error for Bad {}
    impl fmt::Display for Bad {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            resume_unwind(Box::new("text"))
        }
    }
    impl From<Cancelled> for Bad {
        fn from(_: Cancelled) -> Self {
            Bad
        }
    }
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), Bad> {
        group.spawn(|_| async { Err::<(), _>(Bad) });
        pending().await
    });
    let caught = catch_unwind(AssertUnwindSafe(|| block_on(run).is_err()));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"text"));
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn an_executor_that_refuses() {
    let op = Rt::Refuses.op().build();
    let run = op.run_group(async |group| {
        let task = group.spawn_as(group.child().name("part"), |_| async { 5 });
        assert_eq!(group.running(), 0);
        let operation = task.operation().clone();
        group
            .cx()
            .shield_future(async move {
                let why = task.await.unwrap_err();
                assert_eq!(why.message(), Some("part: cannot spawn: closed for today"));
            })
            .await;
        assert!(operation.is_cancelled());
        pending::<()>().await;
    });
    let why = block_on(run).unwrap_err();
    assert_eq!(why.reason(), Reason::Error);
    assert_eq!(
        why.source().unwrap().to_string(),
        "cannot spawn: closed for today"
    );
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn an_executor_that_drops_its_tasks() {
    let held = Arc::new(());
    for at_once in [true, false] {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let rt = if at_once {
            Rt::Drops
        } else {
            Rt::Keeps(kept.clone())
        };
        let op = rt.op();
        let run = op.run_group(async |group| {
            let in_task = held.clone();
            group.spawn(move |cx| async move {
                cx.sleep(LONG).await;
                drop(in_task);
            });
            let tasks = std::mem::take(&mut *kept.lock().unwrap());
            drop(tasks);
            pending::<()>().await;
        });
        let why = block_on(run).unwrap_err();
        assert_eq!(why.reason(), Reason::Dropped);
        assert_eq!(why.message(), Some("the executor dropped the task"));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[test]
fn an_executor_that_ends_tasks_at_once() {
    let run = Rt::Drops
        .op()
        .run_group(async |group| group.spawn(|_| async { 5 }).await);
    assert_eq!(block_on(run), Ok(Ok(5)));
}

#[test]
fn an_executor_that_panics() {
    let op = Rt::Panics.op().build();
    let run = op.run_group(async |group| {
        group.spawn(|_| async {});
    });
    assert_eq!(caught(run), "executor");
    assert_eq!(op.status(), Status::Failed);
}
