//! What can be known about an operation: a snapshot.

use crate::basics::id::OperationId;
use crate::report::progress::{Metadata, Progress};
use crate::report::status::Status;
use crate::report::task_report::TaskReport;
use crate::report::undelivered::Undelivered;
use cancel_core::{Cancelled, Instant, Reason};
use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Whatever the operation has so far.
pub(crate) type Partial = Arc<dyn Any + Send + Sync>;

/// What was known about an operation when [`Operation::context`](crate::Operation::context) was
/// called. It does not change any more.
///
/// All times are those of the operation's runtime: since the epoch of its clock, and monotonic. Dates are there
/// beside them: [`started_at`](Context::started_at).
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Reason, Status};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap").metadata("bed", "12").build();
/// smol::block_on(op.run(async |cx| cx.sleep(Duration::MAX).await)).unwrap_err();
///
/// let context = op.context();
/// assert_eq!(context.id(), op.id());
/// assert_eq!(context.name(), Some("nap"));
/// assert_eq!(context.status(), Status::Cancelled);
/// assert_eq!(context.reason(), Some(Reason::Timeout));
/// assert_eq!(context.metadata().get("bed"), Some("12"));
/// assert!(context.duration() >= Some(Duration::from_millis(5)));
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) id: OperationId,
    pub(crate) parent_id: Option<OperationId>,
    pub(crate) external_id: Option<Cow<'static, str>>,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) metadata: Metadata,
    pub(crate) status: Status,
    pub(crate) shielded: bool,
    pub(crate) started: Option<Instant>,
    pub(crate) requested: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    /// That of the runtime's clock, since 1970.
    pub(crate) epoch: Option<Duration>,
    pub(crate) duration: Option<Duration>,
    pub(crate) remaining: Option<Duration>,
    pub(crate) cause: Option<Cancelled>,
    pub(crate) error: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) partial: Option<Partial>,
    pub(crate) undelivered: Undelivered,
    pub(crate) tasks: Option<Arc<TaskReport>>,
    pub(crate) callback_panics: u32,
    pub(crate) callbacks_cut_off: u32,
    pub(crate) cleanup_lost: bool,
}

impl Context {
    /// What tells the operation from all others.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.context().id(), op.id());
    /// ```
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// The id that somebody else knows the operation by, given to
    /// [`external_id`](crate::Cancelable::external_id).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().external_id("order 17").build();
    /// assert_eq!(op.context().external_id(), Some("order 17"));
    /// ```
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// The id of the operation given to [`parent`](crate::Cancelable::parent).
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = cancel_std::Cancelable::new().build();
    /// assert_eq!(parent.child().build().context().parent_id(), Some(parent.id()));
    /// ```
    pub fn parent_id(&self) -> Option<OperationId> {
        self.parent_id
    }

    /// The name given to the operation.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name("nap").build();
    /// assert_eq!(op.context().name(), Some("nap"));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The pairs given to [`metadata`](crate::Cancelable::metadata).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().metadata("bed", "12").build();
    /// assert_eq!(op.context().metadata().get("bed"), Some("12"));
    /// ```
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Where the operation is in its life.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// assert_eq!(Cancelable::new().build().context().status(), Status::Pending);
    /// ```
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why it is cancelled, as a code. The rest is that of [`cause`](Context::cause).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Reason;
    ///
    /// let op = cancel_std::Cancelable::new().build();
    /// op.cancel_with(Reason::Shutdown);
    /// assert_eq!(op.context().reason(), Some(Reason::Shutdown));
    /// ```
    pub fn reason(&self) -> Option<Reason> {
        self.cause.as_ref().map(Cancelled::reason)
    }

    /// Why cancelation was asked for, from the moment when that happened, whatever the status.
    ///
    /// If the body returned a value nevertheless (because it was being polled at that moment), the
    /// status is *completed*, and the cause is here. What comes after the end does not get here.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     cx.cancel_with("enough");
    ///     assert_eq!(cx.operation().context().message(), Some("enough"));
    /// });
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.status(), Status::Completed);
    /// assert_eq!(op.context().message(), Some("enough"));
    /// ```
    pub fn cause(&self) -> Option<&Cancelled> {
        self.cause.as_ref()
    }

    /// The message of the cause.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.cancel_with("enough");
    /// assert_eq!(op.context().message(), Some("enough"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.cause.as_ref()?.message()
    }

    /// The text of the error that the body returned ([`try_run`](crate::Cancelable::try_run)), or of
    /// its panic.
    ///
    /// Of *failed* operations, and of *cancelled* ones whose body returned an error nevertheless:
    /// often just the cancelation, handed on by `?`. If there is no such error: the first thing that
    /// went wrong beside the body, such as a check of a [condition](crate::Condition) that panicked or
    /// a cleanup that took too long.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no such file".into()));
    /// smol::block_on(run).unwrap_err();
    /// assert_eq!(op.context().error(), Some("no such file"));
    /// ```
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}
