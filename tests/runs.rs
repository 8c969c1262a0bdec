//! Runs that nobody stops, and what is refused.

#[path = "support/tree.rs"]
mod support;

use std::fs;
use std::process::Command;
use support::{FILES, Tree, text};

#[test]
fn a_run_lists_all_files_and_leaves_no_state() {
    let tree = Tree::new("all");
    let output = tree.run();
    assert_eq!(output.status.code(), Some(0));
    let list = text(&output.stdout);
    assert_eq!(list.lines().count(), FILES);
    // Of the empty file.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  0/sub/0 ö";
    assert!(list.lines().any(|line| line == empty), "{list}");
    assert!(list.lines().map(|line| &line[66..]).is_sorted());
    assert!(text(&output.stderr).contains("hashed 150 files"));
    assert!(!tree.state().exists());
}

#[test]
fn a_state_inside_the_directory_is_not_summed_up() {
    let tree = Tree::new("inside");
    let expected = tree.run().stdout;
    let state = tree.files().join("checksums.state");
    let mut program = Command::new(env!("CARGO_BIN_EXE_checksums"));
    program.args([".", "--threads", "1"]);
    program.current_dir(tree.files());
    // One that is there, to go on from.
    let root = tree.files().canonicalize().unwrap();
    fs::write(&state, format!("checksums 1 of {}\n", root.display())).unwrap();
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), text(&expected));
    assert!(!state.exists());
}

#[test]
fn the_state_of_something_else_is_refused_and_kept() {
    let tree = Tree::new("refused");
    for (content, why) in [
        ("checksums 1 of /elsewhere\n", "the state of /elsewhere"),
        ("dear diary\n", "no state of checksums"),
    ] {
        fs::write(tree.state(), content).unwrap();
        let output = tree.run();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), "");
        let errors = text(&output.stderr);
        assert!(errors.contains(why) && errors.contains("--state"), "{errors}");
        assert_eq!(fs::read_to_string(tree.state()).unwrap(), content);
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let run = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_checksums"));
        let output = program.args(arguments).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    let (code, errors) = run(&["/nowhere/at/all"]);
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("/nowhere/at/all: "), "{errors}");

    let (code, errors) = run(&[env!("CARGO_BIN_EXE_checksums")]); // a file
    assert_eq!(code, Some(1));
    assert!(errors.starts_with(env!("CARGO_BIN_EXE_checksums")), "{errors}");

    let (code, errors) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("usage: checksums DIR"), "{errors}");
}
