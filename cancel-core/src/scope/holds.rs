//! Holds: what keeps the body of a scope although its cancelation was asked for.
//!
//! A hold is an entry in the list of its [`Holds`], in place, with the waker of its last poll. There is
//! no count: what was forgotten, or is kept and not polled, is found out by looking who is polled.
//!
//! ```text
//!              poll                      a pass without a poll
//!     OUT ───────────▶ OPEN (at the back) ────────────────────▶ WOKEN
//!      ▲                 │  ▲                                      │
//!      │   ends, dropped │  └──────────────── poll ────────────────┤
//!      └─────────────────┴───────── ends, dropped, cleared ────────┘
//! ```
//!
//! The scope, once asked, makes a *pass* around each poll of its body (`begin`, `end`). Each hold that is
//! polled in it moves to the back of `open` and takes the number of the pass. Then:
//!
//! * Both lists are empty: nothing holds.
//! * The last of `open` has the number of this pass: it was polled, and is still open. The body is kept,
//!   and the scope's waker stays here, for the next hold that ends. But if the scope has not asked for this
//!   pass itself, what has happened in the pass may just have been what lets the body poll the hold no
//!   longer (a `select` is over). So the scope asks for another pass before it believes it.
//! * Else the holds that are there were not polled. Some of them may stand where only what was woken is
//!   polled (a `FuturesUnordered`), so they are woken: one after the first such pass, two after the
//!   second, four after the third. The scope asks for the next pass. If a hold is polled in one of them,
//!   the body is kept. When all have been woken, and [`QUIET_PASSES`] more passes have seen none of them
//!   polled, nobody polls them, and they hold nobody.
//!
//! Some collections wake their task once more after they have polled what was woken (an *echo*). If an echo
//! were searched like an event, each search would cause the next. So after a search has woken and found a
//! hold, the scope asks for another pass itself, which takes the echo, and does not search in it
//! (`Tries::settle`). It then waits, and searches again at the next event, whatever that is: an event never
//! takes the place of an echo that did not come. Collections inside each other echo one pass per level, so
//! the number of such passes is 1 + log2 of the number of finds.
//!
//! A hold may be a scope that looks in the same way. The pass that it asks for is no event for the scope around it
//! (`INSIDE`). Otherwise two of them that are one pass apart would ask in turn, and never stop.
//!
//! The end of a hold is known to be an event: the pass in which it happens is no echo, and proves nothing.
//!
//! Limit: another event that comes between the search's find and the last of these passes cannot be told from the
//! echo. It is looked at with the next event. One more search after them would not close that gap: it has an echo
//! of its own, in which the next event can be missed.
//!
//! Invariants (`E` list.rs, `H` hub.rs)
//!
//! * G1: links, `pass`, `tries`, the slots of wakers and `woken` are read and written under the lock of
//!   `word`, as are the flags of the word. (`will_wake` compares the bits of a slot without it, in the
//!   one thread that writes to the slot.)
//! * G2: `queued` of a hold is true exactly while it is in one of the two lists: in `woken` if
//!   `entry.passed`, and without a waker then; else in `open`, with one.
//! * G3: setting `queued` to false is the last touch: its owner may then free it without a lock.
//! * G4: no entry has the address of a list (E2), so that holds which were forgotten do not notice when
//!   the `Holds` move or go. Nobody looks at the lists then.
//! * G5: wakers are cloned, woken and dropped outside the lock (H3).
//! * G6: one scope at a time makes passes, waits with its waker and clears the lists. A scope of the user's
//!   has set `USED` before it polls its body (`claim`), and clears it at its end (`release`); one that
//!   finds it set makes no pass and clears nothing. A layer that gives its scope holds of its own sees to
//!   it that there is one such scope.

mod entry;
mod tries;

pub(crate) use entry::HoldEntry;

use crate::sync::{Acquire, LockedCell, Panics, QUIET_PASSES, Release, WakerSlot, Word, const_fn};
use crate::tree::{Entry, List, NONEMPTY};
use core::fmt;
use core::task::Waker;
use tries::{NO_TRIES, Tries};

