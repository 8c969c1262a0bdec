//! Browser and Node: the core's builds, the conformance cases, the tests of cancel-web, the demo's page.
//!
//! Nothing is skipped: what is missing is installed, or the task fails and says what to install.

mod demo;
mod report;
mod tool;

pub(crate) use demo::Size;

use crate::limit::limited;
use crate::run::{Outcome, step};
use crate::targets::{Compiler, Library, compiler};
use crate::{apt, page};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const TARGET: &str = "wasm32-unknown-unknown";

/// For everything here: the compilers differ.
fn folder() -> PathBuf {
    crate::run::root().join("target/web")
}

pub(crate) fn run(args: &[String]) -> Outcome {
    page::node()?;
    let compiler = compiler(&[TARGET], Library::Std)?;
    println!("{}", compiler.version());
    let tools = tool::wasm_bindgen()?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let port = match args[..] {
        [] => None,
        ["--serve"] => Some("0"),
        ["--serve", "--port", port] => Some(port),
        _ => return Err("the arguments are: --serve [--port NUMBER]".into()),
    };
    if let Some(port) = port {
        demo::build(&compiler, &tools)?.print();
        return demo::serve(port);
    }
    apt::need("chromedriver", &["chromium-driver"])?;
    let chromium = page::chromium()?;
    let browser = report::webdriver(&chromium)?;

    core()?;
    for (place, name) in [(Place::Node, "node"), (Place::Browser(browser), "chromium")] {
        conformance(&compiler, &tools, &place, name)?;
        suites(&compiler, &tools, &place, name)?;
    }
    demo::build(&compiler, &tools)?.print();
    demo::click(&chromium)
}

/// Builds the demo and says how large it is.
pub(crate) fn size() -> Result<demo::Size, String> {
    page::node()?;
    let compiler = compiler(&[TARGET], Library::Std)?;
    demo::build(&compiler, &tool::wasm_bindgen()?)
}

/// Where tests run.
enum Place {
    Node,
    /// With this description of it.
    Browser(PathBuf),
}

/// A cargo for the target, whose tests run there.
fn cargo(compiler: &Compiler, tools: &tool::Tools, place: &Place) -> Command {
    let mut cargo = compiler.cargo();
    let runner = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER";
    cargo.env(runner, &tools.test_runner);
    match place {
        // What is for browsers alone is left out.
        Place::Node => cargo.env("WASM_BINDGEN_TEST_ONLY_NODE", "1"),
        Place::Browser(description) => cargo
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", description)
            // In seconds: for machines that are busy with other things.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
            .env("CHROMEDRIVER", "chromedriver"),
    };
    cargo
}

fn of_target(command: &str) -> [&str; 5] {
    [command, "--target", TARGET, "--target-dir", "target/web"]
}

/// Without std there is none to be used by mistake.
fn core() -> Outcome {
    for (features, library) in [
        ("", Library::Core),
        ("alloc", Library::Core),
        ("std", Library::Std),
    ] {
        step(
            &format!("cancel-core in wasm, features [{features}]"),
            compiler(&[TARGET], library)?
                .cargo()
                .args(of_target("build"))
                .args(["-p", "cancel-core", "--lib", "--no-default-features"])
                .args(["--features", features]),
        )?;
    }
    Ok(())
}

/// Builds, then runs with a limit: 60 s were enough for anything, on a machine that is not busy.
fn tests(title: &str, cargo: impl Fn() -> Command) -> Result<(String, Outcome), String> {
    step(&format!("{title}: build"), cargo().arg("--no-run"))?;
    limited(title, &mut cargo(), Duration::from_secs(300))
}

fn conformance(compiler: &Compiler, tools: &tool::Tools, place: &Place, name: &str) -> Outcome {
    let (text, outcome) = tests(&format!("conformance cases in {name}"), || {
        let mut cargo = cargo(compiler, tools, place);
        cargo
            .args(of_target("test"))
            .args(["-p", "cancel-conformance", "--test", "web"]);
        cargo
    })?;
    let results = report::results(&text);
    report::write(name, &results)?;
    outcome.and_then(|()| report::verdict(&text, &results))
}

fn suites(compiler: &Compiler, tools: &tool::Tools, place: &Place, name: &str) -> Outcome {
    let (text, outcome) = tests(&format!("cancel-web in {name}"), || {
        let mut cargo = cargo(compiler, tools, place);
        cargo.args(of_target("test")).args([
            "-p",
            "cancel-web",
            "--all-features",
            "--lib",
            "--tests",
        ]);
        cargo
    })?;
    outcome.and_then(|()| report::verdict(&text, &report::results(&text)))
}
