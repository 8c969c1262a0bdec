//! Executors that do not run what they were given, and closures on other threads.

use cancel_core::{Spawn, SpawnError, Timer};
use cancel_std::testing::{TestWaker, VirtualTime};
use cancel_std::{Instant, Reason, Status, generic};
use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(secs: u64) -> Instant {
    Instant::EPOCH + Duration::from_secs(secs)
}

type Given = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A virtual clock, and an executor that nobody runs.
#[derive(Clone)]
struct Dead {
    time: VirtualTime,
    given: Arc<Mutex<Vec<Given>>>,
    forgets: bool,
}

impl Dead {
    fn new(forgets: bool) -> Self {
        Dead {
            time: VirtualTime::new(),
            given: Arc::default(),
            forgets,
        }
    }

    fn op(&self) -> generic::Cancelable<Dead> {
        generic::Cancelable::on(self.clone())
    }
}

impl Timer for Dead {
    type Sleep = <VirtualTime as Timer>::Sleep;

    fn now(&self) -> Instant {
        self.time.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.time.sleep_until(deadline)
    }
}

impl Spawn for Dead {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match self.forgets {
            true => std::mem::forget(future),
            false => self.given.lock().unwrap().push(Box::pin(future)),
        }
        Ok(())
    }
}

#[test]
fn x9_a_group_on_a_dead_executor_ends_in_time() {
    for forgets in [false, true] {
        for grace in [0, 3] {
            let dead = Dead::new(forgets);
            let op = dead.op().timeout(secs(10)).grace(secs(grace)).build();
            let held = Arc::new(());
            let cleaned = Arc::new(AtomicUsize::new(0));
            let run = op.run_group(async |group| {
                let mut tasks = Vec::new();
                for _ in 0..3 {
                    let (held, cleaned) = (held.clone(), cleaned.clone());
                    let child = group.child().finally(move |_| async move {
                        cleaned.fetch_add(1, Ordering::SeqCst);
                    });
                    tasks.push(group.spawn_as(child, move |_| async move {
                        let _held = held;
                        unreachable!("nobody runs it");
                        #[allow(unreachable_code)]
                        ()
                    }));
                }
                tasks
            });
            let why = dead.time.block_on(run).map(drop).unwrap_err();
            assert_eq!(
                (why.reason(), dead.time.now()),
                (Reason::Timeout, at(10 + grace))
            );
            assert_eq!(
                (op.status(), op.context().cut_off()),
                (Status::Cancelled, 3)
            );
            // They ended as tasks do that are cancelled before they begin.
            assert_eq!(
                (cleaned.load(Ordering::SeqCst), Arc::strong_count(&held)),
                (3, 1)
            );
            // If the executor comes to them after all, there is nothing to do.
            let waker = TestWaker::counting();
            for mut task in std::mem::take(&mut *dead.given.lock().unwrap()) {
                assert!(waker.poll(task.as_mut()).is_ready());
            }
        }
    }
}

#[test]
fn x9_the_handles_say_so() {
    let dead = Dead::new(false);
    let op = dead.op().timeout(secs(10)).build();
    let (send, handles) = mpsc::channel();
    let run = op.run_group(async |group| {
        send.send(group.spawn(|_| async { 5 })).unwrap();
        pending::<()>().await;
    });
    assert!(dead.time.block_on(run).is_err());
    let task = handles.recv().unwrap();
    assert_eq!(task.operation().status(), Status::Cancelled);
    assert_eq!(
        dead.time.block_on(task).unwrap_err().root_reason(),
        Reason::Timeout
    );
}

#[test]
fn x9_what_a_task_that_was_taken_back_spawns_is_taken_back() {
    let dead = Dead::new(true);
    let op = dead.op().timeout(secs(10)).build();
    let run = op.run_group(async |group| {
        let siblings = group.clone();
        let child = group.child().finally(move |cx| async move {
            siblings.spawn(|_| async {});
            cancel_std::Timer::sleep(cx.runtime(), secs(1))
                .await
                .unwrap();
            siblings.spawn(|_| async {});
        });
        group.spawn_as(child, |_| async {});
    });
    assert!(dead.time.block_on(run).is_err());
    assert_eq!((dead.time.now(), op.context().cut_off()), (at(11), 3));
}

