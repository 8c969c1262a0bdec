//! The flags of the state word.
//!
//! ```text
//!  31  30  29            14 13        9 8                                     0
//! +---+---+----------------+-----------+----------------------------------------+
//! | C | N |    payload     |  reason   | calls all multi inh done held mark ne L |
//! +---+---+----------------+-----------+----------------------------------------+
//!
//!                 cancel (propagate.rs)                     marking is over
//!   LIVE ───────────────────────────────▶ CANCELLED+MARKING ───────────────▶ CANCELLED
//!     │   a root with dependents, or                                            ▲
//!     │   an inner node in a canceller's work list (HELD)                       │
//!     └─────────────────────────────────────────────────────────────────────────┘
//!         nothing below it: one step
//!
//!   a node in a canceller's work list (propagate.rs):
//!   HELD (its dependents are still to be marked) ─▶ HELD+DONE ─▶ out of it; both stay set and mean
//!   nothing any more, since a cancelled node never gets there again
//! ```
//!
//! All of them change under the word's lock (or by one compare-and-swap of the unlocked word, H1 in
//! hub.rs), `CANCELLED` together with `INHERITED`, reason and
//! payload in one store. Nothing ever clears `CANCELLED`.
//!
//! While a token is live, its reason means nothing, and one bit of that says that it has a time limit.
//!
//! `CANCELLED` is the sign, so that to ask for it takes a shift on every processor (small ones have
//! no instruction for a bit in the middle), and stands beside `NEVER`, so that both are one small
//! constant. The lock wants the lowest bit.

/// The word is locked (`sync::Word` alone deals with this bit).
pub(crate) const LOCK: u32 = 1;
/// There are entries in the list.
pub(crate) const NONEMPTY: u32 = 1 << 1;
/// Flags below this node are being set; a `cancel` that lost waits for this to be over.
pub(crate) const MARKING: u32 = 1 << 2;
/// In the work list of a canceller.
pub(crate) const HELD: u32 = 1 << 3;
/// All dependents have been marked.
pub(crate) const DONE: u32 = 1 << 4;
/// Cancelled through an ancestor.
pub(crate) const INHERITED: u32 = 1 << 5;
/// Follows several sources: the node is kept alive by its dependents (any, all).
pub(crate) const MULTI: u32 = 1 << 6;
/// Follows all of its sources: the last one fires it.
pub(crate) const ALL: u32 = 1 << 7;
/// Of a node that is not `MULTI`: has had a time limit at some time (T5 in timed.rs).
pub(crate) const ARMED: u32 = ALL;
/// In a canceller's left list, with callbacks alone in its own.
pub(crate) const CALLS: u32 = 1 << 8;
/// Can never be cancelled.
pub(crate) const NEVER: u32 = 1 << 30;
/// Cancelled: final.
pub(crate) const CANCELLED: u32 = 1 << 31;

/// What a dependent takes over from a cancelled node, besides `INHERITED`.
pub(crate) const OUTCOME: u32 = CANCELLED | crate::cause::REASON_BITS;

/// Never where there are no such nodes, as the compiler is to know.
#[inline(always)]
pub(crate) fn is_multi(flags: u32) -> bool {
    crate::sync::HAS_LINKS && flags & MULTI != 0
}

/// Of a live node: has a time limit (T1 in timed.rs). One of the reason's bits, which a live word does
/// not need; the code that sets `CANCELLED` takes it away first.
pub(crate) const TIMED: u32 = 1 << 9;
const _: () = assert!(crate::cause::REASON_BITS & TIMED != 0);

const FLAGS: u32 = CANCELLED | NEVER | ((CALLS << 1) - 1);
const _: () = assert!(LOCK == 1 && crate::cause::REASON_BITS == !FLAGS);
