//! The time limit of a token: its task against whatever happens to the token meanwhile.

use super::{Count, check, check_bounded};
use cancel_core::{CancelToken, Instant, Reason, Spawn, SpawnError, Timer, TimerError};
use loom::thread;
use std::boxed::Box;
use std::future::{Future, Pending, Ready, pending, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;
use std::vec::Vec;

type Sleep = Result<(), TimerError>;
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A runtime that keeps its tasks for the model to poll.
struct Runtime<S>(S, Mutex<Vec<Task>>);

/// All sleeps are over at once.
fn due() -> Runtime<fn() -> Ready<Sleep>> {
    Runtime(|| ready(Ok(())), Mutex::default())
}

/// No sleep ever ends.
fn never() -> Runtime<fn() -> Pending<Sleep>> {
    Runtime(pending, Mutex::default())
}

impl<S: Future<Output = Sleep>> Timer for Runtime<fn() -> S> {
    type Sleep = S;
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
    fn sleep_until(&self, _: Instant) -> S {
        (self.0)()
    }
}

impl<S> Spawn for Runtime<S> {
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, future: F) -> Result<(), SpawnError> {
        self.1.lock().unwrap().push(Box::pin(future));
        Ok(())
    }
}

impl<S> Runtime<S> {
    fn task(&self) -> Task {
        self.1.lock().unwrap().remove(0)
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn poll(task: &mut Task) -> bool {
    task.as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}

/// Polls a task that is due.
fn fire(mut task: Task) {
    assert!(poll(&mut task));
}

/// A task that was polled once, the wakes since, and whether it is over.
type Rested = (Task, Arc<Count>, bool);

fn rest(mut task: Task) -> Rested {
    let (count, waker) = Count::new();
    let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
    (task, count, polled.is_ready())
}

/// A task whose token needs it no more is over, or was woken and is over then.
fn is_told((mut task, count, done): Rested) {
    if !done {
        assert_eq!(count.woken(), 1);
        assert!(poll(&mut task));
    }
}

#[test]
fn x17_due_vs_the_last_drop() {
    check(|| {
        let runtime = due();
        let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
        let task = runtime.task();
        let firing = thread::spawn(move || fire(task));
        drop(token);
        firing.join().unwrap();
    });
}

#[test]
fn x17_due_vs_two_last_drops() {
    check_bounded(2, || {
        let runtime = due();
        let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
        let (task, clone) = (runtime.task(), token.clone());
        let firing = thread::spawn(move || fire(task));
        let dropping = thread::spawn(move || drop(clone));
        drop(token);
        firing.join().unwrap();
        dropping.join().unwrap();
    });
}

/// Armed, dropped and due elsewhere, while the last handle goes: it has to see that.
#[test]
fn x17_armed_vs_the_last_drop() {
    check(|| {
        let token = CancelToken::new();
        let clone = token.clone();
        let arming = thread::spawn(move || {
            let runtime = due();
            clone.cancel_after(&runtime, SECOND).unwrap();
            drop(clone);
            fire(runtime.task());
        });
        drop(token);
        arming.join().unwrap();
    });
}

#[test]
fn x17_due_vs_cancel() {
    for with_child in [false, true] {
        check(move || {
            let runtime = due();
            let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
            let child = with_child.then(|| token.child());
            let task = runtime.task();
            let firing = thread::spawn(move || fire(task));
            let won = token.cancel_with(Reason::Shutdown);
            let cause = token.cause().unwrap();
            assert_eq!(won, cause.reason() == Reason::Shutdown);
            assert_eq!(cause.limit(), (!won).then_some(SECOND));
            drop(token);
            firing.join().unwrap();
            if let Some(child) = child {
                assert_eq!(child.cause().unwrap().limit(), cause.limit());
            }
        });
    }
}

/// The token may be freed as soon as the canceller above has let go of it.
#[test]
fn x17_due_vs_cancel_above_vs_drop() {
    check_bounded(2, || {
        let runtime = due();
        let root = CancelToken::new();
        let token = root.child_with_timeout(&runtime, SECOND).unwrap();
        let task = runtime.task();
        let firing = thread::spawn(move || fire(task));
        let dropping = thread::spawn(move || drop(token));
        root.cancel();
        firing.join().unwrap();
        dropping.join().unwrap();
    });
}

#[test]
fn x17_another_limit_vs_due() {
    check(|| {
        let (before, after) = (due(), never());
        let token = CancelToken::with_timeout(&before, SECOND).unwrap();
        let task = before.task();
        let firing = thread::spawn(move || fire(task));
        token.cancel_after(&after, 2 * SECOND).unwrap();
        firing.join().unwrap();
        match token.cause() {
            // It was due before.
            Some(cause) => assert_eq!(cause.limit(), Some(SECOND)),
            None => assert_eq!(token.deadline(), Some(Instant::EPOCH + 2 * SECOND)),
        }
        drop(token);
        let tasks = std::mem::take(&mut *after.1.lock().unwrap());
        tasks.into_iter().for_each(fire);
    });
}

#[test]
fn x17_two_other_limits() {
    check(|| {
        let runtime = never();
        let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
        let first = runtime.task();
        let clone = token.clone();
        let arming = thread::spawn(move || {
            let runtime = never();
            clone.cancel_after(&runtime, 3 * SECOND).unwrap();
            runtime.task()
        });
        token.cancel_after(&runtime, 2 * SECOND).unwrap();
        let theirs = arming.join().unwrap();
        fire(first); // closed
        let at = token.deadline();
        let mut tasks = [(2 * SECOND, runtime.task()), (3 * SECOND, theirs)];
        for (limit, task) in &mut tasks {
            assert_eq!(
                poll(task),
                at != Some(Instant::EPOCH + *limit),
                "one of them is left"
            );
        }
        token.clear_timeout();
        let left = tasks
            .iter_mut()
            .filter(|(limit, _)| at == Some(Instant::EPOCH + *limit));
        left.for_each(|(_, task)| assert!(poll(task)));
    });
}

/// A follower is kept by its dependents as well.
#[test]
fn x17_a_follower_that_is_due_goes() {
    check_bounded(2, || {
        let runtime = due();
        let source = CancelToken::new();
        let any = CancelToken::any([&source]);
        any.cancel_after(&runtime, SECOND).unwrap();
        let (task, child) = (runtime.task(), any.child());
        let firing = thread::spawn(move || fire(task));
        let dropping = thread::spawn(move || drop(child));
        drop(any);
        firing.join().unwrap();
        dropping.join().unwrap();
        drop(source);
    });
}

#[test]
fn x17_a_follower_that_is_due_is_cancelled_by_its_source() {
    check_bounded(2, || {
        let runtime = due();
        let source = CancelToken::new();
        let any = CancelToken::any([&source]);
        any.cancel_after(&runtime, SECOND).unwrap();
        let task = runtime.task();
        let firing = thread::spawn(move || fire(task));
        let dropping = thread::spawn(move || drop(any));
        source.cancel();
        firing.join().unwrap();
        dropping.join().unwrap();
    });
}

/// A task that goes to rest meanwhile is woken, or does not rest.
#[test]
fn x17_the_task_is_told() {
    type End = fn(CancelToken);
    let ends: [End; 3] = [
        drop,
        |token| assert!(token.cancel()),
        |token| token.clear_timeout(),
    ];
    for end in ends {
        check(move || {
            let runtime = never();
            let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
            let task = runtime.task();
            let resting = thread::spawn(move || rest(task));
            end(token);
            is_told(resting.join().unwrap());
        });
    }
}

#[test]
fn x17_the_task_of_a_child_is_told() {
    check(|| {
        let runtime = never();
        let root = CancelToken::new();
        let token = root.child_with_timeout(&runtime, SECOND).unwrap();
        let task = runtime.task();
        let resting = thread::spawn(move || rest(task));
        root.cancel();
        assert!(token.is_cancelled());
        is_told(resting.join().unwrap());
    });
}
