//! The pool, and what depends on it, where threads are few or none.

use super::*;
use crate::threads::blocking::unblock;
use crate::{Cancelable, Condition};
use std::cell::Cell;
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

thread_local! {
    /// Takes the place of the process's pool for work of this thread.
    pub(super) static POOL_HERE: Cell<Option<&'static Pool>> = const { Cell::new(None) };
}

fn leak(start: fn(&'static Pool) -> io::Result<()>) -> &'static Pool {
    Box::leak(Box::new(Pool::new(start)))
}

impl Pool {
    fn call<T, F>(&'static self, f: F) -> impl Future<Output = Result<T, NoThread>> + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let before = POOL_HERE.replace(Some(self));
        let call = unblock(None, f);
        POOL_HERE.set(before);
        call
    }
}

fn refuse(_: &'static Pool) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// X10: work ends with an error, at its first poll, and its parts are dropped; later work tries again.
#[test]
fn x10_without_a_thread_work_ends_with_an_error() {
    static REFUSED: AtomicBool = AtomicBool::new(true);
    let pool = leak(|pool| match REFUSED.load(Ordering::SeqCst) {
        true => refuse(pool),
        false => start(pool),
    });
    let held = Arc::new(());
    let in_work = held.clone();
    assert_eq!(
        smol::block_on(pool.call(move || drop(in_work))),
        Err(NoThread::NoneStarts)
    );
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(pool.lock().queue.is_empty());
    REFUSED.store(false, Ordering::SeqCst);
    assert_eq!(smol::block_on(pool.call(|| 5)), Ok(5));
}

/// X10: where there is a thread, but no further one, work waits for that one.
#[test]
fn x10_with_one_thread_all_work_is_done() {
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    let pool = leak(|pool| match STARTS.fetch_add(1, Ordering::SeqCst) {
        0 => start(pool),
        _ => refuse(pool),
    });
    let (release, wait) = channel::<()>();
    let first = pool.call(move || wait.recv().unwrap());
    let others: Vec<_> = (0..10).map(|number| pool.call(move || number)).collect();
    release.send(()).unwrap();
    smol::block_on(first).unwrap();
    for (number, other) in others.into_iter().enumerate() {
        assert_eq!(smol::block_on(other), Ok(number));
    }
    assert!(STARTS.load(Ordering::SeqCst) > 1);
    assert_eq!(pool.lock().threads, 1);
}

/// X10: an operation whose condition cannot be checked is cancelled, and says why.
#[test]
fn x10_a_condition_without_a_thread_ends_the_operation() {
    POOL_HERE.set(Some(leak(refuse)));
    let condition = Condition::new(|| true, Duration::from_secs(3600)).unwrap();
    let op = Cancelable::new().source(condition.description("disk"));
    let cancelled = smol::block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Error);
    let message = "condition \"disk\" cannot be checked: no thread could be started";
    assert_eq!(cancelled.message(), Some(message));
}

#[test]
fn x10_run_in_thread_without_a_thread_says_so() {
    POOL_HERE.set(Some(leak(refuse)));
    let op = Cancelable::new().build();
    let result = smol::block_on(op.run(async |cx| {
        let error = cx.run_in_thread(|_| 5).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Error);
        assert_eq!(error.message(), Some("no thread could be started"));
        assert!(!cx.is_cancelled());
        6
    }));
    assert_eq!(result, Ok(6));
}

/// X10: a blocking body does without.
#[test]
fn x10_run_blocking_needs_no_thread() {
    POOL_HERE.set(Some(leak(refuse)));
    let ended = Arc::new(AtomicBool::new(false));
    let in_callback = ended.clone();
    let op = Cancelable::new().on_complete(move |_| in_callback.store(true, Ordering::SeqCst));
    assert_eq!(op.run_blocking(|_| 5), Ok(5));
    assert!(ended.load(Ordering::SeqCst));
}

/// Work that waits for other work has a thread of its own, and threads are used again.
#[test]
fn every_work_has_a_thread() {
    let pool = leak(start);
    let (senders, works): (Vec<_>, Vec<_>) = (0..10)
        .map(|number| {
            let (send, receive) = channel::<()>();
            (send, pool.call(move || receive.recv().map(|()| number)))
        })
        .unzip();
    for (number, (send, work)) in senders.into_iter().zip(works).enumerate().rev() {
        send.send(()).unwrap();
        assert_eq!(smol::block_on(work), Ok(Ok(number)));
    }
    assert_eq!(pool.lock().threads, 10);
    // (A panic goes on in the future, not in the thread.)
    let work = pool.call(|| -> () { std::panic::resume_unwind(Box::new("oh")) });
    let poll = AssertUnwindSafe(|| smol::block_on(work));
    assert!(catch_unwind(poll).is_err());
    assert_eq!(smol::block_on(pool.call(|| 5)), Ok(5));
}
