//! The core's tests where a pointer has 32 bits: natively, as i686 programs.
//!
//! The target's library comes from `rustup target add`, or is built by Debian's compiler; the C side of
//! it (start files, libc) from `gcc-multilib`.

use crate::apt;
use crate::run::{Outcome, command, output, step};
use crate::targets::{Library, compiler};
use std::path::Path;

const TARGET: &str = "i686-unknown-linux-gnu";

/// Debian's, for whoever has not got the target from rustup.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "gcc-multilib"];

pub(crate) fn run(args: &[String]) -> Outcome {
    let install = match args {
        [] => std::env::var("CI").is_ok_and(|ci| ci == "true"),
        [option] if option == "--install" => true,
        _ => return Err("usage: test32 [--install]".into()),
    };
    if !is_ready() {
        let missing = format!(
            "{TARGET} is missing. With rustup: rustup target add {TARGET}, and a C compiler that knows -m32.\n\
             On Debian: apt-get install {}\n\
             --install does the latter.",
            PACKAGES.join(" ")
        );
        if !install {
            return Err(missing);
        }
        apt::install(&PACKAGES, &missing)?;
    }
    let compiler = compiler(&[TARGET], Library::Std)?;
    let cargo = || {
        let mut cargo = compiler.cargo();
        cargo
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .args(["test", "--target", TARGET, "--target-dir", "target/test32"]);
        cargo
    };
    step(
        "the core itself, 32 bits",
        cargo().args(["-p", "cancel-core", "--lib", "--tests"]),
    )?;
    step(
        "semantics, models of programs, stress, 32 bits",
        cargo()
            .env("CANCEL_MODEL_STEPS", "200000")
            .args(["-p", "cancel-tests"])
            .args(["--test", "token", "--test", "scope", "--test", "scale"])
            .args(["--test", "stress"]),
    )
}

/// Whether programs can be built: both the library and the start files are there.
fn is_ready() -> bool {
    let rustup = output(command("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    let library = rustup.is_some_and(|folder| Path::new(&folder).is_dir())
        || PACKAGES[..3]
            .iter()
            .all(|package| apt::file(package, "").is_some());
    // (A file that it does not find, it names without a folder.)
    let start = output(command("cc").args(["-m32", "-print-file-name=crt1.o"]));
    library && start.is_some_and(|file| Path::new(&file).is_absolute())
}
