//! The project's pipeline, the same here and in CI. `cargo xtask help` lists what it does.

mod apt;
mod bench;
mod broker;
mod busy;
mod check;
mod ci;
mod conformance;
mod embedded;
mod instructions;
mod limit;
mod loom;
mod msrv;
mod mutants;
mod page;
mod qemu;
mod run;
mod sanitize;
mod size;
mod targets;
mod test32;
mod web;

use run::Outcome;
use std::process::ExitCode;

struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

const TASKS: &[Task] = &[
    Task {
        name: "ci",
        about: "everything that CI runs besides `cargo test --workspace`",
        run: ci::run,
    },
    Task {
        name: "check",
        about: "formatting, lints on every feature set, docs, order of files, packages",
        run: check::run,
    },
    Task {
        name: "packages",
        about: "the lock file of a new user, and the lowest versions that the manifests allow",
        run: check::packages,
    },
    Task {
        name: "layers",
        about: "which files use files above them, names used twice, misplaced conditions [CRATE]",
        run: check::layers::list,
    },
    Task {
        name: "test",
        about: "all tests: the workspace's, and the core's without std",
        run: check::test,
    },
    Task {
        name: "busy",
        about: "all tests three times beside busy loops on all cores [--times N] [-- ARGUMENTS OF CARGO TEST]",
        run: busy::run,
    },
    Task {
        name: "msrv",
        about: "the libraries with the oldest compiler that they declare; fetches it if it may",
        run: msrv::run,
    },
    Task {
        name: "conformance",
        about: "one list of cases on every runtime; --write: the table and the page; --host: here alone",
        run: conformance::run,
    },
    Task {
        name: "broker",
        about: "processes that cancel one another through Redis; installs it if it may",
        run: broker::run,
    },
    Task {
        name: "loom",
        about: "the core's models; --quick: two preemptions instead of three",
        run: loom::run,
    },
    Task {
        name: "mutants",
        about: "seeds faults into the core, each to be found by a model or test [TEXT]…; --list",
        run: mutants::run,
    },
    Task {
        name: "sanitize",
        about: "the stress test under valgrind, AddressSanitizer, ThreadSanitizer [valgrind|address|thread]",
        run: sanitize::run,
    },
    Task {
        name: "test32",
        about: "the core's tests on a machine of 32 bits (i686); --install: what is missing for that",
        run: test32::run,
    },
    Task {
        name: "page",
        about: "the page of the jobs example, clicked through in Chromium; pictures in target/",
        run: page::run,
    },
    Task {
        name: "embedded",
        about: "builds for bare metal, programs on four emulated machines; --list, TEXT of MACHINE/PROGRAM",
        run: embedded::run,
    },
    Task {
        name: "web",
        about: "browser and Node: tests, conformance, the demo's page; --serve [--port N]: the demo, to click on",
        run: web::run,
    },
    Task {
        name: "bench",
        about: "speed and size beside the peers; --profile NAME first, --quick, --json FILE, --markdown FILE, --filter TEXT",
        run: bench::run,
    },
    Task {
        name: "instructions",
        about: "counts those of the commonest calls (valgrind), fails if one grew; --write: into the file",
        run: instructions::run,
    },
    Task {
        name: "size",
        about: "flash and RAM of small firmware; --write: into BENCHMARKS.md, --check: fail if a limit is exceeded",
        run: size::run,
    },
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "help".into());
    let rest: Vec<String> = args.collect();
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        println!("cargo xtask TASK\n");
        for task in TASKS {
            println!("  {:<12} {}", task.name, task.about);
        }
        let asked = matches!(name.as_str(), "help" | "--help" | "-h");
        return if asked {
            ExitCode::SUCCESS
        } else {
            eprintln!("\nno task `{name}`");
            ExitCode::FAILURE
        };
    };
    // The benchmark's own program lists its options.
    let asks = rest.iter().any(|arg| arg == "--help" || arg == "-h");
    if asks && name != "bench" {
        println!("cargo xtask {name}: {}", task.about);
        return ExitCode::SUCCESS;
    }
    match (task.run)(&rest) {
        Ok(()) => {
            println!("\n{name}: passed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\n{name}: FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}
