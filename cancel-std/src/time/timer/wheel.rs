//! A hierarchical timing wheel over a slab. Pure: time is passed in, nothing here waits or wakes.
//!
//! A tick is a number of seven digits of six bits each. An entry hangs in the *level* of the
//! highest digit in which its tick differs from `elapsed`, in the *slot* of that digit's value:
//!
//! ```text
//!                        digit 6  ..  digit 2   digit 1   digit 0
//!   elapsed                 0     ..     0         3        17
//!   entry at                0     ..     0         3        20   level 0, slot 20: fires at its tick
//!   entry at                0     ..     0         9         4   level 1, slot  9: moves at 9·64
//!   entry at                0     ..     5         0         0   level 2, slot  5: moves at 5·4096
//!
//!   level 6   0 . . . . . . . . 63    \
//!    ...                               |  when the time reaches the start of a slot, its entries
//!   level 1   0 . . . 9 . . . . 63     |  go to the due list, from there down to a lower level
//!   level 0   0 . . . . 20 . . . 63   /   or out to the caller
//!   due       the entries to look at now
//! ```
//!
//! Every list is a ring of slab indices closed by a sentinel. The sentinels are the first entries
//! of the slab, so the slot of a list is the index of its sentinel and unlinking needs to know
//! neither. An entry moves down at most six times.
//!
//! Invariants:
//!
//! 1. `elapsed` never decreases and stays below the horizon.
//! 2. An entry in level L agrees with `elapsed` in all digits above L, and its digit L is greater
//!    than that of `elapsed`. So within a level slots come in order of time, a lower level comes
//!    before a higher one, and the next event is the first slot of the lowest level in use.
//! 3. A bit of `occupied` is set exactly if the ring of that slot is not empty.
//! 4. An entry leaves as fired only with its tick at most `elapsed`, that is never early.
//! 5. An entry is freed by [`remove`](Wheel::remove) only, which its one owner calls once; firing
//!    and failing unlink it and hand out its item. So a key cannot mean another entry later and
//!    needs no generation.
//! 6. An entry that is waiting has its item. One at [`NEVER`] waits in a ring of its own.
//!
//! Inserting, removing and relinking are O(1) and allocate only when the slab grows. It keeps its
//! greatest size.

use super::ticks::{HORIZON, NEVER};

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 7;
const _: () = assert!(HORIZON == 1 << (BITS as usize * LEVELS));

/// The sentinel of the due list, after those of all slots; the entries follow.
const DUE: u32 = (SLOTS * LEVELS) as u32;

/// Values of `prev` for entries that are in no ring.
const FREE: u32 = u32::MAX;
const FIRED: u32 = u32::MAX - 1;
const FAILED: u32 = u32::MAX - 2;
/// The end of the free list, which runs through `next`.
const NIL: u32 = u32::MAX;
/// Keys are smaller than this.
const KEYS: u32 = FAILED;

/// How many entries go out in one batch at most.
pub(super) const BATCH: usize = 32;
/// How many entries one call of [`Wheel::advance`] touches at most.
const MOVES: usize = 256;

#[derive(Debug)]
pub(super) struct Wheel<T> {
    entries: Vec<WheelEntry<T>>,
    free: u32,
    live: u32,
    occupied: [u64; LEVELS],
    elapsed: u64,
}

#[derive(Debug)]
struct WheelEntry<T> {
    when: u64,
    prev: u32,
    next: u32,
    item: Option<T>,
}

/// What has become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Waiting,
    Fired,
    Failed,
}

impl<T> Wheel<T> {
    pub(super) const fn new() -> Self {
        Wheel {
            entries: Vec::new(),
            free: NIL,
            live: 0,
            occupied: [0; LEVELS],
            elapsed: 0,
        }
    }

    /// The tick up to which everything has been fired, except for what is in the due list.
    pub(super) fn elapsed(&self) -> u64 {
        self.elapsed
    }

