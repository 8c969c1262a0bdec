//! Runs the examples and reads what they print.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::Command;

/// The lines that an example prints, with `--fast`.
pub(crate) fn run(name: &str) -> Vec<String> {
    let test = std::env::current_exe().expect("a test has a path");
    // .../target/debug/deps/basics-0123456789abcdef
    let built = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("a test is in `deps`");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program: PathBuf = [built.as_os_str(), "examples".as_ref(), file.as_ref()]
        .iter()
        .collect();
    let output = match Command::new(&program).arg("--fast").output() {
        Ok(output) => output,
        Err(error) => panic!(
            "{}: {error}\n`cargo test -p cancel-examples` builds it; `--test basics` alone does \
             not, then run `cargo build -p cancel-examples --examples` before",
            program.display()
        ),
    };
    let text = String::from_utf8(output.stdout).expect("the output is text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{errors}",
        output.status
    );
    assert_eq!(errors, "");
    text.lines().map(|line| line.trim().to_string()).collect()
}

/// Whether all of `expected` are there, in this order. One that ends in `*` is a beginning.
#[track_caller]
pub(crate) fn assert_lines(lines: &[String], expected: &[&str]) {
    let mut rest = lines.iter();
    for wanted in expected {
        let found = rest.any(|line| match wanted.strip_suffix('*') {
            Some(beginning) => line.starts_with(beginning),
            None => line == wanted,
        });
        assert!(
            found,
            "`{wanted}` is missing, or not in order, in {lines:#?}"
        );
    }
}
