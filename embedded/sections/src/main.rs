//! How long interrupts are off: the longest critical section of each operation, in instructions.
//!
//! Each operation is measured beside 1, 8 and 64 others of whatever it could depend on. A test fails
//! if 64 take longer than 8. The numbers mean something under QEMU's `-icount shift=10` alone, where
//! time is a count of instructions.
#![no_std]
#![no_main]

mod fill;
#[cfg(feature = "heap")]
mod heap;
mod meter;
mod operations;
mod still;

use board::{Report, nops, println};
use critical_section::with;
use meter::{Measured, measure};

/// For what the counter's resolution and the branches of short lists make different.
const TOLERANCE: u32 = 4;

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    meter::start();
    let mut report = Report::new();
    report.run("the meter counts what is inside", || {
        let inside = |nested| {
            let code = || (0..nested).for_each(|_| with(|_| {}));
            let empty = measure(|| with(|_| code())).longest;
            measure(|| with(|_| _ = (code(), nops()))).longest - empty
        };
        let counted = [0, 1, 5].map(inside);
        assert!(
            counted.iter().all(|count| (990..1010).contains(count)),
            "{counted:?}"
        );
    });
    for (name, operation) in operations::ALL {
        row(&mut report, name, operation);
    }
    report.run("to ask a live token takes no section", || {
        assert_eq!(operations::ask(8).sections, 0);
    });
    #[cfg(feature = "heap")]
    for (name, operation) in heap::ALL {
        row(&mut report, name, operation);
    }
    report.finish()
}

fn row(report: &mut Report, name: &str, operation: &fn(u32) -> Measured) {
    let [one, eight, many] = [1, 8, 64].map(operation);
    println!(
        "| {name} | {} {} {} | {} {} {}",
        one.longest, eight.longest, many.longest, one.sections, eight.sections, many.sections
    );
    let constant = many.longest <= eight.longest + TOLERANCE;
    let result = constant.then_some(()).ok_or("it grows with `n`");
    report.note(name, result);
}
