//! Cancelation tokens and scopes on embassy.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

mod ticks;
mod timer;

pub use cancel_core::{
    AllOf, AnyOf, CancelFutureExt, CancelStreamExt, Cancelled, Cause, Check, Child, Cleanup,
    Control, DeadlineSource, DropGuard, Grace, GracePeriod, Never, NoCleanup, NoGrace, NoShields,
    NoSource, Reason, Scope, Shield, Shields, StaticCause, TakeUntilCancelled, Timeout, TimeoutExt,
    Timer, TimerError, Token, TokenId, TokenRef, TokenView, UntilCancelled, UntilCancelledStream,
    WaitForCancel, WithSource, all_of, any_of,
};
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use cancel_core::{CancelToken, Registration, TimeoutToken};
pub use ticks::{duration_of, instant_of};
pub use timer::{Embassy, Sleep};
