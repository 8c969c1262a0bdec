//! The flags of the state word.
//!
//! ```text
//!  31            16 15       11 10                                              0
//! +----------------+-----------+------------------------------------------------+
//! |    payload     |  reason   | never all multi inher  -   done held mark ne C L |
//! +----------------+-----------+------------------------------------------------+
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

/// The word is locked (`sync::Word` alone deals with this bit).
pub(crate) const LOCK: u32 = 1;
/// Cancelled: final.
pub(crate) const CANCELLED: u32 = 1 << 1;
/// There are entries in the list.
pub(crate) const NONEMPTY: u32 = 1 << 2;
/// Flags below this node are being set; a `cancel` that lost waits for this to be over.
pub(crate) const MARKING: u32 = 1 << 3;
/// In the work list of a canceller.
pub(crate) const HELD: u32 = 1 << 4;
/// All dependents have been marked.
pub(crate) const DONE: u32 = 1 << 5;
/// Cancelled through an ancestor.
pub(crate) const INHERITED: u32 = 1 << 7;
/// Follows several sources: the node is kept alive by its dependents (any, all).
pub(crate) const MULTI: u32 = 1 << 8;
/// Follows all of its sources: the last one fires it.
pub(crate) const ALL: u32 = 1 << 9;
/// Can never be cancelled.
pub(crate) const NEVER: u32 = 1 << 10;

/// What a dependent takes over from a cancelled node, besides `INHERITED`.
pub(crate) const OUTCOME: u32 = CANCELLED | crate::reason::REASON_BITS;

const _: () = assert!(LOCK == 1 && crate::reason::REASON_BITS & (NEVER | (NEVER - 1)) == 0);
