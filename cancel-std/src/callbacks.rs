//! The callbacks of an operation. Their panics end here.

use crate::context::Context;
use crate::progress::Progress;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

/// What a callback with a [`Context`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Start,
    Complete,
    Cancel,
    Error,
}

type OnEvent = dyn Fn(&Context) + Send + Sync;
type OnProgress = dyn Fn(&Progress) + Send + Sync;

enum Callback {
    Event(Event, Box<OnEvent>),
    Progress(Box<OnProgress>),
}

/// Unchangeable once the operation is shared, so that calls need no lock.
#[derive(Default)]
pub(crate) struct Callbacks {
    list: Vec<Callback>,
    panics: AtomicU32,
}

impl Callbacks {
    pub(crate) fn on_event<F>(&mut self, event: Event, f: F)
    where
        F: Fn(&Context) + Send + Sync + 'static,
    {
        self.list.push(Callback::Event(event, Box::new(f)));
    }

    pub(crate) fn on_progress<F>(&mut self, f: F)
    where
        F: Fn(&Progress) + Send + Sync + 'static,
    {
        self.list.push(Callback::Progress(Box::new(f)));
    }

    /// Calls those for `event` in order. `context` is only made if there are any.
    pub(crate) fn event(&self, event: Event, context: impl FnOnce() -> Context) {
        let mut wanted = self.list.iter().filter_map(|callback| match callback {
            Callback::Event(of, f) if *of == event => Some(f),
            _ => None,
        });
        let Some(first) = wanted.next() else { return };
        let context = context();
        for f in std::iter::once(first).chain(wanted) {
            self.contain(|| f(&context));
        }
    }

    pub(crate) fn hear_progress(&self) -> bool {
        self.list
            .iter()
            .any(|callback| matches!(callback, Callback::Progress(_)))
    }

    pub(crate) fn progress(&self, progress: &Progress) {
        for callback in &self.list {
            if let Callback::Progress(f) = callback {
                self.contain(|| f(progress));
            }
        }
    }

    /// Calls foreign code. A panic goes no further, and is counted.
    pub(crate) fn contain(&self, f: impl FnOnce()) {
        let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
            return;
        };
        // Relaxed: a statistic.
        self.panics.fetch_add(1, Ordering::Relaxed);
        // The payload is foreign, too.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
    }

    pub(crate) fn panics(&self) -> u32 {
        self.panics.load(Ordering::Relaxed)
    }
}