/// The scope has seen that it is to end: each poll of a hold counts.
const ASKED: u32 = NONEMPTY << 1;
/// The scope waits for a hold to end: `waker` is there.
const ARMED: u32 = NONEMPTY << 2;
/// A scope uses these holds (G6).
const USED: u32 = NONEMPTY << 3;
/// A scope that is one of these holds has asked for the next pass, to be sure of its own holds.
const INSIDE: u32 = NONEMPTY << 4;

/// What a pass has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// A hold was polled and is open.
    Held,
    /// Nothing holds.
    Free,
    /// It takes another pass, for which the task has been woken.
    Again,
}

/// The holds of one body.
pub struct Holds {
    word: Word,
    /// The number of the pass.
    pass: LockedCell<u32>,
    tries: LockedCell<Tries>,
    open: List,
    woken: List,
    /// That of the scope, if `ARMED`.
    waker: WakerSlot,
}

// SAFETY: G1; the entries behind the pointers are alive while linked, on whatever thread their owners
// are; wakers are `Send + Sync`.
unsafe impl Send for Holds {}
// SAFETY: as above.
unsafe impl Sync for Holds {}
impl core::panic::UnwindSafe for Holds {}
impl core::panic::RefUnwindSafe for Holds {}

impl Holds {
    const_fn! {
        /// Creates an empty list of holds.
        pub const fn new() -> Self {
            Holds {
                word: Word::new(0),
                pass: LockedCell::new(0),
                tries: LockedCell::new(NO_TRIES),
                open: List::new(),
                woken: List::new(),
                waker: WakerSlot::new(),
            }
        }
    }

