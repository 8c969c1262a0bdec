//! What the compiler says of `#[cancelable]` where it should not be, or not like that.
//!
//! `TRYBUILD=overwrite` writes the expected texts anew.

/// In this crate's own words: the same with every compiler.
#[test]
fn own_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/own/*.rs");
}

/// In the compiler's words, which are those of the current stable one here: that they point to the
/// right place, and are said once.
#[test]
fn type_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/types/*.rs");
}
