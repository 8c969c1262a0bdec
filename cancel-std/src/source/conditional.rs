//! Sources and operations that end when a condition is met.

use super::condition::Condition;
use crate::basics::build_error::BuildError;
use crate::operation::{Cancelable, Runtime, Source};
use crate::source::watched::Watched;
use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

impl<R: Runtime> Source<R> {
    /// Fires when a predicate, which may block, is true: a [`Condition`] with the description that it gets by itself.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source};
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), cancel_std::BuildError> {
    /// let op = Cancelable::any([
    ///     Source::timeout(Duration::from_secs(60)),
    ///     Source::condition(|| true, Duration::from_secs(5))?,
    /// ]);
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("condition in \"main\" met"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn condition<F>(predicate: F, every: Duration) -> Result<Self, BuildError>
    where
        F: FnMut() -> bool + Send + 'static,
    {
        Condition::new(predicate, every).map(Source::from)
    }

    /// Fires when an asynchronous predicate is true: a [`Condition`] with the description that it gets by itself.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source};
    /// use std::time::Duration;
    ///
    /// let source = Source::condition_async(async || true, Duration::from_secs(5)).unwrap();
    /// let run = Cancelable::any([source]).run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("condition in \"main\" met"));
    /// ```
    pub fn condition_async<F, C>(predicate: F, every: Duration) -> Result<Self, BuildError>
    where
        F: FnMut() -> C + Send + 'static,
        C: Future<Output = bool> + Send + 'static,
    {
        Condition::new_async(predicate, every).map(Source::from)
    }

    /// Fires when a value has changed such that a predicate is true: [`Condition::when`] with the
    /// description that it gets by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source, Watched};
    ///
    /// let failures = Watched::new(3);
    /// let op = Cancelable::new().source(Source::when(&failures, |count| *count >= 3));
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("condition in \"main\" met"));
    /// ```
    pub fn when<T, F>(value: &Watched<T>, predicate: F) -> Self
    where
        T: Send + Sync + 'static,
        F: FnMut(&T) -> bool + Send + 'static,
    {
        Condition::when(value, predicate).into()
    }
}

impl<R: Runtime + Default> Cancelable<R> {
    /// Creates an operation that is cancelled when a predicate, which may block, is true.
    ///
    /// To say what it is, use [`with_described_condition`](Cancelable::with_described_condition). For a predicate
    /// that awaits, make a [`Condition`] and give it to [`source`](Cancelable::source).
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), cancel_std::BuildError> {
    /// let mut left = 3;
    /// let count_down = move || {
    ///     left -= 1;
    ///     left == 0
    /// };
    /// let op = Cancelable::with_condition(count_down, Duration::from_millis(1))?.name("job");
    /// let run = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Condition);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_condition<F>(predicate: F, every: Duration) -> Result<Self, BuildError>
    where
        F: FnMut() -> bool + Send + 'static,
    {
        Ok(Self::new().source(Condition::new(predicate, every)?))
    }

    /// Creates an operation that is cancelled when a predicate, which may block, is true, with a
    /// [description](Condition::description) for the message.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), cancel_std::BuildError> {
    /// let disk_full = || true;
    /// let every = Duration::from_secs(5);
    /// let op = Cancelable::with_described_condition("disk space", disk_full, every)?;
    /// let run = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
    /// let cancelled = smol::block_on(run).unwrap_err();
    /// assert_eq!(cancelled.message(), Some("condition \"disk space\" met"));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "description")]
    pub fn with_described_condition<F>(
        description: impl Into<Cow<'static, str>>,
        predicate: F,
        every: Duration,
    ) -> Result<Self, BuildError>
    where
        F: FnMut() -> bool + Send + 'static,
    {
        let condition = Condition::new(predicate, every)?.description(description);
        Ok(Self::new().source(condition))
    }
}
