//! Runs built examples, and looks at what they print.
#![allow(dead_code)] // each test file uses some of it

use std::path::PathBuf;
use std::process::Command;

/// A built example, to be run with `--fast`.
pub(crate) fn program(name: &str) -> PathBuf {
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
    assert!(
        program.exists(),
        "{} is missing\n`cargo test -p cancel-examples` builds it; a single `--test` does not, \
         then run `cargo build -p cancel-examples --examples` before",
        program.display()
    );
    program
}

/// The lines that an example prints, with `--fast`.
pub(crate) fn run(name: &str) -> Vec<String> {
    let output = Command::new(program(name))
        .arg("--fast")
        .output()
        .expect("an example that was built can be started");
    let text = String::from_utf8(output.stdout).expect("the output is text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{errors}",
        output.status
    );
    assert_eq!(errors, "");
    lines(&text)
}

/// Its lines, without the space around them.
pub(crate) fn lines(text: &str) -> Vec<String> {
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

/// The number of seconds at the end of the line that begins like that.
#[track_caller]
pub(crate) fn seconds_after(lines: &[String], beginning: &str) -> f64 {
    let rest = lines
        .iter()
        .find_map(|line| line.strip_prefix(beginning))
        .expect("a duration");
    rest.trim_end_matches('!')
        .trim_end_matches('s')
        .parse()
        .expect("seconds")
}
