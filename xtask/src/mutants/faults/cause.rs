//! Faults in causes and tokens.

use crate::loom::Models;
use crate::mutants::Fault;
use crate::mutants::FoundBy::{Model, Test};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "a shared block is given the origin of whoever comes last",
        file: "cause/detail.rs",
        from: "        if self.get().count.load(crate::sync::Acquire) == 1 {",
        to: "        if self.get().count.load(crate::sync::Acquire) != 0 {",
        found_by: Model(Models::Tree, "origin::"),
    },
    Fault {
        name: "x66: references to a cause go with Relaxed",
        file: "cause/detail.rs",
        from: "detail.count.fetch_sub(n, AcqRel) == n",
        to: "detail.count.fetch_sub(n, Relaxed) == n",
        found_by: Model(Models::Tree, "causes::x66_the_block"),
    },
    Fault {
        name: "references to a cause go with Release",
        file: "cause/detail.rs",
        from: "detail.count.fetch_sub(n, AcqRel) == n",
        to: "detail.count.fetch_sub(n, core::sync::atomic::Ordering::Release) == n",
        found_by: Model(Models::Tree, "causes::x66_blocks_of_causes"),
    },
    Fault {
        name: "references to a cause go with Acquire",
        file: "cause/detail.rs",
        from: "detail.count.fetch_sub(n, AcqRel) == n",
        to: "detail.count.fetch_sub(n, core::sync::atomic::Ordering::Acquire) == n",
        found_by: Model(Models::Tree, "causes::x66_blocks_of_causes"),
    },
    Fault {
        name: "a block is written before others' reading is over",
        file: "cause/detail.rs",
        from: "self.get().count.load(crate::sync::Acquire) == 1",
        to: "self.get().count.load(Relaxed) == 1",
        found_by: Model(Models::Tree, "origin::x14_of_nobody"),
    },
    Fault {
        name: "a descendant takes a plain cancelation for its own",
        file: "cause/slot.rs",
        from: "            return Some(Said::id(own));",
        to: "            return Some(self);",
        found_by: Model(Models::Tree, "origin::"),
    },
    Fault {
        name: "x66: a token keeps its cause when it goes",
        file: "cause/slot.rs",
        from: "            // SAFETY: the slot's own reference (S2).\n            unsafe { said.unreserve(1) };",
        to: "",
        found_by: Model(Models::Tree, "causes::x66_a_cause_goes"),
    },
    Fault {
        name: "what a child that follows gets from its parent is not inherited",
        file: "token/shared.rs",
        from: "Vec::from([(parent, INHERITED)])",
        to: "Vec::from([(parent, INHERITED & !INHERITED)])",
        found_by: Test("token", "model::random_programs_and_the_reference"),
    },
];