    /// Returns whether there is a hold, polled or not.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.word.load() & NONEMPTY != 0
    }

    /// Takes these holds for one scope. False: another scope uses them (G6).
    pub(crate) fn claim(&self) -> bool {
        // SAFETY: alive; G1.
        unsafe {
            let mut held = Word::lock(&self.word);
            let free = held.flags & USED == 0;
            held.flags |= USED;
            Word::unlock(&self.word, held);
            free
        }
    }

    /// Ends what `claim` began: clears the lists, and leaves them to the next scope.
    pub(crate) fn release(&self, panics: &mut Panics) {
        self.clear(panics);
        // SAFETY: alive; G1.
        unsafe {
            let mut held = Word::lock(&self.word);
            held.flags &= !USED;
            Word::unlock(&self.word, held);
        }
    }

    /// Begins a pass: to be called before the body is polled. False: nothing holds the body, so it need not
    /// be polled.
    pub(crate) fn begin(&self) -> bool {
        // SAFETY: alive; G1.
        unsafe {
            let mut held = Word::lock(&self.word);
            self.pass.set(self.pass.get().wrapping_add(1));
            let old = self.disarm(&mut held.flags);
            let mut tries = self.tries.get();
            tries.inside = held.flags & INSIDE != 0;
            self.tries.set(tries);
            held.flags = (held.flags & !INSIDE) | ASKED;
            let open = held.flags & NONEMPTY != 0;
            Word::unlock(&self.word, held);
            drop(old);
            open
        }
    }

    /// Ends a pass, after the body was polled. `own`: the scope's waker.
    pub(crate) fn end(&self, own: &Waker, panics: &mut Panics) -> Pass {
        let mine = own.clone();
        // SAFETY: alive; G1; what is in a list is alive (E4).
        unsafe {
            let mut held = Word::lock(&self.word);
            let mut tries = self.tries.get();
            let last = self.open.last();
            let polled = self.in_this_pass(last);
            let searches = !polled && tries.settle == 0;
            let keep = if held.flags & NONEMPTY == 0 {
                tries = NO_TRIES;
                false
            } else if polled {
                let asked = tries.is_asked();
                tries = match asked {
                    true => tries.found(),
                    false => tries.again(),
                };
                asked && tries.settle == 0
            } else {
                tries.settle = tries.settle.saturating_sub(1);
                !searches && tries.settle == 0
            };
            tries.asked = !keep;
            tries.kept = keep;
            self.tries.set(tries);
            if keep {
                // A hold that ends from here on finds the waker. (There is an old one only if a layer
                // breaks G6.)
                let old = self.disarm(&mut held.flags);
                self.waker.put(mine);
                held.flags |= ARMED;
                Word::unlock(&self.word, held);
                drop(old);
                return Pass::Held;
            }
            let open = held.flags & NONEMPTY != 0;
            Word::unlock(&self.word, held);
            if !open || searches && !self.wake_some(tries, own, panics) {
                return Pass::Free;
            }
        }
        panics.guard(|| mine.wake());
        Pass::Again
    }

    /// Returns whether the scope, or one inside it, has asked for the next pass. To be called once after each
    /// poll.
    pub fn asks(&self) -> bool {
        if self.word.load() & (ASKED | INSIDE) == 0 {
            return false;
        }
        // SAFETY: alive; G1.
        unsafe {
            let mut held = Word::lock(&self.word);
            let inside = held.flags & INSIDE != 0;
            let looks = held.flags & ASKED != 0;
            if !looks {
                held.flags &= !INSIDE; // (there is no `begin` that takes it)
            }
            let asks = inside || (looks && self.tries.get().asked);
            Word::unlock(&self.word, held);
            asks
        }
    }

    /// A scope that is one of these holds [asks](Holds::asks) for the next pass: that is no event here.
    pub fn asked_inside(&self) {
        // SAFETY: alive; G1.
        unsafe {
            let mut held = Word::lock(&self.word);
            held.flags |= INSIDE;
            Word::unlock(&self.word, held);
        }
    }

    /// # Safety
    ///
    /// Under the lock.
    unsafe fn in_this_pass(&self, entry: *const Entry) -> bool {
        // SAFETY: G1; in a list, so alive.
        unsafe { !entry.is_null() && (*entry.cast::<HoldEntry>()).pass.get() == self.pass.get() }
    }

    /// Takes the waker of one that is open, which goes to `woken`.
    ///
    /// # Safety
    ///
    /// Under the lock; `entry` is in `open`.
    unsafe fn take_waker(&self, entry: *const Entry) -> Waker {
        // SAFETY: G1, G2.
        unsafe {
            self.open.unlink(entry);
            self.woken.push_back(entry);
            (*entry).passed.set(true);
            (*entry.cast::<HoldEntry>()).waker.take()
        }
    }

    /// Wakes holds after a pass in which none was polled. False: that was the last pass.
    fn wake_some(&self, mut tries: Tries, own: &Waker, panics: &mut Panics) -> bool {
        tries.quiet += 1;
        // SAFETY: alive; G1, as above.
        unsafe {
            for _ in 0..1_u32 << tries.idle.min(30) {
                let held = Word::lock(&self.word);
                let first = self.open.first();
                // (Polled in this pass: meanwhile, by another thread.)
                if first.is_null() || self.in_this_pass(first) {
                    Word::unlock(&self.word, held);
                    break;
                }
                tries.quiet = 0;
                let waker = self.take_waker(first);
                Word::unlock(&self.word, held);
                if !waker.will_wake(own) {
                    tries.woke = true;
                    panics.guard(|| waker.wake());
                }
                // (Else the task is woken anyway.)
            }
            tries.idle = tries.idle.saturating_add(1);
            let held = Word::lock(&self.word);
            self.tries.set(tries);
            Word::unlock(&self.word, held);
        }
        tries.quiet < QUIET_PASSES
    }

    /// Empties the lists: the body is gone, so that what is left holds nothing any more.
    pub(crate) fn clear(&self, panics: &mut Panics) {
        if self.word.load() & (NONEMPTY | ASKED | ARMED) == 0 {
            return;
        }
        // SAFETY: alive; G1, G3, as above. One entry in a section.
        unsafe {
            loop {
                let mut held = Word::lock(&self.word);
                let open = !self.open.is_empty();
                let list = if open { &self.open } else { &self.woken };
                let first = list.first();
                if first.is_null() {
                    let old = self.disarm(&mut held.flags);
                    held.flags &= USED;
                    self.tries.set(NO_TRIES);
                    Word::unlock(&self.word, held);
                    panics.guard(|| drop(old));
                    return;
                }
                let waker = self.take_out(first, &mut held.flags);
                Word::unlock(&self.word, held);
                panics.guard(|| drop(waker));
            }
        }
    }

    /// Takes the waker of the scope, if the scope waits.
    ///
    /// # Safety
    ///
    /// Under the lock.
    unsafe fn disarm(&self, flags: &mut u32) -> Option<Waker> {
        if *flags & ARMED == 0 {
            return None;
        }
        *flags &= !ARMED;
        // SAFETY: under the lock (by the caller); armed, so there is one.
        Some(unsafe { self.waker.take() })
    }

    /// Takes a hold out of its list. It is not touched afterwards.
    ///
    /// # Safety
    ///
    /// Under the lock; `entry` is in one of the lists.
    unsafe fn take_out(&self, entry: *const Entry, flags: &mut u32) -> Option<Waker> {
        // SAFETY: G1, G2.
        unsafe {
            let waker = self.unlink(entry);
            if self.open.is_empty() && self.woken.is_empty() {
                *flags &= !NONEMPTY;
            }
            // Release: pairs with the Acquire in `leave` (G3).
            (*entry).queued.store(false, Release);
            waker
        }
    }

    /// # Safety
    ///
    /// As for `take_out`; the caller says where the entry is then.
    unsafe fn unlink(&self, entry: *const Entry) -> Option<Waker> {
        // SAFETY: G1, G2.
        unsafe {
            if (*entry).passed.get() {
                (*entry).passed.set(false);
                self.woken.unlink(entry);
                return None;
            }
            self.open.unlink(entry);
            Some((*entry.cast::<HoldEntry>()).waker.take())
        }
    }

    /// Puts a hold that is polled at the back of `open`.
    ///
    /// # Safety
    ///
    /// `place` is pinned, is used by this thread alone, and leaves before it goes (E4).
    pub(super) unsafe fn enter(&self, place: *const HoldEntry, waker: &Waker) {
        // SAFETY: G1; alive.
        unsafe {
            let entry = place.cast::<Entry>();
            // Acquire: pairs with the store in `take_out`, after which the slot is not used there.
            let queued = (*entry).queued.load(Acquire);
            let same = queued && (*place).waker.will_wake(waker);
            if same && self.word.load() & ASKED == 0 {
                return;
            }
            let mut new = match same {
                true => None,
                false => Some(waker.clone()),
            };
            loop {
                let mut held = Word::lock(&self.word);
                // (Not to be changed by others meanwhile, but it may have been taken out.)
                let queued = (*entry).queued.load(Acquire);
                let has_waker = queued && !(*entry).passed.get();
                if new.is_none() && !has_waker {
                    Word::unlock(&self.word, held);
                    new = Some(waker.clone());
                    continue;
                }
                let old = match queued {
                    true => self.unlink(entry),
                    false => None,
                };
                let (put, left) = match new {
                    Some(new) => (Some(new), old),
                    None => (old, None),
                };
                if let Some(waker) = put {
                    (*place).waker.put(waker);
                }
                (*place).pass.set(self.pass.get());
                self.open.push_back(entry);
                (*entry).queued.store(true, Release);
                held.flags |= NONEMPTY;
                Word::unlock(&self.word, held);
                drop(left);
                return;
            }
        }
    }

    /// Takes out a hold that is over. Returns the waker of the scope, if it waits for that.
    ///
    /// # Safety
    ///
    /// `place` is alive, and has entered here or nowhere.
    pub(super) unsafe fn leave(&self, place: *const HoldEntry) -> Option<Waker> {
        // SAFETY: G1; alive.
        unsafe {
            let entry = place.cast::<Entry>();
            // Acquire: G3.
            if !(*entry).queued.load(Acquire) {
                return None;
            }
            let mut held = Word::lock(&self.word);
            let waker = match (*entry).queued.load(Acquire) {
                true => {
                    // (Its end is an event, and no echo.)
                    self.tries.set(self.tries.get().again());
                    self.take_out(entry, &mut held.flags)
                }
                false => None,
            };
            let scope = self.disarm(&mut held.flags);
            Word::unlock(&self.word, held);
            drop(waker);
            scope
        }
    }
}

impl Default for Holds {
    fn default() -> Self {
        Holds::new()
    }
}

impl Drop for Holds {
    fn drop(&mut self) {
        // (Of a scope that was forgotten.)
        let mut flags = self.word.load();
        // SAFETY: exclusive.
        drop(unsafe { self.disarm(&mut flags) });
    }
}

impl fmt::Debug for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holds")
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}
