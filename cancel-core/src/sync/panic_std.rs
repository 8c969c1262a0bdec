//! Foreign code may panic: every call is caught, the first panic goes on at the end.

use alloc::boxed::Box;
use core::any::Any;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// `guard` keeps panics from going on.
pub(crate) const CATCHES: bool = true;

/// The first panic of several calls.
#[derive(Debug, Default)]
pub struct Panics(Option<Box<dyn Any + Send>>);

// SAFETY: through a shared reference nothing is reached but whether there is a payload.
unsafe impl Sync for Panics {}
impl UnwindSafe for Panics {}
impl RefUnwindSafe for Panics {}

impl Panics {
    pub(crate) const fn new() -> Self {
        Panics(None)
    }

    /// Calls foreign code. `None`: it has panicked.
    #[inline]
    pub fn guard<T>(&mut self, call: impl FnOnce() -> T) -> Option<T> {
        // Unwind safe: the caller's own state is settled before each call.
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(value) => Some(value),
            Err(payload) => {
                match self.0 {
                    None => self.0 = Some(payload),
                    // Dropping it could panic again.
                    Some(_) => core::mem::forget(payload),
                }
                None
            }
        }
    }

    /// The same in a destructor, where a second panic on top of another one would abort.
    #[inline]
    pub(crate) fn resume_unless_unwinding(self) {
        if std::thread::panicking() {
            // Dropping it could panic again.
            core::mem::forget(self);
        } else {
            self.resume();
        }
    }

    /// Lets the first panic go on.
    #[inline]
    pub(crate) fn resume(self) {
        if let Some(payload) = self.0 {
            resume_unwind(payload);
        }
    }
}
