//! Faults in cancels at work.
//!
//! Not among them, since harmless: `next` in `mark.rs` visits what the work list has adopted without
//! `INHERITED`. A link gets there by adoption alone, which has made it inherit (`hand_on` in `leave.rs`); a
//! child inherits always.

use crate::loom::Models;
use crate::mutants::Fault;
use crate::mutants::FoundBy::{Model, Test};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "a loser does not wait for the marking",
        file: "tree/propagate/cancel.rs",
        from: "if unsafe { (*root).word.look() } & MARKING == 0 {",
        to: "if true || unsafe { (*root).word.look() } & MARKING == 0 {",
        found_by: Model(Models::Tree, "two_cancels::x66_a_cancel_that_lost"),
    },
    Fault {
        name: "the cause is published after the flag",
        file: "tree/propagate/cancel.rs",
        from: "        (*root).cause.set(said);\n        held.flags |= outcome;\n",
        to: "        held.flags |= outcome;\n        Word::publish(addr_of!((*root).word), &held);\n        (*root).cause.set(said);\n",
        found_by: Model(Models::Tree, "waiters::what_came_before"),
    },
    Fault {
        name: "x66: the cause of a cancel that lost stays",
        file: "tree/propagate/cancel.rs",
        from: "            said.unreserve(1);\n            lost(root);",
        to: "            lost(root);",
        found_by: Model(Models::Tree, "causes::x66_the_cause_of_a_cancel_that_lost"),
    },
    Fault {
        name: "below: a marker that was taken over goes on",
        file: "tree/propagate/children.rs",
        from: "if !ptr::eq((*marker).dependent.source.load(Relaxed), root) {",
        to: "if false && !ptr::eq((*marker).dependent.source.load(Relaxed), root) {",
        found_by: Model(Models::Tree, "children::"),
    },
    Fault {
        name: "below: the source of what is moved is written outside of its lock",
        file: "tree/propagate/children.rs",
        from: "                source.store(hub.cast_mut(), Release);\n                // Another call's marker is only as live as what it has moved (C5).\n                let has_live = !(*entry).passed.get() || (*entry).spent.get();\n                moved.live |= has_live && dependent.flags & CANCELLED == 0;\n                Hub::unlock(own, dependent);",
        to: "                // Another call's marker is only as live as what it has moved (C5).\n                let has_live = !(*entry).passed.get() || (*entry).spent.get();\n                moved.live |= has_live && dependent.flags & CANCELLED == 0;\n                Hub::unlock(own, dependent);\n                source.store(hub.cast_mut(), Release);",
        found_by: Model(Models::Tree, "children::"),
    },
    Fault {
        name: "below: the marker of another call counts as live",
        file: "tree/propagate/children.rs",
        from: "let has_live = !(*entry).passed.get() || (*entry).spent.get();",
        to: "let has_live = true;",
        found_by: Model(Models::Tree, "children::vs_another_one_when_nothing"),
    },
    Fault {
        name: "below: a marker counts as live after its call has cancelled it",
        file: "tree/propagate/children.rs",
        from: "moved.live |= has_live && dependent.flags & CANCELLED == 0;",
        to: "moved.live |= match (*entry).passed.get() {\n                    true => has_live,\n                    false => dependent.flags & CANCELLED == 0,\n                };",
        found_by: Test("token", "children::calls_from_what"),
    },
    Fault {
        name: "below: followers are taken for children",
        file: "tree/propagate/children.rs",
        from: "(*entry.cast::<Link>()).adds.get() & INHERITED == 0 {",
        to: "(*entry.cast::<Link>()).adds.get() & INHERITED == 1 {",
        found_by: Model(Models::Tree, "children::"),
    },
    Fault {
        name: "below: the handles of what is moved are kept",
        file: "tree/propagate/children.rs",
        from: "drop_some(root, n); // N4",
        to: "drop_some(root, n - n); // N4",
        found_by: Model(Models::Tree, "children::"),
    },
    Fault {
        name: "below: a cancel of the token that was first is not waited for",
        file: "tree/propagate/children.rs",
        from: "if moved.taken_over && (*root).is_cancelled() {",
        to: "if false && moved.taken_over && (*root).is_cancelled() {",
        found_by: Model(Models::Tree, "children::"),
    },
    Fault {
        name: "another cancel's marking is not waited for",
        file: "tree/propagate/mark.rs",
        from: "} else if held.flags & MARKING != 0 && CAN_WAIT {",
        to: "} else if false && held.flags & MARKING != 0 && CAN_WAIT {",
        found_by: Model(Models::Tree, "two_cancels::a_cancel_above_another_one"),
    },
    Fault {
        name: "x66: a busy node that the work list has adopted is forgotten",
        file: "tree/propagate/mark.rs",
        from: "                work.list.push_front(entry);\n                Some(Step::Wait)",
        to: "                Some(Step::Wait)",
        found_by: Model(Models::Tree, "two_cancels::x66_a_busy_node"),
    },
    Fault {
        name: "x66: a busy dependent is cut off with those that are marked",
        file: "tree/propagate/mark.rs",
        from: "                if !self.visit(entry, inherited) {\n                    break Step::Wait;\n                }",
        to: "                let _ = (self.visit(entry, inherited), Step::Wait);",
        found_by: Model(Models::Tree, "two_cancels::a_cancel_above_another_one"),
    },
    Fault {
        name: "x66: an any without a handle gets one again",
        file: "tree/propagate/mark.rs",
        from: "let stays = held.flags & NONEMPTY != 0 && handles::try_retain(hub);",
        to: "handles::retain(hub);\n                let stays = held.flags & NONEMPTY != 0;",
        found_by: Model(Models::Tree, "links::x66_any_with_a_forgotten_wait"),
    },
    Fault {
        name: "x66: the marking is over for losers when the root's own dependents are done",
        file: "tree/propagate/mark.rs",
        from: "                if step == Step::Done && !self.used {\n                    held.flags &= !MARKING;",
        to: "                if step == Step::Done {\n                    held.flags &= !MARKING;",
        found_by: Model(
            Models::Tree,
            "two_cancels::x66_a_cancel_that_lost_waits_for_the_nodes",
        ),
    },
    Fault {
        name: "x66: the marking is over for losers when the root's last hold is",
        file: "tree/propagate/mark.rs",
        from: "                    root_done = step == Step::Done;\n",
        to: "                    root_done = step == Step::Done;\n                    if root_done {\n                        held.flags &= !MARKING;\n                    }\n",
        found_by: Model(
            Models::Tree,
            "two_cancels::x66_a_cancel_that_lost_waits_for_more",
        ),
    },
    Fault {
        name: "x66: the marking is over for losers after the first hold",
        file: "tree/propagate/mark.rs",
        from: "                (*left).word.disclaim(claimed.1);",
        to: "                held.flags &= !MARKING;\n                (*left).word.disclaim(claimed.1);",
        found_by: Model(Models::Tree, "two_cancels::x66_a_cancel_that_lost"),
    },
    Fault {
        name: "x66: more references of a cause are reserved than counted",
        file: "tree/propagate/mark.rs",
        from: "                    self.said.reserve(256);",
        to: "                    self.said.reserve(257);",
        found_by: Model(Models::Tree, "causes::x66_a_cause_goes"),
    },
    Fault {
        name: "fewer references of a cause are reserved than counted",
        file: "tree/propagate/mark.rs",
        from: "                    self.said.reserve(256);",
        to: "                    self.said.reserve(255);",
        found_by: Model(Models::Tree, "causes::x66_a_cause_goes"),
    },
    Fault {
        name: "a node that has left its source says so with Relaxed",
        file: "tree/propagate/mark.rs",
        from: "            (*node).dependent.source.store(source, Release);\n            Hub::unlock(hub, held);\n            true",
        to: "            (*node).dependent.source.store(source, crate::sync::Relaxed);\n            Hub::unlock(hub, held);\n            true",
        found_by: Model(Models::Tree, "tree::cancel_vs_drop_of_a_child"),
    },
    Fault {
        name: "inner nodes stay marked as under way",
        file: "tree/propagate/mark.rs",
        from: "                    held.flags &= !MARKING;\n                    list.unlink(entry);",
        to: "                    list.unlink(entry);",
        found_by: Model(Models::Tree, "two_cancels::"),
    },
    Fault {
        name: "a forgotten handle of a follower",
        file: "tree/propagate/serve.rs",
        from: "self.finished.add(entry); // before the unlock: our handle keeps the node",
        to: "{} // before the unlock: our handle keeps the node",
        found_by: Model(Models::Tree, "links::any_of_any_is_kept_by_its_followers"),
    },
    Fault {
        name: "a canceller does not come back to callbacks in place",
        file: "tree/propagate/serve.rs",
        from: "self.root_calls = left == Left::Calls;",
        to: "self.root_calls = false;",
        found_by: Model(Models::Tree, "hooks::"),
    },
    Fault {
        name: "a node whose callbacks are all called stays in the left list",
        file: "tree/propagate/serve.rs",
        from: "                    if held.flags & NONEMPTY == 0 {\n                        list.unlink(entry);",
        to: "                    if false && held.flags & NONEMPTY == 0 {\n                        list.unlink(entry);",
        found_by: Model(Models::Tree, "hooks::"),
    },
    Fault {
        name: "x66: references of a cause that were reserved stay so",
        file: "tree/propagate/serve.rs",
        from: "            unsafe { self.said.unreserve(core::mem::take(&mut self.spare)) };",
        to: "            self.spare = 0;",
        found_by: Model(Models::Tree, "causes::x66_a_cause_goes"),
    },
    Fault {
        name: "a lone waiter is looked at after its waker has been taken",
        file: "tree/propagate/waiters.rs",
        from: "            (*root).list.clear();\n            let waker = Hub::take_waker(first.cast::<Waiter>());",
        to: "            let waker = Hub::take_waker(first.cast::<Waiter>());\n            (*root).list.cut_before(core::ptr::null(), (*root).list.walk());",
        found_by: Model(Models::Tree, "waiters::a_lone_waiter_goes"),
    },
];