    /// How many entries are not freed.
    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        self.live as usize
    }

    /// Adds an entry that fires at tick `when`; one that is past or now is due at once.
    #[inline]
    pub(super) fn insert(&mut self, when: u64, item: T) -> u32 {
        let key = if self.free == NIL {
            self.grow()
        } else {
            self.free
        };
        let entry = &mut self.entries[key as usize];
        self.free = entry.next;
        entry.item = Some(item);
        self.live += 1;
        self.link(key, when);
        key
    }

    /// Frees an entry, and hands back its item if it had not gone out.
    #[inline]
    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let entry = &mut self.entries[key as usize];
        debug_assert_ne!(entry.prev, FREE, "freed twice");
        let item = entry.item.take();
        let (prev, next) = (entry.prev, entry.next);
        (entry.prev, entry.next) = (FREE, self.free);
        self.free = key;
        self.live -= 1;
        if prev < KEYS && prev != key {
            self.join(prev, next);
        }
        item
    }

    #[inline]
    pub(super) fn fate(&self, key: u32) -> Fate {
        match self.entries[key as usize].prev {
            FIRED => Fate::Fired,
            FAILED => Fate::Failed,
            _ => Fate::Waiting,
        }
    }

    /// The item of an entry; none once it has gone out.
    pub(super) fn item(&mut self, key: u32) -> &mut Option<T> {
        &mut self.entries[key as usize].item
    }

    /// Gives a waiting entry another tick.
    pub(super) fn relink(&mut self, key: u32, when: u64) {
        debug_assert_eq!(self.fate(key), Fate::Waiting);
        self.unlink(key);
        self.link(key, when);
    }

    /// The tick at which [`advance`](Wheel::advance) has something to do next, or [`NEVER`].
    /// Firing or moving: no entry's tick lies before it.
    pub(super) fn next_event(&self) -> u64 {
        if self.first(DUE).is_some() {
            return self.elapsed;
        }
        self.next_slot().map_or(NEVER, |(when, _)| when)
    }

    /// Moves the time on to `now` and appends the items of entries that fire to `batch`.
    ///
    /// Returns false if it stopped because the batch was full or enough had been moved for once:
    /// the caller takes care of the batch and calls again.
    pub(super) fn advance(&mut self, now: u64, batch: &mut Vec<T>) -> bool {
        let now = now.min(HORIZON - 1);
        let mut moves = MOVES;
        loop {
            while let Some(key) = self.first(DUE) {
                if moves == 0 || batch.len() >= BATCH {
                    return false;
                }
                moves -= 1;
                self.unlink(key);
                let when = self.entries[key as usize].when;
                if when <= self.elapsed {
                    batch.extend(self.expel(key, FIRED));
                } else {
                    self.link(key, when);
                }
            }
            match self.next_slot() {
                Some((when, slot)) if when <= now => {
                    self.elapsed = when;
                    self.splice_due(slot);
                }
                _ => {
                    self.elapsed = self.elapsed.max(now);
                    return true;
                }
            }
        }
    }

    /// Fails every waiting entry, and hands out the items. O(size of the slab).
    pub(super) fn fail_all(&mut self) -> Vec<T> {
        let mut items = Vec::new();
        let end = self.entries.len() as u32;
        for key in DUE + 1..end {
            if self.entries[key as usize].prev < KEYS {
                self.unlink(key);
                items.extend(self.expel(key, FAILED));
            }
        }
        items
    }

    /// The start of the first slot in use, and its sentinel. See invariant 2.
    fn next_slot(&self) -> Option<(u64, u32)> {
        let level = self.occupied.iter().position(|bits| *bits != 0)?;
        let slot = u64::from(self.occupied[level].trailing_zeros());
        let shift = BITS * level as u32;
        let above = self.elapsed >> (shift + BITS) << (shift + BITS);
        Some((above | slot << shift, (level * SLOTS) as u32 + slot as u32))
    }

    fn first(&self, sentinel: u32) -> Option<u32> {
        let next = self.entries.get(sentinel as usize)?.next;
        (next != sentinel).then_some(next)
    }

    /// Puts an entry that is in no ring where invariant 2 wants it.
    #[inline]
    fn link(&mut self, key: u32, when: u64) {
        self.entries[key as usize].when = when;
        let sentinel = if when <= self.elapsed {
            DUE
        } else if when < HORIZON {
            let level = (63 - (self.elapsed ^ when).leading_zeros()) / BITS;
            let slot = (when >> (BITS * level)) as u32 % SLOTS as u32;
            self.occupied[level as usize] |= 1 << slot;
            level * SLOTS as u32 + slot
        } else {
            let entry = &mut self.entries[key as usize];
            (entry.prev, entry.next) = (key, key);
            return;
        };
        let last = self.entries[sentinel as usize].prev;
        self.entries[sentinel as usize].prev = key;
        self.entries[last as usize].next = key;
        let entry = &mut self.entries[key as usize];
        (entry.prev, entry.next) = (last, sentinel);
    }

    /// Takes an entry out of its ring. Its own links are the caller's to overwrite.
    #[inline]
    fn unlink(&mut self, key: u32) {
        let WheelEntry { prev, next, .. } = self.entries[key as usize];
        self.join(prev, next);
    }

    /// Makes neighbours of what were the two neighbours of an entry.
    #[inline]
    fn join(&mut self, prev: u32, next: u32) {
        self.entries[prev as usize].next = next;
        self.entries[next as usize].prev = prev;
        // The same neighbour on both sides is the sentinel of a ring that is empty now (or the
        // entry itself, in a ring of its own).
        if prev == next && prev < DUE {
            self.occupied[prev as usize / SLOTS] &= !(1 << (prev as usize % SLOTS));
        }
    }

    /// Marks an unlinked entry as gone out.
    fn expel(&mut self, key: u32, mark: u32) -> Option<T> {
        let entry = &mut self.entries[key as usize];
        entry.prev = mark;
        entry.item.take()
    }

    /// Moves the ring of a slot that is not empty to the due list, which is. O(1).
    fn splice_due(&mut self, slot: u32) {
        let WheelEntry {
            prev: last,
            next: first,
            ..
        } = self.entries[slot as usize];
        let due = &mut self.entries[DUE as usize];
        (due.prev, due.next) = (last, first);
        self.entries[first as usize].prev = DUE;
        self.entries[last as usize].next = DUE;
        let sentinel = &mut self.entries[slot as usize];
        (sentinel.prev, sentinel.next) = (slot, slot);
        self.occupied[slot as usize / SLOTS] &= !(1 << (slot as usize % SLOTS));
    }

    /// Appends a free entry to the slab, and the sentinels before the first one.
    #[cold]
    fn grow(&mut self) -> u32 {
        if self.entries.is_empty() {
            self.entries.reserve(SLOTS * (LEVELS + 1));
            self.entries.extend((0..=DUE).map(|index| WheelEntry {
                when: NEVER,
                prev: index,
                next: index,
                item: None,
            }));
        }
        let key = self.entries.len() as u32;
        assert!(
            self.entries.len() < KEYS as usize,
            "more than four thousand million sleeps"
        );
        self.entries.push(WheelEntry {
            when: NEVER,
            prev: FREE,
            next: NIL,
            item: None,
        });
        key
    }
}
