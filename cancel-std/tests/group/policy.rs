//! Each for itself, limits, outcomes as they come, errors, registries, local tasks.

use cancel_core::{SpawnError, SpawnLocal, Timer};
use cancel_std::testing::{TestWaker, VirtualTime};
use cancel_std::{Filter, Instant, Reason, Registry, Status, TaskSet, generic};
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::pending;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(secs: u64) -> Instant {
    Instant::EPOCH + Duration::from_secs(secs)
}

#[test]
fn e3_each_for_itself_whatever_happens_to_a_task() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    let run = op.run_group(async |group| {
        let good = group.spawn(|cx| async move {
            cx.sleep(secs(5)).await;
            "good"
        });
        let failing = group.child().name("failing");
        let failing = group.spawn_as(failing, |_| async { Err::<(), _>("out of ink") });
        let panicking = group.child().name("panicking");
        let panicking = group.spawn_as(panicking, |_| async { resume_unwind(Box::new("seven")) });
        let slow = group.child().name("slow").timeout(secs(1));
        let slow = group.spawn_as(slow, |_| pending::<()>());
        let why = failing.await.unwrap_err();
        assert_eq!(
            (why.reason(), why.message()),
            (Reason::Error, Some("failing: out of ink"))
        );
        assert_eq!(why.source().unwrap().to_string(), "out of ink");
        let why = panicking.await.unwrap_err();
        assert_eq!(why.message(), Some("panicking: panicked: seven"));
        assert_eq!(slow.await.unwrap_err().reason(), Reason::Timeout);
        assert!(!group.operation().is_cancelled());
        good.await
    });
    assert_eq!(time.block_on(run), Ok(Ok("good")));
    assert_eq!((op.status(), time.now()), (Status::Completed, at(5)));
    let context = op.context();
    let names: Vec<_> = context
        .task_errors()
        .iter()
        .map(|error| error.name())
        .collect();
    assert_eq!(names, [Some("failing"), Some("panicking"), Some("slow")]);
    assert_eq!((context.task_error_count(), context.cut_off()), (3, 0));
}

#[test]
fn e3_each_for_itself_ends_with_its_body_or_a_cancel() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself();
    let run = op.try_run_group(async |group| -> Result<(), Box<dyn Error>> {
        group.spawn(|_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        Err("the body fails".into())
    });
    assert_eq!(
        time.block_on(run).unwrap_err().to_string(),
        "the body fails"
    );
    let op = time.operation().each_for_itself().timeout(secs(1)).build();
    let run = op.run_group(async |group| {
        group.spawn(|_| pending::<()>());
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(op.context().cut_off(), 1);
}

#[test]
fn e3_outcomes_as_they_come() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself();
    let run = op.run_group(async |group| {
        let mut tasks = TaskSet::new();
        assert!(tasks.join_next().await.is_none());
        for n in [3u64, 1, 0, 2] {
            let child = group.child().name(format!("{n}"));
            tasks.push(group.spawn_as(child, move |cx| async move {
                cx.sleep(secs(n)).await;
                if n == 2 { Err("two") } else { Ok(n) }
            }));
        }
        let mut came = Vec::new();
        while let Some(end) = tasks.join_next().await {
            assert_eq!(end.id(), end.operation.id());
            let result = end
                .result
                .clone()
                .map_err(|why| why.source().unwrap().to_string());
            came.push((end.name().unwrap().to_owned(), result, time.now()));
        }
        // It can be filled again, also with tasks that have ended.
        let task = group.spawn(|_| async { 7 });
        group.cx().sleep(secs(1)).await;
        tasks.push(task);
        assert_eq!(tasks.join_next().await.unwrap().result, Ok(7));
        came
    });
    let expected = [
        ("0".to_owned(), Ok(0), at(0)),
        ("1".to_owned(), Ok(1), at(1)),
        ("2".to_owned(), Err("two".to_owned()), at(2)),
        ("3".to_owned(), Ok(3), at(3)),
    ];
    assert_eq!(time.block_on(run).unwrap(), expected);
}

#[test]
fn e3_a_join_that_is_dropped_takes_nothing() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let mut tasks: TaskSet<_, _> = (0..2)
            .map(|n| group.spawn(move |_| async move { n }))
            .collect();
        let waker = TestWaker::counting();
        let mut join = Box::pin(tasks.join_next());
        assert!(waker.poll(join.as_mut()).is_pending());
        drop(join);
        group.cx().sleep(secs(1)).await;
        let mut all = [
            tasks.join_next().await.unwrap().result.unwrap(),
            tasks.join_next().await.unwrap().result.unwrap(),
        ];
        all.sort_unstable();
        assert_eq!((all, tasks.len()), ([0, 1], 0));
    });
    time.block_on(run).unwrap();
}

