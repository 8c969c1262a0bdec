//! What a token keeps of its cancelation beside the reason: one tagged pointer.
//!
//! | pointer | tag | says |
//! |---|---|---|
//! | null | 0 | nothing: the token itself was asked |
//! | a block | 0 | what the block says; if that has no origin, the token itself was asked |
//! | an id | 1 | whose cancelation it is, and nothing else |
//! | a block of another kind | 2 | (live tokens only) the time limit of the token (T1 in tree/timed.rs) |
//! | a block | 3 | what the block says; whose cancelation it is, nobody knows |
//!
//! Invariants (`D` in detail.rs, `H` in hub.rs)
//!
//! * S1: this file alone makes and reads tags. Blocks and tokens are aligned to 4 bytes at least. An id
//!   is an address without provenance: nothing is ever read through it.
//! * S2: a block in a slot is one reference to it (D1), which the slot's drop gives back. Null and ids
//!   count nothing. What has tag 2 is taken out before the slot is used otherwise, or dropped.
//! * S3: null, and a block without an origin at tag 0, mean the token whose slot it is. So neither goes
//!   from one token to another; what does is made by [`Said::for_others`] or [`Said::with_origin`].
//! * S4: a block without an origin cannot be given one when others may know it (D2). A second block
//!   adds it (D3); without a heap, where such blocks are `static`, tag 3 says that it is not known.

use crate::cause::detail::{Detail, DetailRef, reserve, unreserve};
use crate::cause::origin::TokenId;
use crate::sync::{AtomicPtr, Relaxed, Word, const_fn};
use core::ptr::{null_mut, without_provenance_mut};

const TAGS: usize = 3;
const ID: usize = 1;
const LIVE: usize = 2;
const UNKNOWN: usize = 3;

// S1. (A token begins with its state word.)
const _: () = assert!(align_of::<Detail>() > TAGS && align_of::<Word>() > TAGS);

/// The place of it in a token.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Slot(AtomicPtr<Detail>);

impl Slot {
    const_fn! {
        pub(crate) const fn new() -> Self {
            Slot(AtomicPtr::new(null_mut()))
        }
    }

    // Relaxed, both: the flag `CANCELLED` publishes it (H2).
    #[inline(always)]
    pub(crate) fn get(&self) -> Said {
        Said(self.0.load(Relaxed))
    }

    /// # Safety
    ///
    /// Under the lock, once. The slot takes over the reference that `said` is.
    #[inline(always)]
    pub(crate) unsafe fn set(&self, said: Said) {
        self.0.store(said.0, Relaxed);
    }

    /// # Safety
    ///
    /// The end of the slot, which is not dropped, or is being dropped.
    #[inline]
    pub(crate) unsafe fn give_back(&self) {
        let said = self.get();
        // (That of most tokens that go, and quickly seen.)
        if !said.0.is_null() {
            // SAFETY: the slot's own reference (S2).
            unsafe { said.unreserve(1) };
        }
    }
}

#[cfg(feature = "alloc")]
impl Slot {
    /// The time limit of a live token that has one.
    pub(crate) fn live(&self) -> *mut () {
        // Relaxed, all three: under the token's lock.
        let raw = self.0.load(Relaxed);
        debug_assert_eq!(raw.addr() & TAGS, LIVE);
        raw.map_addr(|addr| addr & !TAGS).cast()
    }

    pub(crate) fn set_live(&self, block: *mut ()) {
        let tagged = block.map_addr(|addr| addr | LIVE);
        self.0.store(tagged.cast(), Relaxed);
    }

    pub(crate) fn take_live(&self) -> *mut () {
        let block = self.live();
        self.0.store(null_mut(), Relaxed);
        block
    }
}

impl Drop for Slot {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the end.
        unsafe { self.give_back() };
    }
}

/// What a slot says: not counted by itself.
#[derive(Clone, Copy)]
pub(crate) struct Said(*mut Detail);

impl Said {
    /// What a token at `own` keeps when it is cancelled with a block and the origin of somebody else,
    /// if any. The reference to the block is in it. `handed_on`: both are another token's.
    #[inline]
    pub(crate) fn new(
        detail: Option<DetailRef>,
        origin: Option<TokenId>,
        own: TokenId,
        handed_on: bool,
    ) -> Self {
        match (detail, origin) {
            (None, None) => Said(null_mut()),
            (None, Some(origin)) => Said::id(origin),
            (Some(detail), origin) => Said::block(detail, origin, own, handed_on),
        }
    }

    #[cfg(feature = "alloc")]
    fn block(mut detail: DetailRef, origin: Option<TokenId>, own: TokenId, _: bool) -> Self {
        if detail.get().origin.is_none() {
            if let Some(detail) = detail.get_mut() {
                detail.origin = Some(origin.unwrap_or(own));
            } else if let Some(origin) = origin {
                detail = DetailRef::with_origin(detail, origin);
            }
        }
        Said(detail.into_raw())
    }

