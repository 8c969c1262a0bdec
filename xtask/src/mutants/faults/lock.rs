//! Faults in the lock.

use crate::loom::Models;
use crate::mutants::Fault;
use crate::mutants::FoundBy::Model;

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "x66: a cancel in one step is Relaxed (lock_bit)",
        file: "sync/lock_bit.rs",
        from: ".compare_exchange(flags, flags | bits, super::AcqRel, Relaxed)",
        to: ".compare_exchange(flags, flags | bits, super::Relaxed, Relaxed)",
        found_by: Model(Models::Lock, "x66_flags_set_in_one_step"),
    },
    Fault {
        name: "x66: flags are published with Relaxed (lock_bit)",
        file: "sync/lock_bit.rs",
        from: "(*this).0.store(held.flags | LOCK, Release)",
        to: "(*this).0.store(held.flags | LOCK, Relaxed)",
        found_by: Model(Models::Lock, "x66_published_flags"),
    },
    Fault {
        name: "who publishes lets the lock go",
        file: "sync/lock_bit.rs",
        from: "(*this).0.store(held.flags | LOCK, Release)",
        to: "(*this).0.store(held.flags, Release)",
        found_by: Model(Models::Lock, "who_publishes_keeps_the_lock"),
    },
    Fault {
        name: "unlock with Relaxed (lock_bit)",
        file: "sync/lock_bit.rs",
        from: "unsafe { (*this).0.store(held.flags, Release) }",
        to: "unsafe { (*this).0.store(held.flags, Relaxed) }",
        found_by: Model(Models::Lock, "a_flag_shows"),
    },
    Fault {
        name: "the lock is taken with Relaxed",
        file: "sync/lock_bit.rs",
        from: "        match word.compare_exchange_weak(flags, flags | LOCK, Acquire, Relaxed) {",
        to: "        match word.compare_exchange_weak(flags, flags | LOCK, Relaxed, Relaxed) {",
        found_by: Model(Models::Lock, "sections_exclude"),
    },
    Fault {
        name: "the lock is taken with Relaxed after a wait",
        file: "sync/lock_bit.rs",
        from: "                    .compare_exchange_weak(flags, flags | LOCK, Acquire, Relaxed)",
        to: "                    .compare_exchange_weak(flags, flags | LOCK, Relaxed, Relaxed)",
        found_by: Model(Models::Lock, "sections_exclude"),
    },
    Fault {
        name: "the lock is tried with Relaxed",
        file: "sync/lock_bit.rs",
        from: "                .compare_exchange(flags, flags | LOCK, Acquire, Relaxed)",
        to: "                .compare_exchange(flags, flags | LOCK, Relaxed, Relaxed)",
        found_by: Model(Models::Lock, "a_try_excludes"),
    },
    Fault {
        name: "a held lock is taken",
        file: "sync/lock_bit.rs",
        from: "            if flags & LOCK == 0\n                && word",
        to: "            if word",
        found_by: Model(Models::Lock, "sections_exclude"),
    },
    Fault {
        name: "a held lock is taken by a try",
        file: "sync/lock_bit.rs",
        from: "        (flags & LOCK == 0\n            && word",
        to: "        (word",
        found_by: Model(Models::Lock, "a_try_excludes"),
    },
    Fault {
        name: "a cancel in one step does not look at the lock",
        file: "sync/lock_bit.rs",
        from: "        flags & LOCK == 0\n            && unsafe { &(*this).0 }",
        to: "        unsafe { &(*this).0 }",
        found_by: Model(Models::Lock, "flags_set_in_one_step_are_not_lost"),
    },
    Fault {
        name: "the flag is read with Relaxed",
        file: "sync/lock_bit.rs",
        from: "        self.0.load(Acquire)",
        to: "        self.0.load(Relaxed)",
        found_by: Model(Models::Lock, "a_flag_shows"),
    },
    Fault {
        name: "a claimed word is not locked",
        file: "sync/lock_bit.rs",
        from: "        self.0.store(LOCK, Relaxed);",
        to: "        self.0.store(0, Relaxed);",
        found_by: Model(Models::Lock, "a_claimed_word"),
    },
    Fault {
        name: "a claimed word is let go with Relaxed",
        file: "sync/lock_bit.rs",
        from: "        self.0.store(held.flags, Release);\n    }\n}\n\n/// Waits",
        to: "        self.0.store(held.flags, Relaxed);\n    }\n}\n\n/// Waits",
        found_by: Model(Models::Lock, "a_claimed_word"),
    },
    Fault {
        name: "unlock with Relaxed",
        file: "sync/lock_loom.rs",
        from: "(*this).0.swap(held.flags, Release)",
        to: "(*this).0.swap(held.flags, core::sync::atomic::Ordering::Relaxed)",
        found_by: Model(Models::Tree, "waiters::what_came_before"),
    },
    Fault {
        name: "x66: a cancel in one step is Relaxed (lock_loom)",
        file: "sync/lock_loom.rs",
        from: ".compare_exchange(flags, flags | bits, super::AcqRel, super::Relaxed)",
        to: ".compare_exchange(flags, flags | bits, super::Relaxed, super::Relaxed)",
        found_by: Model(Models::Tree, "causes::x66_what_came_before"),
    },
    Fault {
        name: "x66: flags are published with Relaxed (lock_loom)",
        file: "sync/lock_loom.rs",
        from: "(*this).0.swap(held.flags | LOCK, Release)",
        to: "(*this).0.swap(held.flags | LOCK, super::Relaxed)",
        found_by: Model(Models::Tree, "causes::x66_a_flag_shown"),
    },
];
