//! The three types of operations, for any runtime, and what some of their methods take.
//!
//! At the root of this crate, and of each adapter, there are aliases of the same names for the runtime
//! of that crate: those are for programs. Code that is to work on every runtime takes these:
//!
//! ```
//! use cancel_std::Runtime;
//! use cancel_std::generic::{Cancelable, Cx};
//! use std::time::Duration;
//!
//! async fn three_naps<R: Runtime>(cx: &Cx<R>) {
//!     for nap in 1..=3 {
//!         cx.sleep(Duration::from_millis(1)).await;
//!         cx.progress(nap, 3);
//!     }
//! }
//!
//! let op = Cancelable::on(cancel_std::Std).build();
//! smol::block_on(op.run(async |cx| three_naps(cx).await)).unwrap();
//! ```

pub use crate::operation::{Body, Cancelable, Cx, IntoSource, Operation};
