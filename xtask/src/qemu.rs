//! Programs for bare metal, run on an emulated machine.

use crate::limit::limited;
use crate::run::{Outcome, command};
use std::path::Path;
use std::time::Duration;

/// How long a program may run.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a program to its end, in a time that counts instructions: each takes 2^`shift` ns. What it
/// prints goes through, and is returned with how it ended. `machine`: QEMU, and how it is to be this
/// machine.
pub(crate) fn emulate(
    title: &str,
    machine: &[&str],
    shift: u32,
    program: &Path,
) -> Result<(String, Outcome), String> {
    let (qemu, options) = machine.split_first().ok_or("no QEMU")?;
    let mut run = command(qemu);
    run.args(options)
        .args(["-nographic", "-icount", &format!("shift={shift},sleep=off")])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(program);
    limited(title, &mut run, LIMIT)
}
