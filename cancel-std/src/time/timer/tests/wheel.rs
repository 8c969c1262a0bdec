//! Random operations against an ordered set.

use crate::time::timer::ticks::{HORIZON, NEVER};
use crate::time::timer::wheel::{BATCH, Fate, Wheel};
use std::collections::{BTreeSet, HashMap};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 8
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A distance of any order of magnitude up to 2^`bits`, often on the border of a level.
    fn distance(&mut self, bits: u64) -> u64 {
        let power = 1 << self.below(bits);
        match self.below(4) {
            0 => power,
            1 => power - 1,
            _ => self.below(2 * power),
        }
    }
}

#[derive(Default)]
struct Model {
    /// (tick, id) of what waits.
    waiting: BTreeSet<(u64, u64)>,
    /// id -> (tick, key) of everything that is not freed.
    live: HashMap<u64, (u64, u32)>,
    ids: Vec<u64>,
    next: u64,
}

impl Model {
    fn pick(&self, random: &mut Random) -> Option<u64> {
        (!self.ids.is_empty()).then(|| self.ids[random.below(self.ids.len() as u64) as usize])
    }

    fn fired(&mut self, id: u64, elapsed: u64) {
        let (when, _) = self.live[&id];
        assert!(when <= elapsed, "early: {when} at {elapsed}");
        assert!(
            self.waiting.remove(&(when, id)),
            "fired twice, or after it was removed"
        );
    }

    fn check(&self, wheel: &Wheel<u64>) {
        assert_eq!(wheel.live(), self.live.len());
        let first = self.waiting.first().map_or(NEVER, |entry| entry.0);
        let event = wheel.next_event();
        assert!(event >= wheel.elapsed(), "an event in the past");
        assert!(
            event <= first.max(wheel.elapsed()),
            "the wheel would sleep too long"
        );
        assert_eq!(event == NEVER, first == NEVER);
    }
}

/// Returns how many operations it has done.
fn run(seed: u64, steps: u64, greatest_jump: u64) -> u64 {
    let mut random = Random(seed | 1);
    let mut wheel = Wheel::new();
    let mut model = Model::default();
    let mut batch = Vec::new();
    let mut now: u64 = 0;
    let mut elapsed = 0;
    for step in 0..steps {
        assert!(wheel.elapsed() >= elapsed, "backwards");
        elapsed = wheel.elapsed();
        match random.below(8) {
            0..=3 => {
                let when = match random.below(30) {
                    0 => NEVER,
                    1 => now.saturating_sub(random.below(3)),
                    _ => Some(now + random.distance(41))
                        .filter(|w| *w < HORIZON)
                        .unwrap_or(NEVER),
                };
                let id = model.next;
                model.next += 1;
                let key = wheel.insert(when, id);
                model.live.insert(id, (when, key));
                model.waiting.insert((when, id));
                model.ids.push(id);
            }
            4 => {
                if let Some(id) = model.pick(&mut random) {
                    let (when, key) = model.live.remove(&id).unwrap();
                    model.ids.retain(|other| *other != id);
                    let waited = model.waiting.remove(&(when, id));
                    assert_eq!(wheel.fate(key) == Fate::Waiting, waited);
                    assert_eq!(wheel.remove(key), waited.then_some(id));
                }
            }
            5 => {
                if let Some(id) = model.pick(&mut random) {
                    let (old, key) = model.live[&id];
                    if model.waiting.remove(&(old, id)) {
                        let when = Some(now + random.distance(20)).filter(|w| *w < HORIZON);
                        let when = when.unwrap_or(NEVER);
                        wheel.relink(key, when);
                        model.live.insert(id, (when, key));
                        model.waiting.insert((when, id));
                    }
                }
            }
            6 => {
                now += random.distance(greatest_jump);
                if random.below(4) == 0 {
                    now = now.max(wheel.next_event().min(HORIZON - 1));
                }
                now = now.min(HORIZON - 1);
                let done = wheel.advance(now, &mut batch);
                assert!(batch.len() <= BATCH);
                batch
                    .drain(..)
                    .for_each(|id| model.fired(id, wheel.elapsed()));
                assert!(wheel.elapsed() <= now);
                if done {
                    assert_eq!(wheel.elapsed(), now);
                    assert!(
                        model.waiting.first().is_none_or(|entry| entry.0 > now),
                        "late"
                    );
                }
            }
            _ => model.check(&wheel),
        }
        // Now and then things are left unfinished over many operations.
        if step % 64 == 0 {
            while !wheel.advance(now, &mut batch) {
                batch
                    .drain(..)
                    .for_each(|id| model.fired(id, wheel.elapsed()));
            }
            batch
                .drain(..)
                .for_each(|id| model.fired(id, wheel.elapsed()));
            assert!(
                model.waiting.first().is_none_or(|entry| entry.0 > now),
                "late"
            );
            model.check(&wheel);
        }
        // Entries that have fired stay until they are removed: keep their number down.
        if model.ids.len() > 500 {
            for id in model.ids.split_off(100) {
                let (when, key) = model.live.remove(&id).unwrap();
                let waited = model.waiting.remove(&(when, id));
                assert_eq!(wheel.remove(key), waited.then_some(id));
            }
        }
    }
    // All that is left can fail, once.
    let mut failed = wheel.fail_all();
    failed.sort_unstable();
    let mut waiting: Vec<u64> = model.waiting.iter().map(|entry| entry.1).collect();
    waiting.sort_unstable();
    assert_eq!(failed, waiting);
    assert_eq!(wheel.next_event(), NEVER);
    for (id, (when, key)) in model.live {
        let fate = if model.waiting.contains(&(when, id)) {
            Fate::Failed
        } else {
            Fate::Fired
        };
        assert_eq!(wheel.fate(key), fate);
        assert_eq!(wheel.remove(key), None);
    }
    assert_eq!(wheel.live(), 0);
    steps
}