#[test]
fn e3_a_limit_of_tasks_at_once() {
    let time = VirtualTime::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let op = time.operation().task_limit(2);
    let run = op.run_group(async |group| {
        for n in 0..5u64 {
            let (log, clock) = (log.clone(), time.clone());
            group.spawn(move |cx| async move {
                log.lock().unwrap().push((n, clock.now()));
                cx.sleep(secs(1)).await;
            });
        }
        assert_eq!(group.running(), 5);
    });
    time.block_on(run).unwrap();
    let begun = log.lock().unwrap().clone();
    assert_eq!(
        begun,
        [(0, at(0)), (1, at(0)), (2, at(1)), (3, at(1)), (4, at(2))]
    );
}

#[test]
fn e3_cancelled_while_queued() {
    let time = VirtualTime::new();
    let op = time.operation().task_limit(1).build();
    let run = op.run_group(async |group| {
        let first = group.spawn(|cx| async move { cx.sleep(secs(10)).await });
        let queued = group.spawn_value(|_| async { unreachable!("never begins") });
        let last = group.spawn(|_| async { 5 });
        group.cx().sleep(secs(1)).await;
        queued.operation().cancel_with("not needed");
        let result: Result<(), _> = queued.await;
        assert_eq!(result.unwrap_err().message(), Some("not needed"));
        assert_eq!(time.now(), at(1)); // at once, although no place is free
        assert_eq!((last.await, time.now()), (Ok(5), at(10)));
        first.await.unwrap();
        // All of them, by the group.
        group.spawn(|_| pending::<()>());
        for _ in 0..3 {
            group.spawn(|_| async { unreachable!("never begins") });
        }
        group.cx().sleep(secs(1)).await;
        group.operation().cancel();
    });
    assert!(time.block_on(run).is_err());
    assert_eq!((op.context().cut_off(), time.pending_tasks()), (4, 0));
    assert_eq!(time.now(), at(11));
}

/// Wakers are foreign: they are cloned, woken and dropped while nothing of the group is locked.
#[test]
fn e3_wakers_of_queued_tasks_may_come_back_to_the_group() {
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(Local(time.clone())).task_limit(1);
    let seen = Arc::new(OnceLock::<cancel_std::TaskGroup<Local>>::new());
    let mut run = Box::pin(op.run_group(async |group| {
        seen.set(group.clone()).unwrap();
        group.spawn_local(|cx| async move { cx.sleep(secs(1)).await });
        group.spawn_local(|_| async {});
        let cancelled = group.spawn_local(|_| pending::<()>());
        cancelled.operation().cancel();
    }));
    let own = seen.clone();
    let comes_back = move || {
        let _ = own.get().map(|group| group.running());
    };
    let waker = TestWaker::counting().on_wake(comes_back.clone());
    let waker = waker.on_clone(comes_back.clone()).on_drop(comes_back);
    assert!(waker.poll(run.as_mut()).is_pending());
    let group = seen.get().unwrap();
    let mut tasks = TASKS.take();
    assert_eq!((tasks.len(), group.running()), (3, 3));
    for _ in 0..2 {
        tasks.retain_mut(|task| waker.poll(task.as_mut()).is_pending());
        time.advance(secs(1));
    }
    tasks.retain_mut(|task| waker.poll(task.as_mut()).is_pending());
    assert_eq!((tasks.len(), group.running()), (0, 0));
    assert!(waker.poll(run.as_mut()).is_ready());
}

#[test]
fn e3_a_place_is_free_again_however_a_task_ends() {
    let time = VirtualTime::new();
    let op = time.operation().task_limit(1).each_for_itself().build();
    let run = op.run_group(async |group| {
        group.spawn(|_| async { Err::<(), _>("fails") });
        group.spawn(|_| async { resume_unwind(Box::new("panics")) });
        group.spawn_as(group.child().timeout(secs(1)), |_| pending::<()>());
        let cancelled = group.spawn(|_| pending::<()>());
        cancelled.operation().cancel();
        group.spawn(|_| async { 5 }).await
    });
    assert_eq!(time.block_on(run), Ok(Ok(5)));
    // A task that is queued is dropped by its executor, and so is the one that runs.
    let op = time.operation().task_limit(1).each_for_itself().build();
    let run = op.run_group(async |group| {
        group.spawn(|_| pending::<()>());
        group.spawn(|_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        time.drop_tasks();
        group.spawn(|_| async { 5 }).await
    });
    assert_eq!(time.block_on(run), Ok(Ok(5)));
    assert_eq!(op.context().task_error_count(), 2);
}

#[test]
fn e8_all_errors_with_the_names_of_their_tasks() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(5)).build();
    let run = op.run_group(async |group| {
        for n in 0..3u64 {
            let child = group.child().name(format!("part {n}"));
            group.spawn_as(child, move |cx| async move {
                let clock = cx.runtime().clone();
                Timer::sleep(&clock, secs(n + 1)).await.unwrap();
                Err::<(), _>(format!("error {n}"))
            });
        }
        group.spawn(|cx| async move {
            cx.cancelled().await;
            cx.check() // not an error of its own
        });
    });
    assert_eq!(
        time.block_on(run).unwrap_err().message(),
        Some("part 0: error 0")
    );
    let context = op.context();
    let texts: Vec<_> = context
        .task_errors()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        ["part 0: error 0", "part 1: error 1", "part 2: error 2"]
    );
    assert_eq!(context.error(), Some("part 0: error 0"));
    assert_eq!(context.task_errors()[1].name(), Some("part 1"));
}

