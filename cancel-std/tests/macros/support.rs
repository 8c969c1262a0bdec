//! What the tests share.

use cancel_std::{BuildError, Cancelled};
use std::fmt;
use std::time::Duration;

/// Far longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

pub(crate) const SHORT: Duration = Duration::from_millis(5);

/// An error as applications have it.
#[derive(Debug)]
pub(crate) enum AppError {
    Cancelled(Cancelled),
    Own(&'static str),
}

impl From<Cancelled> for AppError {
    fn from(cancelled: Cancelled) -> Self {
        AppError::Cancelled(cancelled)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppError::Cancelled(cancelled) => cancelled.fmt(f),
            AppError::Own(text) => f.write_str(text),
        }
    }
}

impl AppError {
    #[track_caller]
    pub(crate) fn cancelled(self) -> Cancelled {
        match self {
            AppError::Cancelled(cancelled) => cancelled,
            AppError::Own(text) => panic!("not cancelled, but {text}"),
        }
    }
}

/// The error of what could not be built, behind a cancelation.
#[track_caller]
pub(crate) fn build_error(cancelled: &Cancelled) -> &BuildError {
    let source = std::error::Error::source(cancelled).expect("there is a source");
    source.downcast_ref().expect("it is a BuildError")
}