#[test]
fn model_small_steps() {
    let done: u64 = (0..20)
        .map(|seed| run(0x9E37_79B9 * (seed + 1), 5_000, 8))
        .sum();
    assert_eq!(done, 100_000);
}

#[test]
fn model_jumps_up_to_the_horizon() {
    let done: u64 = (0..200)
        .map(|seed| run(0xC2B2_AE3D * (seed + 1), 1_000, 40))
        .sum();
    assert_eq!(done, 200_000);
}

#[test]
fn one_entry_comes_down_through_all_levels() {
    let mut wheel = Wheel::new();
    let when = HORIZON - 1;
    wheel.insert(when, ());
    let mut batch = Vec::new();
    let mut events = 0;
    while batch.is_empty() {
        assert!(wheel.advance(wheel.next_event(), &mut batch));
        events += 1;
    }
    assert_eq!((events, wheel.elapsed()), (7, when));
}

#[test]
fn many_at_one_tick_go_out_in_batches_and_in_order() {
    let mut wheel = Wheel::new();
    let keys: Vec<u32> = (0..1000).map(|id| wheel.insert(5000, id)).collect();
    let (mut batch, mut all) = (Vec::new(), Vec::new());
    let mut calls = 0;
    while !wheel.advance(6000, &mut batch) {
        assert!(batch.len() <= BATCH);
        all.append(&mut batch);
        calls += 1;
    }
    all.append(&mut batch);
    assert!(calls >= 1000 / BATCH);
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
    assert!(keys.iter().all(|key| wheel.fate(*key) == Fate::Fired));
}

#[test]
fn the_slab_is_used_again() {
    let mut wheel = Wheel::new();
    let key = wheel.insert(10, 'a');
    wheel.remove(key);
    for _ in 0..10_000 {
        let again = wheel.insert(10, 'b');
        assert_eq!(again, key);
        assert_eq!(wheel.remove(again), Some('b'));
    }
    assert_eq!(wheel.next_event(), NEVER);
}

#[test]
fn time_does_not_go_back() {
    let mut wheel = Wheel::new();
    let mut batch = Vec::new();
    assert!(wheel.advance(100, &mut batch));
    assert!(wheel.advance(50, &mut batch));
    assert_eq!(wheel.elapsed(), 100);
    wheel.insert(80, 'a');
    assert!(wheel.advance(50, &mut batch));
    assert_eq!(batch, ['a']);
}
