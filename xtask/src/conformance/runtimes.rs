//! The runtimes on which the cases run, and what each of them can have.

use super::cases::List;
use crate::run::Outcome;
use crate::{embedded, web};

pub(crate) struct Runtime {
    /// The name of its file of results, without the ending.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) needs: &'static str,
    pub(crate) runs: Runs,
    /// Lists that it cannot have, and why. All others it has to run to the last case.
    pub(crate) lacks: &'static [(List, &'static str)],
    /// Cases that it cannot pass, and why. They do not run.
    pub(crate) cannot: &'static [(&'static str, &'static str)],
}

/// How its results come about.
pub(crate) enum Runs {
    /// By a test program of `cancel-conformance` of the same name.
    Here,
    /// By another task, which leaves them in the folder. With a function, it is run first.
    By {
        task: &'static str,
        run: Option<fn(&[String]) -> Outcome>,
    },
}

const EMBEDDED: Runs = Runs::By {
    task: "cargo xtask embedded",
    run: Some(embedded::run),
};

const WEB: Runs = Runs::By {
    task: "cargo xtask web",
    run: Some(web::run),
};

/// Its queue has no way to take an entry out.
const EMBASSY_CANNOT: &[(&str, &str)] = &[(
    "timer_wakes::a_dropped_sleep_lets_go_of_its_waker",
    "embassy keeps a waker until its time has come",
)];

const NO_TASKS: [(List, &str); 3] = [
    (List::Tasks, "tasks are static"),
    (List::LocalTasks, "tasks are static"),
    (List::Operations, "no `std`"),
];

pub(crate) const RUNTIMES: &[Runtime] = &[
    Runtime {
        key: "bare",
        name: "no runtime at all",
        needs: "a loop that polls, and a timer of 40 lines",
        runs: Runs::Here,
        lacks: &[(List::Tasks, "one thread"), (List::Operations, "no tasks")],
        cannot: &[],
    },
    Runtime {
        key: "std",
        name: "cancel-std",
        needs: "`std`, no executor",
        runs: Runs::Here,
        lacks: &[(List::LocalTasks, "no executor")],
        cannot: &[],
    },
    Runtime {
        key: "smol",
        name: "smol",
        needs: "`cancel-smol`",
        runs: Runs::Here,
        lacks: &[],
        cannot: &[],
    },
    Runtime {
        key: "tokio",
        name: "tokio",
        needs: "`cancel-tokio`",
        runs: Runs::Here,
        lacks: &[],
        cannot: &[],
    },
    Runtime {
        key: "embassy-thumbv6m",
        name: "embassy on a Cortex-M0",
        needs: "16 KiB of RAM (micro:bit, emulated), no compare-and-swap",
        runs: EMBEDDED,
        lacks: &[
            (List::Heap, "no heap"),
            NO_TASKS[0],
            NO_TASKS[1],
            NO_TASKS[2],
        ],
        cannot: &[],
    },
    Runtime {
        key: "embassy-thumbv7m",
        name: "embassy on a Cortex-M3",
        needs: "64 KiB of RAM (lm3s6965, emulated)",
        runs: EMBEDDED,
        lacks: &NO_TASKS,
        cannot: EMBASSY_CANNOT,
    },
    Runtime {
        key: "embassy-riscv32imc",
        name: "embassy on RISC-V",
        needs: "32 bits (emulated), no compare-and-swap",
        runs: EMBEDDED,
        lacks: &NO_TASKS,
        cannot: EMBASSY_CANNOT,
    },
    Runtime {
        key: "embassy-riscv32imac",
        name: "embassy on RISC-V with atomics",
        needs: "32 bits (emulated)",
        runs: EMBEDDED,
        lacks: &NO_TASKS,
        cannot: EMBASSY_CANNOT,
    },
    Runtime {
        key: "node",
        name: "Node",
        needs: "`cancel-web`, WebAssembly",
        runs: WEB,
        lacks: &[],
        cannot: &[],
    },
    Runtime {
        key: "chromium",
        name: "Chromium",
        needs: "`cancel-web`, WebAssembly",
        runs: WEB,
        lacks: &[],
        cannot: &[],
    },
];

impl Runtime {
    /// Why it cannot have a list.
    pub(crate) fn lacks(&self, list: List) -> Option<&'static str> {
        let lacks = self.lacks.iter().find(|(lacked, _)| *lacked == list);
        lacks.map(|(_, why)| *why)
    }

    /// Why it cannot pass a case.
    pub(crate) fn cannot(&self, case: &str) -> Option<&'static str> {
        let cannot = self.cannot.iter().find(|(name, _)| *name == case);
        cannot.map(|(_, why)| *why)
    }
}
