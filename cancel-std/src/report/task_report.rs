//! What became of the tasks of a group, as its context tells it.

use crate::basics::id::OperationId;
use std::borrow::Cow;
use std::fmt;

/// How many errors are kept.
pub(crate) const LIMIT: usize = 64;

/// Of one group. Bounded: the first errors, and how many there were.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskReport {
    pub(crate) errors: Vec<TaskError>,
    pub(crate) count: u64,
    pub(crate) cut_off: usize,
}

/// An error of a task, as [`Context::task_errors`](crate::Context::task_errors) tells it.
///
/// Shown with the name of the task, if it has one.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
///
/// let op = Cancelable::new().each_for_itself().build();
/// let run = op.run_group(async |group| {
///     let parser = group.child().name("parser");
///     group.spawn_as(parser, |_| async { Err::<(), _>("no number") });
/// });
/// smol::block_on(run).unwrap();
/// let context = op.context();
/// let error = &context.task_errors()[0];
/// assert_eq!((error.name(), error.to_string()), (Some("parser"), "parser: no number".to_string()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    id: OperationId,
    name: Option<Cow<'static, str>>,
    /// With the name.
    text: String,
}

impl TaskError {
    pub(crate) fn new(id: OperationId, name: Option<Cow<'static, str>>, text: String) -> Self {
        TaskError { id, name, text }
    }

    /// Returns the id of the task's operation.
    ///
    /// # Examples
    ///
    /// See [`TaskError`].
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// Returns the name of the task's operation, if it has one.
    ///
    /// # Examples
    ///
    /// See [`TaskError`].
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TaskError {}

impl TaskReport {
    pub(crate) fn push(&mut self, error: TaskError) {
        self.count += 1;
        if self.errors.len() < LIMIT {
            self.errors.push(error);
        }
    }
}
