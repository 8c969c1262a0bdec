//! The table of operations that have not ended, in parts, so that nobody holds others up for long.
//!
//! Invariants
//!
//! * T1: no foreign code runs under the lock of a part. What is found there is cloned (weak handles), and
//!   looked at when the lock has been let go of.
//! * T2: the lock of a part is taken below that of an operation's state (`operation.rs`), and above that
//!   of the feed of changes. Changes are fed under it, so those of one operation come in order.
//! * T3: an operation enters under the lock of its state, while its status is not final; with it goes the
//!   membership that lets it leave. So no entry outlives the operation's end.
//! * T4: what filters look at lies close together in `keys`, everything else, in the same order, in
//!   `rest`; `places` knows where. The last one takes the place of one that leaves.

use super::entry::{Entry, EntryRest, Key, Registered};
use super::feed::{Change, Feed};
use super::filter::Filter;
use super::statistics::{Counts, Statistics};
use crate::basics::id::OperationId;
use crate::report::context::Context;
use crate::report::status::Status;
use std::collections::HashMap;
use std::collections::hash_map;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

const PARTS: usize = 16;

/// A part that never had more operations at once keeps its memory.
const SMALL: usize = 256;

#[derive(Default)]
pub(super) struct Table {
    parts: [Mutex<Part>; PARTS],
}

#[derive(Default)]
pub(super) struct Part {
    places: HashMap<OperationId, usize, BuildHasherDefault<IdHasher>>,
    keys: Vec<Key>,
    rest: Vec<EntryRest>,
    counts: Counts,
}

impl Part {
    /// `false` if it is there already.
    fn insert(&mut self, id: OperationId, entry: Entry) -> bool {
        match self.places.entry(id) {
            hash_map::Entry::Occupied(_) => return false,
            hash_map::Entry::Vacant(place) => place.insert(self.keys.len()),
        };
        self.keys.push(Key {
            id,
            parent: entry.parent,
            status: entry.status,
        });
        self.rest.push(EntryRest {
            operation: entry.operation,
            name: entry.name,
        });
        true
    }

    /// Its status until now, if it was there.
    fn remove(&mut self, id: OperationId) -> Option<Status> {
        let place = self.places.remove(&id)?;
        let key = self.keys.swap_remove(place);
        self.rest.swap_remove(place);
        if let Some(moved) = self.keys.get(place) {
            self.places.insert(moved.id, place);
        }
        self.tidy();
        Some(key.status)
    }

    /// After a crowd has left, gives most of its memory back.
    fn tidy(&mut self) {
        let len = self.keys.len();
        if self.keys.capacity() > SMALL && len < self.keys.capacity() / 8 {
            self.keys.shrink_to(2 * len);
            self.rest.shrink_to(2 * len);
            self.places.shrink_to(2 * len);
        }
    }
}

impl Table {
    fn part(&self, id: OperationId) -> MutexGuard<'_, Part> {
        // The highest bits, which do not choose the place inside the part.
        lock(&self.parts[(mix(id.get()) >> 60) as usize % PARTS])
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Part>> {
        self.parts.iter().map(lock)
    }

    /// Called under the lock of the operation's state (T3). Nothing happens if it is there already.
    pub(super) fn enter(&self, id: OperationId, entry: Entry, feed: &Feed) {
        let mut part = self.part(id);
        let running = entry.status == Status::Running;
        if part.insert(id, entry) {
            part.counts.entered(running);
            feed.push(Change::Registered(id));
        }
    }

    pub(super) fn started(&self, id: OperationId, parent: Option<OperationId>, feed: &Feed) {
        let mut part = self.part(id);
        let place = part.places.get(&id).copied();
        if let (Some(place), Some(_)) = (place, parent) {
            part.keys[place].parent = parent;
        }
        // (Whoever has entered between the start and this is entered as running already.)
        let place = place.filter(|place| part.keys[*place].status == Status::Pending);
        if let Some(place) = place {
            part.keys[place].status = Status::Running;
            part.counts.started();
            feed.push(Change::Started(id));
        }
    }

    pub(super) fn asked(&self, id: OperationId, feed: &Feed) {
        let part = self.part(id);
        if part.places.contains_key(&id) {
            feed.push(Change::CancelRequested(id));
        }
    }

    pub(super) fn contains(&self, id: OperationId) -> bool {
        self.part(id).places.contains_key(&id)
    }

    /// It has ended like that.
    pub(super) fn ended(&self, context: &Context, feed: &Feed) {
        let id = context.id();
        let mut part = self.part(id);
        if let Some(status) = part.remove(id) {
            part.counts.left(status);
            part.counts.ended(context);
            feed.push(Change::Ended(id, context.status()));
        }
    }

    /// It is gone, or to be gone, without an end.
    pub(super) fn left(&self, id: OperationId, feed: &Feed) -> bool {
        let mut part = self.part(id);
        let Some(status) = part.remove(id) else {
            return false;
        };
        part.counts.left(status);
        part.counts.unended();
        feed.push(Change::Left(id));
        true
    }

    pub(super) fn operation(&self, id: OperationId) -> Option<Weak<dyn Registered>> {
        let part = self.part(id);
        let place = part.places.get(&id)?;
        Some(Weak::clone(&part.rest[*place].operation))
    }

    pub(super) fn len(&self) -> usize {
        self.all().map(|part| part.keys.len()).sum()
    }

    /// Those that `filter` may let through, as far as can be seen from here, one after the other.
    pub(super) fn scan(&self, filter: &Filter, mut found: impl FnMut(OperationId, &EntryRest)) {
        for part in self.all() {
            for (place, key) in part.keys.iter().enumerate() {
                if filter.admits(key) {
                    let rest = &part.rest[place];
                    if filter.admits_name(&rest.name) {
                        found(key.id, rest);
                    }
                }
            }
        }
    }

    pub(super) fn statistics(&self) -> Statistics {
        let mut sum = Counts::default();
        let mut active = 0;
        for part in self.all() {
            active += part.keys.len();
            sum.add(&part.counts);
        }
        sum.into_statistics(active)
    }
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    // Nothing can panic half-way.
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ids are counted up, so one multiplication spreads them; nobody can choose them to collide.
const fn mix(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // (Not reached: ids are numbers.)
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = mix(self.0 ^ number);
        self.0 = mixed ^ (mixed >> 32);
    }
}
