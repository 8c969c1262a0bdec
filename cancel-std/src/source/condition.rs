//! `Condition`: a predicate that cancels an operation when it comes true.

use crate::basics::build_error::BuildError;
use crate::basics::give_way::waited;
use crate::basics::panics::contain;
use crate::operation::{Runtime, Source};
use crate::source::checks::{self, Awaiting, Blocking, Check, Checking, Trouble};
use crate::source::watched::Watched;
use crate::threads::blocking::WorkplaceHandle;
use cancel_core::{CancelToken, Cause, Reason};
use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::Duration;

/// A predicate that is checked while an operation runs, and cancels it when it is true: with
/// [`Reason::Condition`] and the message `condition "disk_full" met`, with the name of the function, or a
/// [description](Condition::description).
///
/// Give it to an operation as a [source](crate::Cancelable::source).
///
/// # When it is checked
///
/// First when the body of the operation waits for the first time, then again and again, each time the
/// interval has passed *since the end of the check before*: a check that takes longer than the
/// interval is never overtaken by the next one. Once it was true it is not checked any more. However
/// short the interval is, the run gives way to other tasks between two checks.
///
/// # Where it is checked
///
/// A predicate that is a plain function ([`new`](Condition::new)) may block: it runs on a pool of
/// threads for such things, never on the executor: the runtime's own pool where it has one (tokio), or else
/// that of this crate. (That one belongs to the process, grows as far as it
/// is used, and up to [a limit](crate::Std::set_max_blocking_threads). If there is no thread and none can be
/// started, the operation is cancelled with [`Reason::Error`]. On wasm, where there are no threads, the predicate
/// is called in place.) One that awaits ([`new_async`](Condition::new_async)) is a part of
/// the run, as one of the operation's futures.
///
/// No end waits for a check. One that awaits is dropped; one on the pool goes on alone, what it
/// finds is ignored, and then the predicate is dropped.
///
/// # Panics in the predicate
///
/// They are contained, and the operation goes on. So do the checks: the next one is due after the
/// interval as ever. Each such panic is counted in the context
/// ([`callback_panics`](crate::Context::callback_panics)), and the text of the first one is its
/// [`error`](crate::Context::error), unless the body ends with one.
///
/// # Without asking
///
/// Whoever makes a condition true can say so: by a [`Flag`](crate::Flag), or by changing a
/// [`Watched`] value that a condition looks at ([`when`](Condition::when)). That is quicker, and costs
/// nothing meanwhile.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Condition, Reason};
/// use std::time::Duration;
///
/// fn disk_full() -> bool {
/// #   /*
///     ...
/// #   */ true
/// }
///
/// # fn main() -> Result<(), cancel_std::BuildError> {
/// let op = Cancelable::new().name("file processor").source(
///     Condition::new(disk_full, Duration::from_secs(5))?.description("disk space monitor"),
/// );
/// let run = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
/// let cancelled = smol::block_on(run).unwrap_err();
/// assert_eq!(cancelled.reason(), Reason::Condition);
/// assert_eq!(cancelled.message(), Some("condition \"disk space monitor\" met"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a condition is not checked until it is given to an operation"]
pub struct Condition {
    what: ConditionName,
    check: Box<dyn Check<bool>>,
    /// Without: the check waits by itself.
    every: Option<Duration>,
}

impl Condition {
    /// A condition of a plain predicate, which may block. It is checked every `every`, counted from the
    /// end of the check before.
    ///
    /// # Errors
    ///
    /// If the interval is zero. There is no upper bound: with [`Duration::MAX`] it is checked once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Condition;
    /// use std::time::Duration;
    ///
    /// let stop_file = || std::path::Path::new("stop").exists();
    /// assert!(Condition::new(stop_file, Duration::from_secs(1)).is_ok());
    /// assert!(Condition::new(stop_file, Duration::ZERO).is_err());
    /// ```
    pub fn new<F>(predicate: F, every: Duration) -> Result<Self, BuildError>
    where
        F: FnMut() -> bool + Send + 'static,
    {
        Self::every(every, ConditionName::of::<F>(), Blocking::new(predicate))
    }

