//! `Runtime`: the clock that operations run on.

use cancel_core::Timer;

/// What an [`Operation`](crate::generic::Operation) needs of a runtime: a [`Timer`] to keep and to use from any thread.
///
/// Implemented for whatever fulfils it. [`Std`](crate::Std) does.
///
/// # Examples
///
/// ```
/// fn is_runtime<R: cancel_std::Runtime>() {}
/// is_runtime::<cancel_std::Std>();
/// ```
pub trait Runtime: Timer<Sleep: Send> + Clone + Send + Sync + 'static {}

impl<R: Timer<Sleep: Send> + Clone + Send + Sync + 'static> Runtime for R {}
