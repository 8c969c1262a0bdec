//! What is said about a cancel beside its reason: one block, shared by all tokens it reached.
//!
//! Invariants
//!
//! * D1: a block with count 0 is `'static` and never freed. Any other block came from a `Box`, and
//!   its count is the number of `DetailRef`s, plus those that a canceller has reserved.
//! * D2: a block is written while there is exactly one reference to it (`get_mut`), so readers need
//!   no lock.
//! * D3: a block with `of` adds an origin to another one, and says nothing else itself. The other one
//!   has neither origin nor `of`.
//! * D4: a block that was copied, to be changed beside others who know it (clones of a cause), leaves the
//!   underlying error where it is. It refers to the block that has it itself, never to another copy.

#[cfg(feature = "alloc")]
use crate::cause::origin::TokenId;
#[cfg(feature = "alloc")]
use crate::sync::{AcqRel, Relaxed};
use crate::sync::{AtomicU32, Life, const_fn};
#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, boxed::Box};
use core::error::Error;
use core::ptr::NonNull;
use core::time::Duration;

#[cfg(feature = "alloc")]
pub(crate) type Message = Cow<'static, str>;
#[cfg(not(feature = "alloc"))]
pub(crate) type Message = &'static str;

/// The error below a cancelation.
#[derive(Debug)]
pub(crate) enum Source {
    /// The user's own.
    #[cfg(feature = "alloc")]
    Users(Box<dyn Error + Send + Sync>),
    /// Another cancelation.
    #[cfg(feature = "alloc")]
    Ours(Box<dyn Chained>),
    /// That of the block, which has one of its own (D4).
    #[cfg(feature = "alloc")]
    Shared(DetailRef),
}

impl Source {
    pub(crate) fn error(&self) -> &(dyn Error + 'static) {
        match *self {
            #[cfg(feature = "alloc")]
            Source::Users(ref error) => &**error,
            #[cfg(feature = "alloc")]
            Source::Ours(ref error) => error.as_error(),
            #[cfg(feature = "alloc")]
            Source::Shared(ref of) => match of.get().source {
                Some(ref source) => source.error(),
                None => unreachable!("D4"),
            },
        }
    }
}

/// An error with a block of its own.
pub(crate) trait Chained: Error + Send + Sync {
    /// The up-cast, which Rust has itself since 1.86.
    #[cfg(feature = "alloc")]
    fn as_error(&self) -> &(dyn Error + 'static);

    #[cfg(feature = "alloc")]
    fn into_detail(self: Box<Self>) -> Option<DetailRef>;
}

#[derive(Debug)]
pub(crate) struct Detail {
    count: AtomicU32,
    life: Life,
    /// Whose cancelation it is. `None`: that of the token whose slot has the block (slot.rs).
    #[cfg(feature = "alloc")]
    pub(crate) origin: Option<TokenId>,
    pub(crate) message: Option<Message>,
    #[cfg(feature = "alloc")]
    pub(crate) name: Option<Message>,
    #[cfg(feature = "alloc")]
    pub(crate) limit: Option<Duration>,
    pub(crate) source: Option<Source>,
    /// The block that says all but the origin (D3).
    #[cfg(feature = "alloc")]
    of: Option<DetailRef>,
}

impl Detail {
    const_fn! {
        /// A block with a message alone.
        #[cfg(feature = "alloc")]
        const fn with(count: u32, message: Option<Message>) -> Self {
            Detail {
                count: AtomicU32::new(count),
                life: Life::new(),
                origin: None,
                message,
                name: None,
                limit: None,
                source: None,
                of: None,
            }
        }
    }

    const_fn! {
        /// A block for a `static`.
        pub(crate) const fn fixed(message: &'static str) -> Self {
            #[cfg(feature = "alloc")]
            let detail = Detail::with(0, Some(Cow::Borrowed(message)));
            #[cfg(not(feature = "alloc"))]
            let detail = Detail {
                count: AtomicU32::new(0),
                life: Life::new(),
                message: Some(message),
                source: None,
            };
            detail
        }
    }
}

impl Detail {
    /// It is alive: models see to that.
    #[inline(always)]
    pub(crate) fn touched(&self) -> &Self {
        self.life.touch();
        self
    }

    /// The block that says what this one stands for (D3).
    #[cfg(feature = "alloc")]
    fn said(&self) -> &Detail {
        self.of.as_ref().map_or(self, DetailRef::get)
    }

