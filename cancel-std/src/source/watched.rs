//! `Watched`: a value whose changes are events.
//!
//! Values are shared and never changed in place, so all that is foreign (predicates, the making and the
//! dropping of values, wakers) runs outside of the lock.

use cancel_core::CancelToken;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value that can be changed from anywhere, and whose changes [conditions](crate::Condition::when) hear
/// of: they are checked when it changes, and at no other time.
///
/// This is a handle; clones are the same value. Each value stays as it is; a change puts another one in
/// its place.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Condition, Watched};
///
/// let queued = Watched::new(0);
/// let op = Cancelable::new().source(
///     Condition::when(&queued, |length| *length > 100).description("queue over 100"),
/// );
///
/// std::thread::spawn(move || {
///     for _ in 0..101 {
///         queued.update(|length| length + 1);
///     }
/// });
///
/// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await)).unwrap_err();
/// assert_eq!(cancelled.message(), Some("condition \"queue over 100\" met"));
/// ```
pub struct Watched<T> {
    state: Arc<Mutex<WatchedState<T>>>,
}

struct WatchedState<T> {
    value: Arc<T>,
    /// Cancelled when the value is replaced. There if somebody waits for that.
    replaced: Option<CancelToken>,
}

impl<T> Watched<T> {
    /// A value to watch.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(*cancel_std::Watched::new(5).get(), 5);
    /// ```
    pub fn new(value: T) -> Self {
        Watched {
            state: Arc::new(Mutex::new(WatchedState {
                value: Arc::new(value),
                replaced: None,
            })),
        }
    }

    /// The value as it is now.
    ///
    /// # Examples
    ///
    /// ```
    /// let level = cancel_std::Watched::new("calm");
    /// let before = level.get();
    /// level.set("storm");
    /// assert_eq!((*before, *level.get()), ("calm", "storm"));
    /// ```
    pub fn get(&self) -> Arc<T> {
        self.lock().value.clone()
    }

    /// Puts a value in the place of the one that is there.
    ///
    /// # Returns
    ///
    /// The one that was there.
    ///
    /// # Panics
    ///
    /// With the first panic of those who are woken; the change is made then.
    ///
    /// # Examples
    ///
    /// ```
    /// let level = cancel_std::Watched::new(1);
    /// assert_eq!(*level.set(2), 1);
    /// ```
    pub fn set(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let mut state = self.lock();
        let old = std::mem::replace(&mut state.value, value);
        let replaced = state.replaced.take();
        drop(state);
        wake(replaced);
        old
    }

    /// Makes the next value of the one that is there. `next` is called again if somebody else was quicker,
    /// so that no change gets lost; no lock is held meanwhile.
    ///
    /// # Returns
    ///
    /// The one that was there.
    ///
    /// # Panics
    ///
    /// As [`set`](Watched::set), and with a panic of `next`; nothing is changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// let count = cancel_std::Watched::new(1);
    /// count.update(|count| count + 1);
    /// assert_eq!(*count.get(), 2);
    /// ```
    pub fn update(&self, mut next: impl FnMut(&T) -> T) -> Arc<T> {
        loop {
            let seen = self.get();
            let value = Arc::new(next(&seen));
            let mut state = self.lock();
            if Arc::ptr_eq(&state.value, &seen) {
                // (`seen` keeps it, so its drop is not here.)
                state.value = value;
                let replaced = state.replaced.take();
                drop(state);
                wake(replaced);
                return seen;
            }
            drop(state); // before `value` and `seen`
        }
    }

    /// The value, and what is cancelled when it is replaced.
    pub(crate) fn look(&self) -> (Arc<T>, CancelToken) {
        let mut state = self.lock();
        let replaced = state.replaced.get_or_insert_with(CancelToken::new).clone();
        (state.value.clone(), replaced)
    }

    fn lock(&self) -> MutexGuard<'_, WatchedState<T>> {
        // Nothing can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(replaced: Option<CancelToken>) {
    if let Some(token) = replaced {
        token.cancel();
    }
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Watched {
            state: self.state.clone(),
        }
    }
}

impl<T: Default> Default for Watched<T> {
    fn default() -> Self {
        Watched::new(T::default())
    }
}

/// Shows the value.
impl<T: fmt::Debug> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.get()).finish()
    }
}
