//! What is taken as a source.

use super::base::Source;

/// What [`source`](crate::Cancelable::source) takes: everything with a `From` into a [`Source`].
///
/// To make a type of your own one, give it that `From`: see [`Source`].
///
/// # Examples
///
/// ```
/// use cancel_std::generic::IntoSource;
/// use cancel_std::{CancelToken, Cancelable, Source, Std};
///
/// fn job(stop: impl IntoSource<Std>) -> Cancelable {
///     Cancelable::new().name("job").source(stop)
/// }
///
/// let token = CancelToken::new();
/// let op = job(&token).build();
/// let other = job(Source::future(async { "enough" }));
/// token.cancel();
/// assert!(op.is_cancelled());
/// let cancelled = smol::block_on(other.run(async |_| std::future::pending::<()>().await)).unwrap_err();
/// assert_eq!(cancelled.message(), Some("enough"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of cancelation",
    label = "a `Source`, a token, an operation, or a set-up `Cancelable` is wanted here",
    note = "a predicate becomes one by `Source::condition(predicate, interval)?`, a future by `Source::future(..)`, a duration by `Source::timeout(..)`, a list of sources by `Source::any(..)`"
)]
pub trait IntoSource<R> {
    /// Makes the source.
    fn into_source(self) -> Source<R>;
}

#[diagnostic::do_not_recommend]
impl<R, S: Into<Source<R>>> IntoSource<R> for S {
    fn into_source(self) -> Source<R> {
        self.into()
    }
}
