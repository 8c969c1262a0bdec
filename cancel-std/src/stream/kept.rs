//! `Kept`: what has passed through a stream last.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The last items that have passed through a [stream](crate::OperationStream::keep_last) of an
/// operation: its [partial result](crate::Context::partial_result).
///
/// This is a handle; clones show the same items. While the stream goes on, so do they, also if the
/// handle comes from a [`Context`](crate::Context).
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Kept};
/// use smol::stream::{self, StreamExt};
///
/// let op = Cancelable::new().build();
/// let run = op.run(async |cx| {
///     let mut pages = cx.stream(stream::iter(["a", "b", "c"])).keep_last(2);
///     while let Some(page) = pages.next().await {
///         assert_ne!(page, "c", "cannot be read");
///     }
/// });
/// # let run = async { smol::future::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run)).await };
/// let _panicked = smol::block_on(run);
/// let context = op.context();
/// let kept = context.partial_result::<Kept<&str>>().unwrap();
/// assert_eq!(kept.to_vec(), ["b", "c"]);
/// assert_eq!(kept.passed(), 3);
/// ```
pub struct Kept<T> {
    state: Arc<Mutex<KeeperState<T>>>,
}

struct KeeperState<T> {
    limit: usize,
    passed: u64,
    /// Shared, so that they can be cloned and dropped outside of the lock (S3).
    items: VecDeque<Arc<T>>,
}

impl<T> Kept<T> {
    pub(super) fn new(limit: usize) -> Self {
        Kept {
            state: Arc::new(Mutex::new(KeeperState {
                limit,
                passed: 0,
                items: VecDeque::new(),
            })),
        }
    }

    fn lock(&self) -> MutexGuard<'_, KeeperState<T>> {
        // Nothing can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: Arc<T>) {
        let mut state = self.lock();
        state.passed += 1;
        let mut surplus = None;
        if state.items.len() >= state.limit {
            surplus = state.items.pop_front();
        }
        let unkept = match state.limit {
            0 => Some(item),
            _ => {
                state.items.push_back(item);
                None
            }
        };
        drop(state);
        drop((surplus, unkept));
    }

    /// The items, the oldest first, without cloning them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let mut items = Cancelable::new().stream(stream::iter([1, 2])).keep_last(5);
    /// smol::block_on(items.next());
    /// assert_eq!(*items.kept().unwrap().items()[0], 1);
    /// ```
    pub fn items(&self) -> Vec<Arc<T>> {
        self.lock().items.iter().cloned().collect()
    }

    /// Clones of the items, the oldest first.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let mut items = Cancelable::new().stream(stream::iter([1, 2])).keep_last(5);
    /// smol::block_on(items.next());
    /// assert_eq!(items.kept().unwrap().to_vec(), [1]);
    /// ```
    pub fn to_vec(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.items().iter().map(|item| T::clone(item)).collect()
    }

    /// How many are kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream;
    ///
    /// let items = Cancelable::new().stream(stream::iter([1, 2])).keep_last(5);
    /// assert_eq!(items.kept().unwrap().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether none is kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream;
    ///
    /// let items = Cancelable::new().stream(stream::iter([1, 2])).keep_last(5);
    /// assert!(items.kept().unwrap().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many have passed, whether they are still kept or not.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let mut items = Cancelable::new().stream(stream::iter(1..)).keep_last(5);
    /// let kept = items.kept().unwrap();
    /// smol::block_on(items.nth(9));
    /// assert_eq!((kept.len(), kept.passed()), (5, 10));
    /// ```
    pub fn passed(&self) -> u64 {
        self.lock().passed
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Kept {
            state: self.state.clone(),
        }
    }
}

/// Shows the items.
impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}

/// The way there. It knows how to clone, so that streams of what cannot be cloned need not.
pub(super) struct Keeper<T> {
    kept: Kept<T>,
    clone: fn(&T) -> T,
}

impl<T> Keeper<T> {
    pub(super) fn new(kept: Kept<T>) -> Self
    where
        T: Clone,
    {
        Keeper {
            kept,
            clone: T::clone,
        }
    }

    pub(super) fn keep(&self, item: &T) {
        self.kept.push(Arc::new((self.clone)(item)));
    }

    /// From now on it keeps at least so many.
    pub(super) fn at_least(&self, limit: usize) {
        let mut state = self.kept.lock();
        state.limit = state.limit.max(limit);
    }

    pub(super) fn kept(&self) -> Kept<T> {
        self.kept.clone()
    }
}