#[test]
fn e8_the_list_is_bounded() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    let run = op.run_group(async |group| {
        for n in 0..1000 {
            group.spawn(move |_| async move { Err::<(), _>(n.to_string()) });
        }
    });
    time.block_on(run).unwrap();
    let context = op.context();
    assert_eq!(
        (context.task_errors().len(), context.task_error_count()),
        (64, 1000)
    );
    assert_eq!(context.task_errors()[63].to_string(), "63");
}

#[test]
fn tasks_stand_in_the_registry_of_their_group() {
    let time = VirtualTime::new();
    let registry = Registry::new();
    let op = time.operation().name("server").register(&registry).build();
    let run = op.run_group(async |group| {
        group.spawn(|_| pending::<()>());
        group.spawn_as(group.child().name("named"), |_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        let listed = registry.list(&Filter::new());
        assert_eq!(listed.len(), 3);
        let tasks = listed.iter().filter(|context| context.id() != op.id());
        for task in tasks {
            assert_eq!(
                (task.parent_id(), task.status()),
                (Some(op.id()), Status::Running)
            );
        }
        assert_eq!(
            registry.cancel_where(&Filter::new().name("named"), "enough"),
            1
        );
        group.cx().sleep(secs(1)).await;
        assert_eq!(registry.len(), 2);
        group.operation().cancel();
    });
    assert!(time.block_on(run).is_err());
    assert!(registry.is_empty());
}

/// A virtual clock, and tasks that stay here.
#[derive(Clone)]
struct Local(VirtualTime);

type LocalTask = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    static TASKS: RefCell<Vec<LocalTask>> = const { RefCell::new(Vec::new()) };
}

impl Timer for Local {
    type Sleep = <VirtualTime as Timer>::Sleep;

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.0.sleep_until(deadline)
    }
}

impl SpawnLocal for Local {
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static,
    {
        TASKS.with_borrow_mut(|tasks| tasks.push(Box::pin(future)));
        Ok(())
    }
}

/// Polls what was spawned here.
fn run_tasks(cx: &mut std::task::Context<'_>) {
    let mut tasks = TASKS.take();
    tasks.retain_mut(|task| task.as_mut().poll(cx).is_pending());
    TASKS.with_borrow_mut(|new| new.append(&mut tasks));
}

#[test]
fn e3_local_tasks_need_not_be_send() {
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(Local(time.clone())).task_limit(2);
    let counter = Rc::new(Cell::new(0));
    let mut run = Box::pin(op.run_group(async |group| {
        let tasks: Vec<_> = (1..=4)
            .map(|n| {
                let counter = counter.clone();
                group.spawn_local(move |cx| async move {
                    cx.sleep(secs(1)).await;
                    counter.set(counter.get() + n);
                    if n == 7 { Err("seven") } else { Ok(counter) }
                })
            })
            .collect();
        let mut last = 0;
        for task in tasks {
            last = task.await.unwrap().get();
        }
        last
    }));
    let both = std::future::poll_fn(|cx| {
        run_tasks(cx);
        let poll = run.as_mut().poll(cx);
        run_tasks(cx);
        poll
    });
    assert_eq!(time.block_on(both), Ok(10));
    assert_eq!((counter.get(), time.now()), (10, at(2)));
}

#[test]
fn x9_local_tasks_that_never_begin() {
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(Local(time.clone()))
        .timeout(secs(10))
        .build();
    let counter = Rc::new(Cell::new(0));
    let handle = RefCell::new(None);
    let run = op.run_group(async |group| {
        let counter = counter.clone();
        let task = group.spawn_local(move |_| async move { counter.set(1) });
        *handle.borrow_mut() = Some(task);
        pending::<()>().await;
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!((time.now(), op.context().cut_off()), (at(10), 1));
    let task = handle.take().unwrap();
    assert_eq!(time.block_on(task).unwrap_err().reason(), Reason::Timeout);
    // Whatever their executor does with them now.
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    run_tasks(&mut cx);
    assert_eq!(TASKS.take().len(), 0);
    assert_eq!((counter.get(), Rc::strong_count(&counter)), (0, 1));
}
