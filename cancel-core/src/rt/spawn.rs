//! Running tasks on an executor.

use core::fmt;
use core::future::Future;

/// An executor that can take on a task from any thread.
///
/// # Examples
///
/// ```
/// use cancel_core::{Spawn, SpawnError};
/// use std::future::Future;
///
/// #[derive(Clone, Copy, Debug, Default)]
/// struct Smol;
///
/// impl Spawn for Smol {
///     fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
///     where
///         F: Future<Output = ()> + Send + 'static,
///     {
///         smol::spawn(future).detach();
///         Ok(())
///     }
/// }
///
/// Smol.spawn(async { println!("in a task") }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot spawn tasks",
    note = "`Spawn` is optional for runtimes: take one that has it, or implement `cancel_core::Spawn`"
)]
pub trait Spawn {
    /// Starts `future` as a task of its own and lets go of it.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the executor does not take tasks any more; `future` has been dropped then.
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static;
}

/// An executor that can take on tasks which stay on the current thread.
///
/// # Examples
///
/// ```
/// use cancel_core::{SpawnError, SpawnLocal};
/// use std::future::Future;
/// use std::rc::Rc;
///
/// struct Local(smol::LocalExecutor<'static>);
///
/// impl SpawnLocal for Local {
///     fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
///     where
///         F: Future<Output = ()> + 'static,
///     {
///         self.0.spawn(future).detach();
///         Ok(())
///     }
/// }
///
/// let local = Local(smol::LocalExecutor::new());
/// let not_send = Rc::new(1);
/// local.spawn_local(async move { assert_eq!(*not_send, 1) }).unwrap();
/// assert!(local.0.try_tick());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot spawn tasks on the current thread",
    note = "`SpawnLocal` is optional for runtimes: take one that has it, or implement `cancel_core::SpawnLocal`"
)]
pub trait SpawnLocal {
    /// Starts `future` as a task of the current thread and lets go of it.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the executor does not take tasks any more; `future` has been dropped then.
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static;
}

/// An executor did not take a task.
///
/// # Examples
///
/// ```
/// use cancel_core::SpawnError;
///
/// assert_eq!(SpawnError::new("shut down").to_string(), "cannot spawn: shut down");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnError {
    why: &'static str,
}

impl SpawnError {
    /// Creates an error with a short description of why the task was refused.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = cancel_core::SpawnError::new("shut down");
    /// assert_eq!(error.description(), "shut down");
    /// ```
    pub const fn new(why: &'static str) -> Self {
        SpawnError { why }
    }

    /// Returns the description given to [`new`](SpawnError::new).
    ///
    /// # Examples
    ///
    /// ```
    /// let error = cancel_core::SpawnError::new("shut down");
    /// assert_eq!(error.description(), "shut down");
    /// ```
    pub const fn description(&self) -> &'static str {
        self.why
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot spawn: {}", self.why)
    }
}

impl core::error::Error for SpawnError {}
