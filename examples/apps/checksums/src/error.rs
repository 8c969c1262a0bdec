//! Stopped, or failed.

use cancel_smol::Cancelled;
use std::fmt;

#[derive(Debug)]
pub(crate) enum Error {
    Cancelled(Cancelled),
    Failed(String),
}

impl From<Cancelled> for Error {
    fn from(cancelled: Cancelled) -> Self {
        Error::Cancelled(cancelled)
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Error::Failed(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Cancelled(cancelled) => cancelled.fmt(f),
            Error::Failed(message) => f.write_str(message),
        }
    }
}