    #[cfg(not(feature = "alloc"))]
    fn block(detail: DetailRef, _: Option<TokenId>, _: TokenId, handed_on: bool) -> Self {
        let said = Said(detail.into_raw());
        match handed_on {
            false => said,
            true => said.of_nobody_known(),
        }
    }

    fn id(id: TokenId) -> Self {
        Said(without_provenance_mut(id.addr() | ID))
    }

    #[cfg(not(feature = "alloc"))]
    fn of_nobody_known(self) -> Self {
        Said(self.0.map_addr(|addr| addr | UNKNOWN))
    }

    fn tag(self) -> usize {
        self.0.addr() & TAGS
    }

    /// The block; null if there is none.
    #[inline(always)]
    fn detail(self) -> *mut Detail {
        match self.tag() {
            ID | LIVE => null_mut(),
            _ => self.0.map_addr(|addr| addr & !TAGS),
        }
    }

    /// Whether references to it are counted.
    #[inline(always)]
    pub(crate) fn is_block(self) -> bool {
        !self.detail().is_null()
    }

    /// What a token at `own` says that has this in its slot: a block, and an origin.
    ///
    /// # Safety
    ///
    /// The block, if any, stays alive during the call.
    #[inline]
    pub(crate) unsafe fn read(self, own: TokenId) -> (Option<DetailRef>, Option<TokenId>) {
        let origin = match self.tag() {
            ID => return (None, Some(TokenId::from_addr(self.0.addr() & !TAGS))),
            UNKNOWN => None,
            // SAFETY: alive by the caller's promise.
            _ => Some(unsafe { self.block_origin() }.unwrap_or(own)),
        };
        // SAFETY: alive by the caller's promise.
        (unsafe { DetailRef::clone_raw(self.detail()) }, origin)
    }

    /// # Safety
    ///
    /// As for [`read`](Said::read).
    #[cfg(feature = "alloc")]
    unsafe fn block_origin(self) -> Option<TokenId> {
        // SAFETY: alive by the caller's promise; only read, since others may know it (D2).
        unsafe { self.detail().as_ref() }?.touched().origin
    }

    #[cfg(not(feature = "alloc"))]
    unsafe fn block_origin(self) -> Option<TokenId> {
        None
    }

    /// What those below or behind a token at `own` keep that has this in its slot (S3). `None`: that
    /// takes a block more, which [`with_origin`](Said::with_origin) makes. Counts nothing.
    ///
    /// # Safety
    ///
    /// As for [`read`](Said::read).
    #[inline]
    pub(crate) unsafe fn for_others(self, own: TokenId) -> Option<Self> {
        if self.0.is_null() {
            return Some(Said::id(own));
        }
        // SAFETY: passed on.
        if self.tag() != 0 || unsafe { self.block_origin() }.is_some() {
            return Some(self);
        }
        #[cfg(feature = "alloc")]
        return None;
        #[cfg(not(feature = "alloc"))]
        return Some(self.of_nobody_known());
    }

    /// The same if that takes a block more: allocates, so not under a lock. With one reference.
    ///
    /// # Safety
    ///
    /// As for [`read`](Said::read); `for_others` has said so.
    #[cold]
    pub(crate) unsafe fn with_origin(self, own: TokenId) -> Self {
        // SAFETY: alive by the caller's promise.
        let detail = unsafe { DetailRef::clone_raw(self.detail()) };
        Said::new(detail, Some(own), own, true)
    }

    /// What a token keeps that is made cancelled, after one at `own` that has this in its slot. With
    /// one reference; may allocate, so not under a lock.
    ///
    /// # Safety
    ///
    /// As for [`read`](Said::read).
    #[inline]
    pub(crate) unsafe fn inherit(self, own: TokenId) -> Self {
        // SAFETY: passed on.
        unsafe {
            match self.for_others(own) {
                Some(said) => {
                    said.reserve(1);
                    said
                }
                None => self.with_origin(own),
            }
        }
    }

    /// Counts `n` references more.
    ///
    /// # Safety
    ///
    /// As for [`read`](Said::read).
    #[inline]
    pub(crate) unsafe fn reserve(self, n: u32) {
        // SAFETY: passed on.
        unsafe { reserve(self.detail(), n) };
    }

    /// Takes back `n` references; the last one frees the block, which runs foreign code.
    ///
    /// # Safety
    ///
    /// The caller has `n` references, which are used up.
    #[inline]
    pub(crate) unsafe fn unreserve(self, n: u32) {
        // SAFETY: passed on.
        unsafe { unreserve(self.detail(), n) };
    }
}
