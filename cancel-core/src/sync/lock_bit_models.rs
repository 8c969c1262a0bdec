//! Models of the real lock (`lock_bit.rs`) with loom's atomics: `cargo xtask loom` runs them.
//!
//! The models in `tests/loom` are of the tree, and have a lock that blocks in the place of this one.
//! These have two threads each: who spins gives way, and loom lets two that give way take turns.

use super::lock_bit::Word;
use core::sync::atomic::Ordering::{Acquire, Release};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::thread;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Set by whoever has changed the value.
const CHANGED: u32 = 1 << 1;
/// One section.
const ONE: u32 = 1 << 8;

/// A word, and a value that it guards.
struct Guarded {
    word: Word,
    value: UnsafeCell<u32>,
    known: AtomicBool,
}

// SAFETY: loom reports a race if there is one.
unsafe impl Send for Guarded {}
// SAFETY: as above.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn set(&self, value: u32) {
        // SAFETY: loom reports a race if there is one.
        self.value.with_mut(|at| unsafe { *at = value });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.value.with(|at| unsafe { *at })
    }

    /// One section, and what is done in it.
    fn section(&self, inside: impl FnOnce(&mut u32)) {
        // SAFETY: alive.
        unsafe {
            let mut held = Word::lock(&self.word);
            inside(&mut held.flags);
            Word::unlock(&self.word, held);
        }
    }

    /// One section that counts in the value and in the flags.
    fn count(&self) {
        self.section(|flags| {
            self.set(self.get() + 1);
            *flags += ONE;
        });
    }

    /// The same if nobody is inside. How many there were: 0 or 1.
    fn try_count(&self) -> u32 {
        // SAFETY: alive.
        unsafe {
            let Some(mut held) = Word::try_lock(&self.word) else {
                return 0;
            };
            self.set(self.get() + 1);
            held.flags += ONE;
            Word::unlock(&self.word, held);
            1
        }
    }

    /// In one step, as a cancel does with nobody registered.
    fn try_change(&self) -> bool {
        let flags = self.word.load();
        // SAFETY: alive.
        unsafe { Word::try_set(&self.word, flags, CHANGED) }
    }
}

/// Two threads, of which the second is spawned (it should be the one that only reads: loom compares an
/// access with the last one alone), and what holds when both are over.
fn check<A: 'static, B: Send + 'static>(
    first: fn(&Guarded) -> A,
    second: fn(&Guarded) -> B,
    over: fn(&Guarded, A, B),
) {
    let executions = std::sync::Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    loom::model(move || {
        count.fetch_add(1, SeqCst);
        let guarded = Arc::new(Guarded {
            word: Word::new(0),
            value: UnsafeCell::new(0),
            known: AtomicBool::new(false),
        });
        let theirs = guarded.clone();
        let other = thread::spawn(move || second(&theirs));
        let first = first(&guarded);
        over(&guarded, first, other.join().unwrap());
    });
    assert!(executions.load(SeqCst) > 1, "loom has seen no race");
}

#[test]
fn sections_exclude_each_other() {
    let twice = |guarded: &Guarded| {
        guarded.count();
        guarded.count();
    };
    check(twice, Guarded::count, |guarded, (), ()| {
        assert_eq!((guarded.word.load(), guarded.get()), (3 * ONE, 3));
    });
}

#[test]
fn a_try_excludes_and_is_excluded() {
    let both = |guarded: &Guarded| {
        guarded.count();
        1 + guarded.try_count()
    };
    check(both, Guarded::try_count, |guarded, one, two| {
        let times = one + two;
        assert_eq!((guarded.word.load(), guarded.get()), (times * ONE, times));
    });
}

fn if_changed(guarded: &Guarded) {
    if guarded.word.load() & CHANGED != 0 {
        assert_eq!(guarded.get(), 7);
    }
}

#[test]
fn a_flag_shows_what_came_before_its_section_ended() {
    let change = |guarded: &Guarded| {
        guarded.section(|flags| {
            guarded.set(7);
            *flags |= CHANGED;
        });
    };
    check(change, if_changed, |_, (), ()| {});
}

/// What a cancel with dependents does: cause, then flags, then the rest under the same lock.
fn publish(guarded: &Guarded) {
    // SAFETY: alive.
    unsafe {
        let mut held = Word::lock(&guarded.word);
        guarded.set(7);
        held.flags |= CHANGED;
        Word::publish(&guarded.word, &held);
        held.flags += ONE;
        Word::unlock(&guarded.word, held);
    }
}

#[test]
fn x66_published_flags_show_what_came_before() {
    let ask = |guarded: &Guarded| {
        let flags = guarded.word.load();
        if_changed(guarded);
        // Shown, and not over: nobody gets in.
        assert!(flags & CHANGED == 0 || flags >= ONE || Word::is_locked(flags));
    };
    check(publish, ask, |_, (), ()| {});
}

#[test]
fn who_publishes_keeps_the_lock() {
    let try_it = |guarded: &Guarded| {
        // SAFETY: alive.
        unsafe {
            let Some(held) = Word::try_lock(&guarded.word) else {
                return;
            };
            let seen = [0, CHANGED + ONE].contains(&held.flags);
            assert!(seen, "inside of a section");
            Word::unlock(&guarded.word, held);
        }
    };
    check(publish, try_it, |guarded, (), ()| {
        assert_eq!(guarded.word.load(), CHANGED + ONE);
    });
}

#[test]
fn x66_flags_set_in_one_step_show_what_came_before() {
    let change = |guarded: &Guarded| {
        guarded.set(7);
        assert!(guarded.try_change());
    };
    check(change, if_changed, |_, (), ()| {});
}

#[test]
fn flags_set_in_one_step_are_not_lost_to_a_section() {
    let over = |guarded: &Guarded, (), changed| {
        let expected = if changed { ONE + CHANGED } else { ONE };
        assert_eq!(guarded.word.load(), expected);
    };
    check(Guarded::count, Guarded::try_change, over);
}

/// Whoever comes after such a step sees its flags, and what came before.
#[test]
fn a_section_sees_what_was_set_in_one_step() {
    let change = |guarded: &Guarded| {
        guarded.set(7);
        guarded.try_change();
    };
    let section = |guarded: &Guarded| {
        guarded.section(|flags| {
            if *flags & CHANGED != 0 {
                assert_eq!(guarded.get(), 7);
            }
        });
    };
    check(change, section, |_, (), ()| {});
}

/// A list of a canceller's: locked before anybody knows it.
#[test]
fn a_claimed_word_is_locked_for_whoever_hears_of_it() {
    let claim = |guarded: &Guarded| {
        let held = guarded.word.claim();
        guarded.known.store(true, Release);
        guarded.set(1);
        guarded.word.disclaim(held);
    };
    let hear = |guarded: &Guarded| {
        if guarded.known.load(Acquire) {
            guarded.count();
            assert_eq!(guarded.get(), 2);
        }
    };
    check(claim, hear, |_, (), ()| {});
}
