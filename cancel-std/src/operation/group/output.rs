//! What a task of a group may return.

use crate::basics::id::OperationId;
use crate::report::status::Status;
use cancel_core::{Instant, Reason};
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An error of any type.
pub(super) type AnyError = Box<dyn Error + Send + Sync>;

/// The output of a task that [`TaskGroup::spawn`](crate::TaskGroup::spawn) takes.
///
/// It decides what counts as a failure of the task, so that no error is lost unseen:
///
/// | output | the task |
/// |---|---|
/// | `()`, `!` | cannot fail |
/// | `Result<T, E>` | fails with an `Err`; its handle gives the `T` |
/// | a plain value of the standard library: numbers, texts, times, and `Option`, `Vec`, `Box`, `Arc`, arrays and tuples of those | cannot fail; its handle gives the value |
///
/// Any other type is refused by the compiler, and the trait cannot be implemented elsewhere.
/// [`TaskGroup::spawn_value`](crate::TaskGroup::spawn_value) takes every type, and never looks for an error in
/// it; or return the value in an `Ok`.
///
/// # Errors in a `Result`
///
/// The error type has to convert into `Box<dyn Error + Send + Sync>`, and to have a text. All errors do
/// that, and so do `String`, `&str`, the boxed error itself, and those of the usual error libraries.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Reason};
///
/// async fn part(n: u32) -> Result<u32, String> {
///     if n == 2 { Err(format!("part {n} is missing")) } else { Ok(n) }
/// }
///
/// let run = Cancelable::new().run_group(async |group| {
///     for n in 1..=3 {
///         group.spawn(move |_| part(n));
///     }
/// });
/// let error = smol::block_on(run).unwrap_err();
/// assert_eq!((error.reason(), error.message()), (Reason::Error, Some("part 2 is missing")));
/// ```
#[diagnostic::on_unimplemented(
    message = "a task that is spawned by `spawn` cannot return `{Self}`",
    label = "not known whether this can be an error",
    note = "a task returns `()`, a `Result`, or a plain value of the standard library",
    note = "for a value of any other type, take `spawn_value`: its output is never looked at as an error"
)]
pub trait TaskOutput {
    /// What the task's handle gives: the type itself, or the `T` of a `Result`.
    type Value;

    /// What the task can fail with.
    type Error: Into<Box<dyn Error + Send + Sync>> + Display + Send + 'static;

    /// Returns the value, or the error with which the task has failed.
    ///
    /// # Errors
    ///
    /// That of the task.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T, X> TaskOutput for Result<T, X>
where
    X: Into<Box<dyn Error + Send + Sync>> + Display + Send + 'static,
{
    type Value = T;
    type Error = X;

    fn into_result(self) -> Result<T, X> {
        self
    }
}

/// Lets the compiler see that a value is its own output, also while it does not know which kind of number
/// it is.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a task that is spawned by `spawn` cannot return `{Self}`",
    note = "for a value of any other type, take `spawn_value`"
)]
pub trait Yields<T> {}

impl<T> Yields<T> for T {}

impl<T, X> Yields<T> for Result<T, X> {}

/// The type of a block that does not end.
type Never = <fn() -> ! as Output>::Of;

#[doc(hidden)]
pub trait Output {
    type Of;
}

impl<T> Output for fn() -> T {
    type Of = T;
}

macro_rules! plain {
    ($($type:ty),* $(,)?) => {$(
        /// A plain value: the task cannot fail.
        impl TaskOutput for $type {
            type Value = $type;
            type Error = Infallible;

            fn into_result(self) -> Result<$type, Infallible> {
                Ok(self)
            }
        }
    )*};
}

plain!(
    (),
    bool,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    String,
    &'static str,
    PathBuf,
    Duration,
    Instant,
    std::time::Instant,
    OperationId,
    Reason,
    Status,
);

/// A task that does not end by itself cannot fail.
impl TaskOutput for Never {
    type Value = Never;
    type Error = Infallible;

    fn into_result(self) -> Result<Never, Infallible> {
        self
    }
}

macro_rules! plain_of {
    ($([$($part:ident),*] $(const $n:ident)? $type:ty),* $(,)?) => {$(
        /// Of plain values: the task cannot fail.
        impl<$($part: TaskOutput<Value = $part>,)* $(const $n: usize)?> TaskOutput for $type {
            type Value = $type;
            type Error = Infallible;

            fn into_result(self) -> Result<$type, Infallible> {
                Ok(self)
            }
        }
    )*};
}

plain_of!(
    [T] Option<T>,
    [T] Vec<T>,
    [T] Box<T>,
    [T] Arc<T>,
    [T] const N [T; N],
    [A] (A,),
    [A, B] (A, B),
    [A, B, C] (A, B, C),
    [A, B, C, D] (A, B, C, D),
);
