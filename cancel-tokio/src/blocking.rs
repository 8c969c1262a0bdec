//! Parts of an operation that block, on tokio's pool.

use crate::runtime::HasHandle;
use cancel_core::{Cancelled, Cause, Reason};
use cancel_std::Runtime;
use cancel_std::generic::Cx;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

/// [`Cx::run_in_thread`] on tokio's pool for blocking work: calls `f` there, and waits for it.
///
/// Inside, the operation is the [current](Cx::current) one, and the runtime is there. `f` is not
/// called if the operation is cancelled before a thread is free; once it has begun, it has to
/// [`check`](Cx::check) for itself. With the `Cx` of a [shield](Cx::shield) or of a cleanup it works although the
/// operation is cancelled. For [`Tokio`](crate::Tokio) and [`On`](crate::On).
///
/// # Errors
///
/// [`Cancelled`] if `f` was not called: why the operation was cancelled; *error* if there is no runtime;
/// *dropped* if that has been shut down.
///
/// # Panics
///
/// If `f` does. Also if the pool has no thread at all, and the system does not give it one.
///
/// # Cancel safety
///
/// If the future is dropped before `f` has begun, `f` is dropped, too. After that `f` goes on, and
/// nobody waits for it; if it is the operation's body that is dropped, `f` sees that in `check`. To
/// wait for it in any case, call it with the `Cx` of a [shield](Cx::shield).
///
/// # Examples
///
/// ```
/// use cancel_tokio::{Cancelable, current_id, run_in_blocking_pool};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let op = Cancelable::new().build();
/// let run = op.run(async |cx| run_in_blocking_pool(cx, |_| current_id()).await);
/// assert_eq!(run.await, Ok(Ok(Some(op.id()))));
/// # }
/// ```
pub fn run_in_blocking_pool<R, T, F>(
    cx: &Cx<R>,
    f: F,
) -> impl Future<Output = Result<T, Cancelled>> + Send + use<R, T, F>
where
    R: Runtime + HasHandle,
    T: Send + 'static,
    F: FnOnce(&Cx<R>) -> T + Send + 'static,
{
    let cx = cx.clone();
    async move {
        cx.check()?;
        let handle = cx.runtime().handle().map_err(|error| {
            let cause = Cause::new(Reason::Error).with_message(error.to_string());
            Cancelled::from(cause.with_error(error))
        })?;
        let work = TakenBack(Arc::new(Mutex::new(Some((f, cx.hold_groups())))));
        let slot = TakenBack(work.0.clone());
        let called = handle.spawn_blocking(move || -> Result<Option<T>, Cancelled> {
            cx.check()?;
            Ok(slot.take().map(|(f, _held)| cx.within(f)))
        });
        match called.await.map_err(|error| error.try_into_panic()) {
            Ok(Ok(Some(output))) => Ok(output),
            Ok(Err(cancelled)) => Err(cancelled),
            Err(Ok(payload)) => resume_unwind(payload),
            Ok(Ok(None)) | Err(Err(_)) => {
                let cause = Cause::from((Reason::Dropped, "the runtime dropped the call"));
                Err(Cancelled::from(cause))
            }
        }
    }
}

/// Dropped with its future, instead of when a thread of the pool comes across it.
struct TakenBack<F>(Arc<Mutex<Option<F>>>);

impl<F> TakenBack<F> {
    fn take(&self) -> Option<F> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<F> Drop for TakenBack<F> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
