//! The machines, and the programs that run on them.

use crate::run::root;
use std::path::PathBuf;

/// A machine of QEMU's.
#[derive(PartialEq)]
pub(super) struct Machine {
    pub(super) name: &'static str,
    pub(super) target: &'static str,
    /// QEMU, and how it is to be this machine.
    pub(super) qemu: &'static [&'static str],
    /// There is memory enough for a heap.
    pub(super) heap: bool,
    /// It has compare-and-swap.
    pub(super) swaps: bool,
}

pub(super) const MACHINES: &[Machine] = &[
    Machine {
        name: "thumbv7m",
        target: "thumbv7m-none-eabi",
        qemu: &["qemu-system-arm", "-machine", "lm3s6965evb"],
        heap: true,
        swaps: true,
    },
    Machine {
        name: "thumbv6m",
        target: "thumbv6m-none-eabi",
        qemu: &["qemu-system-arm", "-machine", "microbit"],
        heap: false,
        swaps: false,
    },
    Machine {
        name: "riscv32imac",
        target: "riscv32imac-unknown-none-elf",
        qemu: VIRT,
        heap: true,
        swaps: true,
    },
    Machine {
        name: "riscv32imc",
        target: "riscv32imc-unknown-none-elf",
        qemu: VIRT,
        heap: true,
        swaps: false,
    },
];

const VIRT: &[&str] = &["qemu-system-riscv32", "-machine", "virt", "-bios", "none"];

pub(super) struct Program {
    pub(super) name: &'static str,
    /// Which build it is of.
    pub(super) package: &'static str,
    /// It needs a heap.
    pub(super) heap: bool,
    /// It prints results of tests.
    pub(super) tests: bool,
    /// Nanoseconds of its time that an instruction takes, as a power of two.
    pub(super) shift: u32,
}

const fn program(name: &'static str, package: &'static str) -> Program {
    Program {
        name,
        package,
        heap: false,
        tests: true,
        // A count of the timers is shorter than an instruction: see `interrupt`.
        shift: 7,
    }
}

pub(super) const PROGRAMS: &[Program] = &[
    Program {
        tests: false,
        ..program("tasks", "programs")
    },
    Program {
        tests: false,
        ..program("tree", "programs")
    },
    program("no_heap", "programs"),
    program("interrupt", "programs"),
    program("conformance", "conformance"),
    Program {
        shift: 10,
        ..program("sections", "sections")
    },
    Program {
        heap: true,
        ..program("conformance_heap", "conformance with a heap")
    },
    Program {
        heap: true,
        ..program("interrupt_heap", "interrupts with a heap")
    },
    Program {
        heap: true,
        shift: 10,
        ..program("sections", "sections with a heap")
    },
];

impl Machine {
    /// Where a program has been built.
    pub(super) fn file(&self, program: &Program) -> PathBuf {
        root()
            .join("target/embedded")
            .join(self.target)
            .join("release")
            .join(program.name)
    }
}
