//! What is run in an operation.

/// An async closure that gets a `&C`: the body of an operation, work in a shield, a cleanup.
///
/// `F: Body<Cx<R>, T>` says the same as `F: AsyncFnOnce(&Cx<R>) -> T`, and whatever is the one is the other.
/// It is there for its error message: for who gives a future, or a closure that is not `async`.
///
/// # Examples
///
/// ```
/// use cancel_std::generic::Body;
/// use cancel_std::{Cancelable, Cancelled, Cx};
/// use std::time::Duration;
///
/// /// Runs `body` as a part named `name` of what runs here.
/// async fn part<T>(cx: &Cx, name: &'static str, body: impl Body<Cx, T>) -> Result<T, Cancelled> {
///     cx.child().name(name).run(body).await
/// }
///
/// let run = Cancelable::new().run(async |cx| {
///     part(cx, "sum", async |cx| {
///         cx.sleep(Duration::from_millis(1)).await;
///         1 + 2
///     })
///     .await
/// });
/// assert_eq!(smol::block_on(run).unwrap(), Ok(3));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be run in an operation",
    label = "an async closure is wanted here: `async |cx| ..`",
    note = "a future that exists already is awaited in one: `async |_| future.await`",
    note = "if the closure is async: it gets a reference, and returns what is expected from the operation"
)]
pub trait Body<C, T>: AsyncFnOnce(&C) -> T {}

#[diagnostic::do_not_recommend]
impl<C, T, F: AsyncFnOnce(&C) -> T> Body<C, T> for F {}
