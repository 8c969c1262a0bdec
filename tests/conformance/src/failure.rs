//! What a case says that went wrong.

use core::fmt;

/// What a case returns.
pub type Outcome = Result<(), Failure>;

/// Something that should have held, and where it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What should have held.
    pub what: &'static str,
    /// The file of the case.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: not so: {}", self.file, self.line, self.what)
    }
}

impl core::error::Error for Failure {}

/// Leaves the case unless the condition holds.
macro_rules! ensure {
    ($holds:expr) => {
        if !$holds {
            return Err($crate::Failure {
                what: stringify!($holds),
                file: file!(),
                line: line!(),
            });
        }
    };
}
pub(crate) use ensure;

/// What a case says whose runtime took no task.
#[cfg(feature = "alloc")]
#[track_caller]
pub(crate) fn refused() -> Outcome {
    let at = core::panic::Location::caller();
    Err(Failure {
        what: "the runtime takes a task",
        file: at.file(),
        line: at.line(),
    })
}
