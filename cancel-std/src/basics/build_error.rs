//! `BuildError`: what cannot be built is refused at once.

use std::borrow::Cow;
use std::fmt;

/// Something that was asked for cannot be: a signal that cannot be caught, an interval of zero.
///
/// It comes when a source is built, not when an operation runs. The text says what was wrong, with
/// the value that was given.
///
/// # Examples
///
/// ```
/// use cancel_std::BuildError;
///
/// fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
/// is_error::<BuildError>();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    message: Cow<'static, str>,
}

impl BuildError {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        BuildError {
            message: message.into(),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

impl std::error::Error for BuildError {}
