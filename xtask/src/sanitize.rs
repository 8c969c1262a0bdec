//! The stress test under tools that watch memory and threads.
//!
//! AddressSanitizer needs a nightly toolchain. ThreadSanitizer needs the standard library built with
//! it: a nightly with `rust-src`, or Debian's compiler with its library source and clang.

use crate::apt;
use crate::run::{Outcome, cargo, cargo_of, command, exists, output, root, step};
use std::path::PathBuf;
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";
const STRESS: [&str; 4] = ["-p", "cancel-tests", "--test", "stress"];

pub(crate) fn run(args: &[String]) -> Outcome {
    let all = [
        ("valgrind", valgrind as fn() -> Outcome),
        ("address", address),
        ("thread", thread),
    ];
    if let Some(unknown) = args
        .iter()
        .find(|arg| all.iter().all(|(name, _)| name != arg))
    {
        return Err(format!(
            "no sanitizer `{unknown}`: valgrind, address, thread"
        ));
    }
    for (name, run) in all {
        if args.is_empty() || args.iter().any(|arg| arg == name) {
            run()?;
        }
    }
    Ok(())
}

fn valgrind() -> Outcome {
    if !exists("valgrind") {
        return Err("valgrind is missing: apt-get install valgrind".into());
    }
    let binary = stress_binary()?;
    step(
        "stress under valgrind",
        command("valgrind")
            .args(["--tool=memcheck", "--error-exitcode=9", "--leak-check=full"])
            .args(["--errors-for-leak-kinds=definite", "--quiet"])
            .arg(binary)
            .env("CANCEL_STRESS_SECONDS", "10"),
    )
}

/// Builds the stress test with optimisation, and finds it.
fn stress_binary() -> Result<PathBuf, String> {
    let mut build = cargo();
    build.args(["test", "--release", "--no-run", "--message-format=json"]);
    build.args(STRESS).args(["--target-dir", "target/valgrind"]);
    println!("\n── build of the stress test");
    let messages = output(&mut build).ok_or("the stress test does not build")?;
    let executable = messages
        .lines()
        .filter(|line| line.contains("\"name\":\"stress\""))
        .filter_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next())
        .next_back();
    executable
        .map(PathBuf::from)
        .ok_or("no stress test was built".into())
}

fn address() -> Outcome {
    let mut test = cargo_of("nightly");
    if output(cargo_of("nightly").arg("--version")).is_none() {
        return Err("a nightly toolchain is missing: rustup toolchain install nightly".into());
    }
    test.env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CANCEL_STRESS_SECONDS", "10")
        .arg("test")
        .args(STRESS)
        .args(["--target", TARGET, "--target-dir", "target/asan"]);
    step("stress under AddressSanitizer", &mut test)
}

fn thread() -> Outcome {
    let mut test = thread_sanitizer()?;
    let suppressions = root().join("xtask/tsan.supp");
    test.env(
        "TSAN_OPTIONS",
        format!("suppressions={}", suppressions.display()),
    )
    .env("CANCEL_STRESS_SECONDS", "10")
    .arg("test")
    .args(STRESS)
    .args([
        "--target",
        TARGET,
        "-Zbuild-std",
        "--target-dir",
        "target/tsan",
    ]);
    step("stress under ThreadSanitizer", &mut test)
}

fn thread_sanitizer() -> Result<Command, String> {
    let sysroot = output(cargo_of("nightly").args(["rustc", "--print", "sysroot", "-p", "xtask"]));
    let source = sysroot.map(|root| PathBuf::from(root).join("lib/rustlib/src/rust/library"));
    if source.is_some_and(|source| source.exists()) {
        let mut test = cargo_of("nightly");
        test.env("RUSTFLAGS", "-Zsanitizer=thread");
        return Ok(test);
    }
    let debian = (
        apt::file("rustc-web", "/bin/rustc"),
        apt::file("cargo-web", "/bin/cargo"),
    );
    let (Some(rustc), Some(debian_cargo)) = debian else {
        return Err("a standard library with source is missing: \
             rustup +nightly component add rust-src, or on Debian: \
             apt-get install rustc-web cargo-web rust-web-src clang-22 libclang-rt-22-dev"
            .into());
    };
    let clang = (14..=40).rev().map(|version| format!("clang-{version}"));
    let clang = clang
        .into_iter()
        .find(|clang| exists(clang))
        .ok_or("clang is missing")?;
    let mut test = command(debian_cargo);
    for variable in ["CARGO", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        test.env_remove(variable);
    }
    test.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1").env(
        "RUSTFLAGS",
        format!(
            "-Zsanitizer=thread -Zexternal-clangrt -Clinker={clang} -Clink-arg=-fsanitize=thread"
        ),
    );
    Ok(test)
}
