//! The benchmark: a package of its own, so that no other task waits for the peers to compile.

use crate::run::{Outcome, cargo, step};

pub(crate) fn run(args: &[String]) -> Outcome {
    let (profile, args) = profile(args)?;
    let mut bench = cargo();
    bench.args(["run", "--profile", profile, "--quiet", "-p", "cancel-bench"]);
    bench.args(["--", "--profile", profile]).args(args);
    let chosen = |name: &str| args.iter().any(|arg| arg.starts_with(name));
    if !["--quick", "--filter", "--markdown"]
        .iter()
        .any(|name| chosen(name))
    {
        bench.args(["--markdown", "BENCHMARKS.md"]);
    }
    step("benchmark", &mut bench)
}

/// `--profile NAME` in front is for cargo; the rest is for the benchmark.
fn profile(args: &[String]) -> Result<(&str, &[String]), String> {
    match args {
        [flag, name, rest @ ..] if flag == "--profile" => Ok((name, rest)),
        [flag] if flag == "--profile" => Err("--profile needs a name, such as release-lto".into()),
        _ => Ok(("release", args)),
    }
}
