//! Faults in time limits of tokens.

use crate::loom::Models;
use crate::mutants::Fault;
use crate::mutants::FoundBy::Model;

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "timed: the last owner does not see that a task may have taken a handle",
        file: "tree/leave.rs",
        from: "flags & (NONEMPTY | MULTI | ARMED) == 0",
        to: "flags & (NONEMPTY | MULTI | ARMED) & !ARMED == 0",
        found_by: Model(Models::Tree, "timed::x17_armed_vs"),
    },
    Fault {
        name: "timed: a closed block still has its target",
        file: "tree/timed.rs",
        from: "            (*this).target.set(null());\n",
        to: "",
        found_by: Model(Models::Tree, "timed::x17_due_vs"),
    },
    Fault {
        name: "timed: a block is closed in silence",
        file: "tree/timed.rs",
        from: "            held.flags |= CANCELLED;\n",
        to: "",
        found_by: Model(Models::Tree, "timed::x17_the_task"),
    },
    Fault {
        name: "timed: a node goes with its block",
        file: "tree/multi.rs",
        from: "        let _closed = timed::disarm(hub, null());",
        to: "        let _ = hub;",
        found_by: Model(Models::Tree, "timed::x17_due_vs_the_last_drop"),
    },
    Fault {
        name: "timed: a follower goes with its block",
        file: "tree/multi.rs",
        from: "                let closed = timed::disarm(hub, null());",
        to: "                let closed = timed::Closed::none();",
        found_by: Model(Models::Tree, "timed::x17_a_follower"),
    },
    Fault {
        name: "timed: the one-step cancel does not see the limit",
        file: "tree/propagate/cancel.rs",
        from: "flags & (NONEMPTY | TIMED) == 0",
        to: "flags & (NONEMPTY | TIMED) & NONEMPTY == 0",
        found_by: Model(Models::Tree, "timed::x17_due_vs_cancel"),
    },
    Fault {
        name: "timed: the task of a node that was marked is not told",
        file: "tree/propagate/mark.rs",
        from: "                self.closed.add(timed::take(hub, held));",
        to: "                core::mem::forget(timed::take(hub, held));",
        found_by: Model(Models::Tree, "timed::x17_the_task_of_a_child"),
    },
];
