//! Cancelation tokens and scopes on [embassy](https://embassy.dev): deadlines by `embassy-time`, no
//! heap.
//!
//! [`Embassy`] is the clock of `embassy-time` as a [`Timer`]. What goes with it, the tokens and the
//! scopes of [`cancel_core`], is handed on, so that this is the one crate to depend on.
//!
//! ```
//! use cancel_embassy::{Reason, Scope, Token, deadline_after};
//! use embassy_time::{Duration, Timer};
//!
//! static STOP: Token = Token::new(); // an interrupt handler may call `STOP.cancel()`
//!
//! async fn measure() -> u32 {
//!     Timer::after(Duration::from_secs(60)).await;
//!     21
//! }
//!
//! embassy_futures::block_on(async {
//!     let run = Scope::new(&STOP, measure()).source(deadline_after(Duration::from_millis(5)));
//!     assert_eq!(run.await.unwrap_err().reason(), Reason::Timeout);
//! });
//! ```
//!
//! # Tasks
//!
//! Embassy's tasks are static: each is a function with a pool of a fixed size, so there is no general
//! `spawn` and this crate does not pretend that there is one ([`cancel_core`]'s `Spawn` is optional
//! for a runtime). Tasks share tokens that live as long as they do, `&'static Token`:
//!
//! ```standalone_crate
//! use cancel_embassy::{Child, Embassy, TimeoutExt, Token};
//! use embassy_executor::Spawner;
//! use std::pin::pin;
//! use std::time::Duration;
//!
//! static STOP: Token = Token::new();
//! static STOPPED: Token = Token::new();
//!
//! #[embassy_executor::task]
//! async fn radio(stop: &'static Token) {
//!     // A token below it, for a part of the work: in place, gone with the task.
//!     let sending = pin!(Child::new(stop));
//!     let sending = sending.enter();
//!     let cancelled = sending.cancelled().await;
//!     assert!(cancelled.is_inherited());
//!     STOPPED.cancel();
//! }
//!
//! #[embassy_executor::main]
//! async fn main(spawner: Spawner) {
//!     spawner.spawn(radio(&STOP).unwrap());
//!     let nothing = core::future::pending::<()>();
//!     assert!(nothing.timeout(&Embassy, Duration::from_millis(5)).await.is_err());
//!     STOP.cancel();
//!     STOPPED.cancelled().await; // (without a heap there is no join handle either)
//! #   std::process::exit(0);
//! }
//! ```
//!
//! A token that several tasks need but that is not a `static`: `static_cell::StaticCell` gives a
//! `&'static Token`, and the feature `alloc` has `CancelToken`. For work that comes and goes inside
//! one task, `embassy_futures::join` and scopes need neither.
//!
//! # Interrupts
//!
//! `Token::cancel` may be called from an interrupt handler, whatever that has interrupted: it waits
//! for nobody, and each of its critical sections does a fixed small amount of work, however many wait
//! for the token. The work outside grows with the number of tasks that are woken and tokens below.
//! Whoever needs a short handler cancels in a task of an `InterruptExecutor`.
//! (An interrupt that the application's `critical-section` does not keep out, as that of a fault, an NMI,
//! or one reserved for a radio stack, may not use tokens, nor anything else of embassy's.)
//!
//! With two cores it is the same: all goes through the application's `critical-section`, whose
//! implementation for such a chip also keeps the other core out.
//!
//! # Time
//!
//! Durations here are those of [`core::time`] and moments are [`Instant`]s, as everywhere in the library.
//! An [`embassy_time::Instant`] can be given as the moment of a [`Deadline`]; [`Embassy::instant`] and
//! [`Embassy::to_embassy`] convert; [`deadline_at`] and [`deadline_after`] are sources. Where embassy's
//! `with_timeout(limit, work)` was, `work.timeout(&Embassy, limit.into())` does the same:
//!
//! ```
//! use cancel_embassy::{Embassy, Reason, TimeoutExt};
//! use embassy_time::Duration;
//!
//! embassy_futures::block_on(async {
//!     let limit = Duration::from_millis(5);
//!     let late = core::future::pending::<()>().timeout(&Embassy, limit.into()).await;
//!     assert_eq!(late.unwrap_err().reason(), Reason::Timeout);
//! });
//! ```
//!
//! # Features
//!
//! All are off by default.
//!
//! * `alloc`: `CancelToken`, callbacks, messages (without it: [`StaticCause`]). The application provides
//!   the allocator.
//! * `critical-section`: for applications on targets without compare-and-swap, together with `alloc`.
//! * `defmt`: `defmt::Format` for tokens, reasons and errors.
//! * `serde`: reasons and causes can be serialized, reasons deserialized.
//!
//! The application chooses the time driver, the tick rate and the implementation of
//! `critical-section`, as always with embassy.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

mod ticks;
mod timer;

pub use cancel_core::{
    AllOf, AnyOf, AsToken, Bare, CancelFutureExt, CancelStreamExt, Cancelled, Cause, Check, Child,
    Deadline, DeadlineSource, DropGuard, HasId, Instant, IntoDeadline, IntoToken, Lent, Never,
    OnCancel, Reason, Scope, Shield, Shields, StaticCause, TakeUntilCancelled, Timeout, TimeoutExt,
    Timer, TimerError, Token, TokenId, TokenRef, TokenView, TryUntilCancelled, UntilCancelled,
    UntilDeadline, WaitForCancel, WithCleanup, WithGrace, WithShields, WithSource, WithSources,
    all_of, any_of,
};
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use cancel_core::{CancelToken, Follow, Followed, Registration};
pub use timer::{Embassy, Sleep, deadline_after, deadline_at};
