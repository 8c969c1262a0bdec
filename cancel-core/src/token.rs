//! Tokens, and what one does with them: ask, wait, run until, look, guard, call back.
//!
//! `base.rs` has the token in place, `shared.rs` the handle on the heap. What a token gives (a wait, a
//! guard, a view, a registration) is in the file of that type, the method of the token included.

#[allow(unsafe_code)]
mod base;

#[allow(unsafe_code)]
mod accept;

mod check;

#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
mod shared;

#[allow(unsafe_code)]
mod wait;

mod until;

mod stream;

mod guard;

#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
mod registration;

#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
mod alarm;

mod view;

mod blocking;

#[allow(unsafe_code)]
mod child;

#[allow(unsafe_code)]
mod on_cancel;

#[cfg(test)]
mod tests;

pub use accept::{AsToken, IntoToken, Lent};
#[cfg(feature = "alloc")]
pub use accept::{Follow, Followed};
pub use base::{Token, TokenRef};
pub use check::{Check, Never};
pub use child::Child;
pub use guard::DropGuard;
pub use on_cancel::OnCancel;
#[cfg(feature = "alloc")]
pub use registration::Registration;
#[cfg(feature = "alloc")]
pub use shared::CancelToken;
pub use stream::{CancelStreamExt, TakeUntilCancelled, TryUntilCancelled};
#[cfg(feature = "compat")]
pub(crate) use until::Beside;
pub use until::{CancelFutureExt, UntilCancelled};
pub use view::TokenView;
pub use wait::WaitForCancel;

crate::sync::with_std! {
    pub use blocking::block_on;
    pub use guard::PanicGuard;
}
