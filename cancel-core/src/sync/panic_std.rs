//! Foreign code may panic: every call is caught, the first panic goes on at the end.

use alloc::boxed::Box;
use core::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The first panic of several calls.
#[derive(Default)]
pub(crate) struct Panics(Option<Box<dyn Any + Send>>);

impl Panics {
    pub(crate) const fn new() -> Self {
        Panics(None)
    }

    #[inline]
    pub(crate) fn guard(&mut self, call: impl FnOnce()) {
        // Unwind safe: the caller's own state is settled before each call.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
            match self.0 {
                None => self.0 = Some(payload),
                // Dropping it could panic again.
                Some(_) => core::mem::forget(payload),
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
