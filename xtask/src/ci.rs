//! What CI runs. The tests themselves are README's command, which `.ci/run` calls last.

use crate::run::{Outcome, cargo, step};
use crate::{broker, check, conformance, instructions, loom, msrv, page, size, test32};

pub(crate) fn run(_: &[String]) -> Outcome {
    check::run(&[])?;
    check::without_std()?;
    test32::run(&[])?;
    msrv::run(&[])?;
    instructions::run(&[])?;
    loom::run(&["--quick".into()])?;
    for example in [
        "01_basic_cancelation",
        "02_timeout_cancelation",
        "03_manual_cancelation",
        "04_decorated_functions",
        "05_thread_cancelation",
    ] {
        let mut run = cargo();
        run.args(["run", "--quiet", "--example", example]);
        step(&format!("example {example}"), &mut run)?;
    }
    // (This runs `embedded` and `web` first.)
    conformance::run(&[])?;
    broker::run(&[])?;
    page::run(&[])?;
    size::run(&["--check".into()])
}
