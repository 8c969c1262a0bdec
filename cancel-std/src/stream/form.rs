//! What becomes of the cancelation: nothing, or the last item.

use cancel_core::Cancelled;

/// Sealed: nobody else can name it.
pub trait Form<I> {
    /// What is counted and kept.
    type Value;
    /// An item of the chunked form.
    type Chunk;
    /// How many items there may be beside those of the source.
    const EXTRA: usize;

    fn value(item: &I) -> Option<&Self::Value>;
    /// The value, or an error as a chunk of its own.
    fn split(item: I) -> Result<Self::Value, Self::Chunk>;
    fn pack(values: Vec<Self::Value>) -> Self::Chunk;
    /// The last item of one that was cancelled.
    fn last(cancelled: Cancelled) -> Option<I>;
    fn last_chunk(cancelled: Cancelled) -> Option<Self::Chunk>;
}

/// The form of [`Operation::stream`](crate::Cx::stream): items as they are.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, OperationStream, Plain, Std};
/// use smol::stream;
///
/// let items: OperationStream<_, Std, Plain> = Cancelable::new().stream(stream::iter([1, 2]));
/// # drop(items);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain(());

impl<I> Form<I> for Plain {
    type Value = I;
    type Chunk = Vec<I>;
    const EXTRA: usize = 0;

    fn value(item: &I) -> Option<&I> {
        Some(item)
    }

    fn split(item: I) -> Result<I, Vec<I>> {
        Ok(item)
    }

    fn pack(values: Vec<I>) -> Vec<I> {
        values
    }

    fn last(_: Cancelled) -> Option<I> {
        None
    }

    fn last_chunk(_: Cancelled) -> Option<Vec<I>> {
        None
    }
}

/// The form of [`Operation::try_stream`](crate::Cx::try_stream): results, the cancelation as the
/// last one.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Cancelled, Fallible, OperationStream, Std};
/// use smol::stream;
///
/// let source = stream::iter([Ok::<_, Cancelled>(1)]);
/// let items: OperationStream<_, Std, Fallible> = Cancelable::new().try_stream(source);
/// # drop(items);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fallible(());

impl<T, E: From<Cancelled>> Form<Result<T, E>> for Fallible {
    type Value = T;
    type Chunk = Result<Vec<T>, E>;
    const EXTRA: usize = 1;

    fn value(item: &Result<T, E>) -> Option<&T> {
        item.as_ref().ok()
    }

    fn split(item: Result<T, E>) -> Result<T, Result<Vec<T>, E>> {
        item.map_err(Err)
    }

    fn pack(values: Vec<T>) -> Result<Vec<T>, E> {
        Ok(values)
    }

    fn last(cancelled: Cancelled) -> Option<Result<T, E>> {
        Some(Err(cancelled.into()))
    }

    fn last_chunk(cancelled: Cancelled) -> Option<Result<Vec<T>, E>> {
        Some(Err(cancelled.into()))
    }
}
