//! `Observer`: who wants to hear of everything that happens to operations.

use crate::report::context::Context;
use crate::report::progress::Progress;

/// What happens in the life of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Start,
    /// The runner has seen that it is to end.
    Asked,
    Complete,
    Cancel,
    Error,
}

/// Hears of everything that happens to the operations it is given to
/// ([`observe`](crate::Cancelable::observe)): for registries, logs, statistics.
///
/// Everything is called on the thread on which it happens, outside of locks; what panics is contained
/// and counted ([`callback_panics`](Context::callback_panics)). It should be quick.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Context, Observer};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// #[derive(Default)]
/// struct Count(AtomicUsize);
///
/// impl Observer for Count {
///     fn ended(&self, context: &Context) {
///         println!("{} {}", context.name().unwrap_or("?"), context.status());
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// let count = Arc::new(Count::default());
/// for name in ["a", "b"] {
///     let op = Cancelable::new().name(name).observe(count.clone());
///     smol::block_on(op.run(async |_| ())).unwrap();
/// }
/// assert_eq!(count.0.load(Ordering::Relaxed), 2);
/// ```
pub trait Observer: Send + Sync + 'static {
    /// An operation starts.
    fn started(&self, context: &Context) {
        let _ = context;
    }

    /// A running operation has been asked to end, and its runner has seen it: the cause is in the
    /// context. Shields, grace and cleanup are still to come.
    fn cancel_requested(&self, context: &Context) {
        let _ = context;
    }

    /// An operation, or one below it, reports progress.
    fn progress(&self, progress: &Progress) {
        let _ = progress;
    }

    /// An operation has ended. Also called when its run was dropped.
    fn ended(&self, context: &Context) {
        let _ = context;
    }
}
