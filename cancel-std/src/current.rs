//! Which operation is running here.

use crate::id::OperationId;
use cancel_core::CancelToken;
use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// The bodies that are being polled on this thread, innermost last.
    static RUNNING: RefCell<Vec<Arc<dyn Entry>>> = const { RefCell::new(Vec::new()) };
}

/// An operation whose runtime is not known.
pub(crate) trait Entry: Send + Sync {
    fn id(&self) -> OperationId;
    fn token(&self) -> CancelToken;
    fn any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// An entry, to be shown whenever its body is polled. Moved to the thread and back, not copied.
pub(crate) struct Ticket(Option<Arc<dyn Entry>>);

impl Ticket {
    pub(crate) fn new(entry: Arc<dyn Entry>) -> Self {
        Ticket(Some(entry))
    }

    /// Until the guard is dropped.
    pub(crate) fn show(&mut self) -> Shown<'_> {
        // (A thread that is ending has no place for it any more: then it is not shown.)
        let _ = RUNNING.try_with(|running| running.borrow_mut().extend(self.0.take()));
        Shown(self)
    }
}

pub(crate) struct Shown<'a>(&'a mut Ticket);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        let back = RUNNING.try_with(|running| running.borrow_mut().pop());
        if self.0.0.is_none() {
            self.0.0 = back.ok().flatten();
        }
    }
}

/// Shows an entry while `body` runs.
pub(crate) fn within<E: Entry + 'static, T>(entry: &Arc<E>, body: impl FnOnce() -> T) -> T {
    let mut ticket = Ticket::new(entry.clone());
    let _shown = ticket.show();
    body()
}

/// The innermost entry for which `find` has an answer.
pub(crate) fn find<T>(find: impl Fn(&Arc<dyn Entry>) -> Option<T>) -> Option<T> {
    let entries = RUNNING.try_with(|running| running.borrow().clone()).ok()?;
    entries.iter().rev().find_map(find)
}

/// The token of the operation whose body is running here, whatever its runtime; `None` outside of
/// one. For libraries that want to be cancelable without being given a token.
///
/// It is known while the body of an operation is being polled, in everything that it calls and
/// awaits, and inside [`run_in_thread`](crate::Operation::run_in_thread) and
/// [`run_blocking`](crate::Operation::run_blocking). Tasks and threads that the body spawns by other
/// means are not part of it.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, current_token};
///
/// fn library() -> bool {
///     current_token().is_some_and(|token| token.is_cancelled())
/// }
///
/// assert!(!library());
/// let run = Cancelable::new().run(async |cx| {
///     cx.cancel();
///     library()
/// });
/// assert_eq!(smol::block_on(run), Ok(true));
/// ```
pub fn current_token() -> Option<CancelToken> {
    find(|entry| Some(entry.token()))
}

/// The id of the operation whose body is running here; `None` outside of one.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, current_id};
///
/// let op = Cancelable::new();
/// let run = op.run(async |_| current_id());
/// assert_eq!(smol::block_on(run), Ok(Some(op.id())));
/// assert_eq!(current_id(), None);
/// ```
pub fn current_id() -> Option<OperationId> {
    find(|entry| Some(entry.id()))
}