#[test]
fn x9_a_task_that_began_is_dropped_by_its_executor() {
    let dead = Dead::new(false);
    let op = dead.op().build();
    let given = dead.given.clone();
    let run = op.run_group(async |group| {
        group.spawn(|_| pending::<()>());
        let mut task = given.lock().unwrap().pop().unwrap();
        assert!(TestWaker::counting().poll(task.as_mut()).is_pending());
        drop(task);
        pending::<()>().await;
    });
    assert_eq!(
        dead.time.block_on(run).unwrap_err().reason(),
        Reason::Dropped
    );
}

/// A group whose task has a closure on another thread that does not look at the cancelation.
fn with_a_closure(force: bool) {
    let (begin, begun) = smol::channel::bounded(1);
    let (release, released) = mpsc::channel::<()>();
    let over = Arc::new(AtomicUsize::new(0));
    let count = over.clone();
    let op = cancel_std::Cancelable::new().build();
    let mut run = Box::pin(op.run_group(async |group| {
        group.spawn(|cx| async move {
            let closure = move |_: &cancel_std::Cx| {
                begin.try_send(()).unwrap();
                let _ = released.recv();
                count.fetch_add(1, Ordering::SeqCst);
            };
            let _ = cx.run_in_thread(closure).await;
        });
        begun.recv().await.unwrap();
        group.operation().cancel();
        pending::<()>().await;
    }));
    // Until nothing is left to wait for but the closure.
    let (gone, is_gone) = mpsc::channel();
    let handle = op.clone();
    let ends = std::thread::spawn(move || {
        while handle.context().cut_off() == 0 {
            std::thread::yield_now();
        }
        if force {
            handle.force();
        }
        gone.send(()).unwrap();
    });
    let is_over = || over.load(Ordering::SeqCst);
    if force {
        assert!(cancel_std::block_on(run).is_err());
        assert_eq!(is_over(), 0);
        drop(release);
    } else {
        let waker = TestWaker::counting();
        while waker.poll(run.as_mut()).is_pending() && is_gone.try_recv().is_err() {
            std::thread::yield_now();
        }
        assert!(waker.poll(run.as_mut()).is_pending());
        assert_eq!(is_over(), 0);
        release.send(()).unwrap();
        assert!(cancel_std::block_on(run).is_err());
        assert_eq!(is_over(), 1);
    }
    ends.join().unwrap();
}

#[test]
fn x24_closures_on_other_threads_are_waited_for() {
    with_a_closure(false);
}

#[test]
fn x24_unless_the_group_is_forced() {
    with_a_closure(true);
}

#[test]
fn x24_the_closure_of_an_operation_inside_a_task() {
    let (begin, begun) = smol::channel::bounded(1);
    let (release, released) = mpsc::channel::<()>();
    let over = Arc::new(AtomicUsize::new(0));
    let count = over.clone();
    let run = cancel_std::Cancelable::new().run_group(async |group| {
        let task = group.spawn(|cx| async move {
            let inner = cx.child();
            let run = inner.run(async |cx| {
                let closure = move |_: &cancel_std::Cx| {
                    begin.try_send(()).unwrap();
                    let _ = released.recv();
                    count.fetch_add(1, Ordering::SeqCst);
                };
                let mut call = Box::pin(cx.run_in_thread(closure));
                let begun = async { begun.recv().await.unwrap() };
                // Polled until it has begun, and then left alone.
                futures_util::future::select(&mut call, Box::pin(begun)).await;
            });
            run.await
        });
        task.await.unwrap();
        std::thread::spawn(move || release.send(()));
    });
    assert_eq!(cancel_std::block_on(run), Ok(()));
    assert_eq!(over.load(Ordering::SeqCst), 1);
}
