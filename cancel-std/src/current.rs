//! Which operation is running here.

use crate::basics::id::OperationId;
use cancel_core::CancelToken;

mod operation;

#[allow(unsafe_code)]
mod stack;

pub(crate) use operation::CurrentOperation;
pub(crate) use stack::within;

/// The innermost entry of a type.
pub(crate) fn find<E: Clone + 'static>() -> Option<E> {
    stack::find(|entry| entry.any().downcast_ref().cloned())
}

/// The token of the operation whose body is running here, whatever its runtime; `None` outside of
/// one. For libraries that want to be cancelable without being given a token.
///
/// It is known in everything below the operation: while its body is being polled or dropped, in its
/// cleanups, in its callbacks, and inside [`run_in_thread`](crate::generic::Cx::run_in_thread) and
/// [`run_blocking`](crate::generic::Cancelable::run_blocking). In a [shield](crate::generic::Cx::shield), a
/// cleanup, and an asynchronous callback after the body it is the token of that work, which is not cancelled with
/// the operation. Tasks and threads that the body spawns by other
/// means are not part of it; a call there can be, with [`within`](crate::generic::Cx::within).
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
    stack::find(|entry| Some(entry.token()))
}

/// The id of the operation whose body is running here; `None` outside of one.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, current_id};
///
/// let op = Cancelable::new().build();
/// let run = op.run(async |_| current_id());
/// assert_eq!(smol::block_on(run), Ok(Some(op.id())));
/// assert_eq!(current_id(), None);
/// ```
pub fn current_id() -> Option<OperationId> {
    stack::find(|entry| Some(entry.id()))
}
