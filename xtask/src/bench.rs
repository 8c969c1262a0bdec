//! The benchmark: a package of its own, so that no other task waits for the peers to compile.

use crate::run::{Outcome, cargo, step};

pub(crate) fn run(args: &[String]) -> Outcome {
    let mut bench = cargo();
    bench.args(["run", "--release", "--quiet", "-p", "cancel-bench", "--"]);
    bench.args(args);
    let chosen = |name: &str| args.iter().any(|arg| arg.starts_with(name));
    if !["--quick", "--filter", "--markdown"]
        .iter()
        .any(|name| chosen(name))
    {
        bench.args(["--markdown", "BENCHMARKS.md"]);
    }
    step("benchmark", &mut bench)
}
