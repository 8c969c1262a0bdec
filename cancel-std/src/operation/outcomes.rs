//! What the value of a body means for the status.

use super::Runtime;
use super::base::Cx;
use super::end::{Ended, Outcome, Running};
use super::ending::Cleanup;
use cancel_core::{Cancelled, Token};
use std::any::Any;
use std::fmt::Display;
use std::future::Ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Any value is a good end.
pub(super) fn plain<R: Runtime, T>(
    result: Result<&T, &Cancelled>,
    _: &Token,
    run: Running<'_, R>,
) -> Ended {
    run.end(match result {
        Ok(_) => Outcome::Completed,
        Err(_) => Outcome::Cancelled(None),
    })
}

/// What a body's `Result` means for the status.
pub(super) fn fallible<R: Runtime, T, E: Display + 'static>(
    result: Result<&Result<T, E>, &Cancelled>,
    token: &Token,
    run: Running<'_, R>,
) -> Ended {
    run.end(match result {
        Ok(Ok(_)) => Outcome::Completed,
        Ok(Err(error)) => erred(error, Some(error), token),
        Err(_) => Outcome::Cancelled(None),
    })
}

/// The body has ended with this error. Its text is foreign code: a panic of that is one of the body.
pub(super) fn erred<'e>(
    text: &impl Display,
    error: Option<&'e dyn Any>,
    token: &Token,
) -> Outcome<'e> {
    match catch_unwind(AssertUnwindSafe(|| text.to_string())) {
        Ok(text) if token.is_cancelled() => Outcome::Cancelled(Some(text)),
        Ok(text) => Outcome::Failed(text, error),
        Err(payload) => Outcome::Panicked(payload),
    }
}

type NoCleanup<R> = fn(&Cx<R>) -> Ready<()>;

pub(super) fn no_cleanup<R>() -> Cleanup<NoCleanup<R>> {
    Cleanup::None
}
