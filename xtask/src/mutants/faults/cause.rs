//! Faults in causes, tokens, the runner.

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
        name: "a deadline is read before the source has entered its waker",
        file: "scope/until_deadline.rs",
        from: "        this.waiting.enter(cx); // L2: first\n        loop {\n            let at = deadline.own();",
        to: "        let at = deadline.own();\n        this.waiting.enter(cx);\n        loop {",
        found_by: Model(Models::Tree, "deadlines::a_source_registers"),
    },
    Fault {
        name: "a change looks for sources before the deadline is written",
        file: "scope/deadline.rs",
        from: "            let mut held = Hub::lock(hub);\n            self.set(at, limit);\n            if (*hub).list.is_empty() {",
        to: "            let mut held = Hub::lock(hub);\n            if !(*hub).list.is_empty() {\n                self.set(at, limit);\n            } else {\n                Hub::unlock(hub, held);\n                held = Hub::lock(hub);\n                self.set(at, limit);",
        found_by: Model(Models::Tree, "deadlines::a_source_registers"),
    },
    Fault {
        name: "a change whose mark another one has taken out is not told",
        file: "scope/deadline.rs",
        from: "                (*first).queued.store(false, Relaxed);\n                Hub::unlock(hub, held);",
        to: "                (*first).queued.store((*first).queued.load(Relaxed) && first != mark, Relaxed);\n                Hub::unlock(hub, held);",
        found_by: Model(Models::Tree, "deadlines::"),
    },
    Fault {
        name: "a scope that is cancelled while it registers its waker waits for the next one",
        file: "scope/run.rs",
        from: "Poll::Ready(_) => continue,",
        to: "Poll::Ready(_) => return Poll::Pending,",
        found_by: Model(Models::Tree, "scopes::"),
    },
    Fault {
        name: "a scope does not look after the poll in which a shield has closed",
        file: "scope/run.rs",
        from: "holds.end(cx.waker(), &mut state.panics) != Pass::Free",
        to: "holds.end(cx.waker(), &mut state.panics) != Pass::Free || watched",
        found_by: Model(Models::Tree, "scopes::cancel_vs_a_shield"),
    },
    Fault {
        name: "the end of a hold does not wake the scope that waits for it",
        file: "scope/holds.rs",
        from: "            let scope = self.disarm(&mut held.flags);",
        to: "            let scope: Option<Waker> = None;",
        found_by: Model(Models::Tree, "scopes::a_shield_that_ends"),
    },
    Fault {
        name: "a hold goes without having seen that the scope is done with it",
        file: "scope/holds.rs",
        from: "            if !(*entry).queued.load(Acquire) {\n                return None;",
        to: "            if !(*entry).queued.load(core::sync::atomic::Ordering::Relaxed) {\n                return None;",
        found_by: Model(Models::Tree, "scopes::a_shield_that_another"),
    },
    Fault {
        name: "a hold that was woken is taken for one with a waker",
        file: "scope/holds.rs",
        from: "                let has_waker = queued && !(*entry).passed.get();",
        to: "                let has_waker = queued;",
        found_by: Test("scope", "abandoned::"),
    },
    Fault {
        name: "a source that fires is not told to the token",
        file: "scope/run.rs",
        from: "                    second = state.panics.guard(|| token.cancel_with(cause)) == Some(false);",
        to: "                    state.fired = Some(Cancelled::from(cause));",
        found_by: Model(Models::Tree, "scopes::cancel_vs_a_source"),
    },
    Fault {
        name: "what a child that follows gets from its parent is not inherited",
        file: "token/shared.rs",
        from: "Vec::from([(parent, INHERITED)])",
        to: "Vec::from([(parent, INHERITED & !INHERITED)])",
        found_by: Test("token", "model::random_programs_and_the_reference"),
    },
];