    #[cfg(not(feature = "alloc"))]
    fn said(&self) -> &Detail {
        self
    }

    pub(crate) fn message(&self) -> Option<&str> {
        // A `&str`, or a `Cow` of one.
        let message = self.said().message.as_ref()?;
        let text: &str = message;
        Some(text)
    }

    pub(crate) fn error(&self) -> Option<&(dyn Error + 'static)> {
        self.said().source.as_ref().map(Source::error)
    }
}

#[cfg(feature = "alloc")]
impl Detail {
    pub(crate) fn name(&self) -> Option<&str> {
        self.said().name.as_deref()
    }

    pub(crate) fn limit(&self) -> Option<Duration> {
        self.said().limit
    }
}

/// Without a heap there is no room for them.
#[cfg(not(feature = "alloc"))]
impl Detail {
    pub(crate) fn name(&self) -> Option<&str> {
        None
    }

    pub(crate) fn limit(&self) -> Option<Duration> {
        None
    }
}

/// One in a `static` of a model, which goes in the end.
impl Drop for Detail {
    fn drop(&mut self) {
        self.life.end();
    }
}

/// A counted or static reference to a block.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct DetailRef(NonNull<Detail>);

// SAFETY: a shared block is only read (D2), and message and source are `Send + Sync`. It is freed
// on the thread that lets go last, which `Send` of the parts allows.
unsafe impl Send for DetailRef {}
// SAFETY: as above.
unsafe impl Sync for DetailRef {}

impl DetailRef {
    pub(crate) fn fixed(detail: &'static Detail) -> Self {
        DetailRef(NonNull::from(detail))
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn new(source: Option<Source>) -> Self {
        let mut detail = Box::new(Detail::with(1, None));
        detail.source = source;
        DetailRef(NonNull::from(Box::leak(detail)))
    }

    /// A block that adds an origin to another one, which has none (D3).
    #[cfg(feature = "alloc")]
    pub(crate) fn with_origin(of: DetailRef, origin: TokenId) -> Self {
        let mut detail = Box::new(Detail::with(1, None));
        detail.origin = Some(origin);
        detail.of = Some(of);
        DetailRef(NonNull::from(Box::leak(detail)))
    }

    pub(crate) fn get(&self) -> &Detail {
        // SAFETY: alive while this reference is (D1).
        unsafe { self.0.as_ref() }.touched()
    }

    /// The block, if nobody else knows it.
    #[cfg(feature = "alloc")]
    pub(crate) fn get_mut(&mut self) -> Option<&mut Detail> {
        // Acquire: what others did before they let go comes before our writes. A sole reference
        // stays sole, since only a reference makes references.
        if self.get().count.load(crate::sync::Acquire) == 1 {
            self.get().life.alone();
            // SAFETY: the only reference, borrowed exclusively.
            return Some(unsafe { self.0.as_mut() });
        }
        None
    }

    /// The block, or a copy of it if others know it, which is to be changed. (Not one that is in a slot: it
    /// has neither origin nor `of`.)
    #[cfg(feature = "alloc")]
    pub(crate) fn make_mut(&mut self) -> &mut Detail {
        if self.get_mut().is_none() {
            *self = self.copied();
        }
        match self.get_mut() {
            Some(detail) => detail,
            None => unreachable!("one reference, ours"),
        }
    }

    #[cfg(feature = "alloc")]
    fn copied(&self) -> Self {
        let old = self.get();
        let mut detail = Box::new(Detail::with(1, old.message.clone()));
        detail.name.clone_from(&old.name);
        detail.limit = old.limit;
        // (D4.)
        detail.source = old.source.as_ref().map(|source| {
            Source::Shared(match source {
                Source::Shared(of) => of.clone(),
                Source::Users(_) | Source::Ours(_) => self.clone(),
            })
        });
        DetailRef(NonNull::from(Box::leak(detail)))
    }

    pub(crate) fn into_raw(self) -> *mut Detail {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }

    /// # Safety
    ///
    /// `raw` came from `into_raw` or was reserved by [`reserve`], and this right is used up.
    pub(crate) unsafe fn from_raw(raw: *mut Detail) -> Option<Self> {
        NonNull::new(raw).map(DetailRef)
    }

    /// Another reference to the block at `raw`.
    ///
    /// # Safety
    ///
    /// `raw` is null, or its block stays alive during the call.
    pub(crate) unsafe fn clone_raw(raw: *mut Detail) -> Option<Self> {
        // SAFETY: alive by the caller's promise; the reservation is used up at once.
        unsafe {
            reserve(raw, 1);
            Self::from_raw(raw)
        }
    }
}

/// Counts `n` references more, which become [`DetailRef`]s by `from_raw` or go back by [`unreserve`].
///
/// # Safety
///
/// `raw` is null, or its block stays alive during the call.
#[inline]
pub(crate) unsafe fn reserve(raw: *mut Detail, n: u32) {
    #[cfg(feature = "alloc")]
    if !raw.is_null() {
        // SAFETY: alive by the caller's promise.
        let count = unsafe { &(*raw).touched().count };
        // Relaxed: nobody learns anything from the count growing; 0 never changes (D1).
        if count.load(Relaxed) != 0 && count.fetch_add(n, Relaxed) > u32::MAX / 2 {
            crate::sync::abort("too many references to one cause");
        }
    }
    #[cfg(not(feature = "alloc"))]
    let _ = (raw, n);
}

/// Takes back `n` references; the last one frees the block, which runs foreign code.
///
/// # Safety
///
/// `raw` is null, or the caller has `n` references to it, which are used up.
#[inline]
pub(crate) unsafe fn unreserve(raw: *mut Detail, n: u32) {
    #[cfg(feature = "alloc")]
    if !raw.is_null() && n != 0 {
        // SAFETY: alive while we have references; the last one is ours to free.
        unsafe {
            if let_go(raw, n) {
                free_chain(raw);
            }
        }
    }
    #[cfg(not(feature = "alloc"))]
    let _ = (raw, n);
}

/// Counts `n` references less; true if nobody is left, and the block came from a `Box`.
///
/// # Safety
///
/// The caller has `n` references to the block, which are used up.
#[cfg(feature = "alloc")]
#[inline]
unsafe fn let_go(raw: *mut Detail, n: u32) -> bool {
    // SAFETY: alive while we have references.
    let detail = unsafe { (*raw).touched() };
    // AcqRel: everybody's reading comes before the free. A block with count 0 is nobody's (D1).
    detail.count.load(Relaxed) != 0 && detail.count.fetch_sub(n, AcqRel) == n
}

/// Frees a block, and in a loop those below it that it was the last to keep: causes made of causes
/// may stand in chains of any length. (Never inlined, since most tokens that go have no block.)
///
/// # Safety
///
/// From a `Box` (D1), and nobody is left.
#[cfg(feature = "alloc")]
#[cold]
#[inline(never)]
unsafe fn free_chain(mut raw: *mut Detail) {
    loop {
        // SAFETY: nobody is left, by the caller's promise, or by the count below.
        let below = match unsafe { free(raw) } {
            (Some(of), _) | (None, Some(Source::Shared(of))) => of,
            (None, Some(Source::Ours(source))) => match source.into_detail() {
                Some(below) => below,
                None => return,
            },
            // The user's own.
            (None, other) => return drop(other),
        };
        raw = below.into_raw();
        // SAFETY: the reference that `below` was.
        if !unsafe { let_go(raw, 1) } {
            return;
        }
    }
}

/// Frees one block, and returns what it referred to.
///
/// # Safety
///
/// From a `Box`, and nobody is left.
#[cfg(feature = "alloc")]
unsafe fn free(raw: *mut Detail) -> (Option<DetailRef>, Option<Source>) {
    // SAFETY: exclusive by the caller's promise. The contents go first, for a model keeps the memory.
    unsafe {
        let below = ((*raw).of.take(), (*raw).source.take());
        drop(((*raw).message.take(), (*raw).name.take()));
        if (*raw).life.end() {
            drop(Box::from_raw(raw));
        }
        below
    }
}

impl Clone for DetailRef {
    fn clone(&self) -> Self {
        // SAFETY: alive while this reference is; the new one is made of the reservation.
        unsafe { reserve(self.0.as_ptr(), 1) };
        DetailRef(self.0)
    }
}

impl Drop for DetailRef {
    fn drop(&mut self) {
        // SAFETY: one reference, this one.
        unsafe { unreserve(self.0.as_ptr(), 1) };
    }
}
