//! What the compiler says to people who write what they know from elsewhere: it names the right form.
//!
//! In the words of one version of the compiler; with any other, nothing is compared. `TRYBUILD=overwrite`
//! writes the expected texts anew.

use std::process::Command;

/// The compiler whose words are expected.
const VERSION: &str = "rustc 1.95.";

#[test]
fn a_wrong_guess_gets_a_hint() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    if !version.starts_with(VERSION) {
        println!("not compared: {version} has other words than {VERSION}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/guesses/*.rs");
}