    /// A condition of an asynchronous predicate, which must not block. It is checked every `every`,
    /// counted from the end of the check before.
    ///
    /// # Errors
    ///
    /// As [`new`](Condition::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Condition};
    /// use std::time::Duration;
    ///
    /// async fn is_over_quota() -> bool {
    ///     smol::future::yield_now().await; // asks a server
    ///     true
    /// }
    ///
    /// let quota = Condition::new_async(is_over_quota, Duration::from_secs(60)).unwrap();
    /// let op = Cancelable::new().source(quota.description("quota"));
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("condition \"quota\" met"));
    /// ```
    pub fn new_async<F, C>(predicate: F, every: Duration) -> Result<Self, BuildError>
    where
        F: FnMut() -> C + Send + 'static,
        C: Future<Output = bool> + Send + 'static,
    {
        Self::every(every, ConditionName::of::<F>(), Awaiting(predicate))
    }

    /// A condition on a value: checked when the operation first waits, and whenever the value is changed.
    ///
    /// The predicate is called as a part of the run, on the executor, with no lock held. It gets the
    /// latest value: those that were there in between it may not see. After a panic it waits for the
    /// next change.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Condition, Watched};
    ///
    /// let battery = Watched::new(80);
    /// let op = Cancelable::new().source(
    ///     Condition::when(&battery, |percent| *percent < 5).description("battery low"),
    /// );
    /// let run = op.run(async |_| {
    ///     battery.set(4);
    ///     std::future::pending::<()>().await;
    /// });
    /// let cancelled = smol::block_on(run).unwrap_err();
    /// assert_eq!(cancelled.message(), Some("condition \"battery low\" met"));
    /// ```
    pub fn when<T, F>(value: &Watched<T>, predicate: F) -> Self
    where
        T: Send + Sync + 'static,
        F: FnMut(&T) -> bool + Send + 'static,
    {
        let check = Changes {
            value: value.clone(),
            next: None,
            predicate,
        };
        Self::checked_by(ConditionName::of::<F>(), check)
    }

    /// What the condition is, for the message: `condition "disk space monitor" met`.
    ///
    /// By default it is the name of a predicate that is a function; for a closure, the message says in what
    /// function that is written: `condition in "main" met`. Empty text takes both away: `condition met`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Condition};
    /// use std::time::Duration;
    ///
    /// fn disk_full() -> bool {
    ///     true
    /// }
    ///
    /// let every = Duration::from_secs(5);
    /// let message = |condition| {
    ///     let run = Cancelable::new().source(condition).run(async |_| std::future::pending::<()>().await);
    ///     smol::block_on(run).unwrap_err().message().map(String::from)
    /// };
    /// let named = Condition::new(disk_full, every)?;
    /// assert_eq!(message(named).as_deref(), Some("condition \"disk_full\" met"));
    /// let described = Condition::new(disk_full, every)?.description("disk space monitor");
    /// assert_eq!(message(described).as_deref(), Some("condition \"disk space monitor\" met"));
    /// # Ok::<(), cancel_std::BuildError>(())
    /// ```
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        self.what = match description.is_empty() {
            true => ConditionName::Unknown,
            false => ConditionName::Named(description),
        };
        self
    }

    fn every(
        every: Duration,
        what: ConditionName,
        check: impl Check<bool>,
    ) -> Result<Self, BuildError> {
        let mut condition = Self::checked_by(what, check);
        condition.every = Some(interval(every)?);
        Ok(condition)
    }

    fn checked_by(what: ConditionName, check: impl Check<bool>) -> Self {
        Condition {
            what,
            check: Box::new(check),
            every: None,
        }
    }
}

/// What a condition is called.
enum ConditionName {
    Named(Cow<'static, str>),
    /// A closure in the function of this name.
    Within(&'static str),
    Unknown,
}

impl ConditionName {
    /// By the type of the predicate.
    fn of<F>() -> Self {
        // `app::jobs::disk_full`, `app::jobs::run::{{closure}}`, or anything: it is for people.
        let path = type_name::<F>();
        let function = path.trim_end_matches("::{{closure}}");
        let last = function.rsplit("::").next().unwrap_or_default();
        let is_name = |text: &str| {
            text.starts_with(|first: char| first.is_lowercase() || first == '_')
                && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        match (is_name(last) && function != last, function == path) {
            (false, _) => ConditionName::Unknown,
            (true, true) => ConditionName::Named(last.into()),
            (true, false) => ConditionName::Within(last),
        }
    }
}

impl fmt::Display for ConditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionName::Named(name) => write!(f, "condition {name:?}"),
            ConditionName::Within(function) => write!(f, "condition in {function:?}"),
            ConditionName::Unknown => f.write_str("condition"),
        }
    }
}

/// An interval between two checks.
pub(crate) fn interval(every: Duration) -> Result<Duration, BuildError> {
    match every.is_zero() {
        false => Ok(every),
        true => Err(BuildError::new(
            "the interval between two checks is zero; it has to be longer",
        )),
    }
}

/// A predicate and the value that it is about.
struct Changes<T, F> {
    value: Watched<T>,
    /// ConditionName tells that there is another value than the one that was seen.
    next: Option<CancelToken>,
    predicate: F,
}

impl<T, F> Check<bool> for Changes<T, F>
where
    T: Send + Sync + 'static,
    F: FnMut(&T) -> bool + Send + 'static,
{
    fn check(&mut self, _: &WorkplaceHandle) -> Checking<'_, bool> {
        Box::pin(async move {
            if let Some(next) = self.next.take() {
                // Or a value that changes all the time would keep the thread.
                waited(next.cancelled()).await;
            }
            let (value, next) = self.value.look();
            self.next = Some(next);
            contain(|| (self.predicate)(&value)).map_err(Trouble::Panicked)
        })
    }
}

impl<R: Runtime> From<Condition> for Source<R> {
    fn from(condition: Condition) -> Self {
        let what = condition.what.to_string();
        let message: Cow<'static, str> = Cow::Owned(format!("{what} met"));
        checks::source(
            "condition",
            what.into(),
            condition.every,
            condition.check,
            move |met| met.then(|| Cause::new(Reason::Condition).with_message(message.clone())),
        )
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("what", &format_args!("{}", self.what))
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
