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

use super::changes::{Change, Feed};
use super::entry::Entry;
use super::filter::Filter;
use super::statistics::{Counts, Statistics};
use crate::context::{Context, Status};
use crate::id::OperationId;
use std::collections::HashMap;
use std::collections::hash_map;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

const PARTS: usize = 16;

#[derive(Default)]
pub(super) struct Table {
    parts: [Mutex<Part>; PARTS],
}

type Entries = HashMap<OperationId, Entry, BuildHasherDefault<IdHasher>>;

#[derive(Default)]
pub(super) struct Part {
    entries: Entries,
    counts: Counts,
}

impl Table {
    fn part(&self, id: OperationId) -> MutexGuard<'_, Part> {
        // The highest bits, which do not choose the place inside the part.
        lock(&self.parts[(mix(id.get()) >> 60) as usize % PARTS])
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Part>> {
        self.parts.iter().map(lock)
    }

    /// Called under the lock of the operation's state (T3). `false` if it is there already.
    pub(super) fn enter(&self, id: OperationId, entry: Entry, feed: &Feed) -> bool {
        let mut part = self.part(id);
        let running = entry.status == Status::Running;
        match part.entries.entry(id) {
            hash_map::Entry::Occupied(_) => return false,
            hash_map::Entry::Vacant(place) => place.insert(entry),
        };
        part.counts.entered(running);
        feed.push(Change::Registered(id));
        true
    }

    pub(super) fn started(&self, id: OperationId, feed: &Feed) {
        let mut part = self.part(id);
        if let Some(entry) = part.entries.get_mut(&id) {
            entry.status = Status::Running;
            part.counts.started();
            feed.push(Change::Started(id));
        }
    }

    pub(super) fn asked(&self, id: OperationId, feed: &Feed) {
        let part = self.part(id);
        if part.entries.contains_key(&id) {
            feed.push(Change::CancelRequested(id));
        }
    }

    pub(super) fn contains(&self, id: OperationId) -> bool {
        self.part(id).entries.contains_key(&id)
    }

    /// It has ended like that.
    pub(super) fn ended(&self, context: &Context, feed: &Feed) {
        let id = context.id();
        let mut part = self.part(id);
        if let Some(entry) = part.entries.remove(&id) {
            part.counts.left(entry.status);
            part.counts.ended(context);
            feed.push(Change::Ended(id, context.status()));
        }
    }

    /// It is gone, or to be gone, without an end.
    pub(super) fn left(&self, id: OperationId, feed: &Feed) -> bool {
        let mut part = self.part(id);
        let Some(entry) = part.entries.remove(&id) else {
            return false;
        };
        part.counts.left(entry.status);
        part.counts.unended();
        feed.push(Change::Left(id));
        true
    }

    pub(super) fn get<T>(&self, id: OperationId, f: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.part(id).entries.get(&id).map(f)
    }

    pub(super) fn len(&self) -> usize {
        self.all().map(|part| part.entries.len()).sum()
    }

    /// Those that `filter` may let through, as far as can be seen from here, one after the other.
    pub(super) fn scan(&self, filter: &Filter, mut found: impl FnMut(OperationId, &Entry)) {
        for part in self.all() {
            for (id, entry) in &part.entries {
                if filter.admits(entry) {
                    found(*id, entry);
                }
            }
        }
    }

    pub(super) fn statistics(&self) -> Statistics {
        let mut sum = Counts::default();
        let mut active = 0;
        for part in self.all() {
            active += part.entries.len();
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
