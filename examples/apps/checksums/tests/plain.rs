//! Runs that nobody stops: what they write, and what they say when something is wrong.

#[path = "support/place.rs"]
mod place;

use place::Place;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::UNIX_EPOCH;

/// Exit code, output and errors.
fn checksums(arguments: &[PathBuf]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checksums"));
    let output = command.args(arguments).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// That it fails, with all of these words.
#[track_caller]
fn assert_fails(arguments: &[PathBuf], code: i32, words: &[&str]) {
    let (status, _, errors) = checksums(arguments);
    assert_eq!(status, code, "{errors}");
    for word in words {
        assert!(errors.contains(word), "no `{word}` in {errors}");
    }
}

fn line(content: &[u8], name: &str) -> String {
    format!("{}  {name}\n", blake3::hash(content).to_hex())
}

/// A state file with such a line for this file.
fn state_of(place: &Place, files: &[(&PathBuf, &str, u128)]) -> String {
    let tree = place.path("tree").canonicalize().unwrap();
    let mut text = format!(
        "checksums 1  {}\n",
        tree.to_str().unwrap().replace('\\', "\\\\")
    );
    for (path, name, later) in files {
        let metadata = fs::metadata(path).unwrap();
        let modified = metadata.modified().unwrap();
        let modified = modified.duration_since(UNIX_EPOCH).unwrap().as_nanos() + later;
        let (hash, size) = ("0".repeat(64), metadata.len());
        text += &format!("{hash}  {size}  {modified}  {name}\n");
    }
    text
}

#[test]
fn the_output_is_sorted_and_right() {
    let place = Place::new("sorted");
    let big = vec![7; 200_000]; // more than one piece
    place.add("z", b"");
    place.add("b/two  spaces", b"abc");
    place.add("b/a/deep", &big);
    let (code, output, errors) = checksums(&place.arguments("sums"));
    assert_eq!(code, 0, "{errors}");
    assert!(output.starts_with("hashed: 3,"), "{output}");
    let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    let wanted = [
        line(&big, "b/a/deep"),
        line(b"abc", "b/two  spaces"),
        format!("{empty}  z\n"),
    ];
    assert_eq!(place.read("sums"), wanted.concat());
    assert!(!place.has("state"));
}

#[test]
fn output_and_state_in_the_tree_are_not_part_of_it() {
    let place = Place::new("inside");
    place.add("a", b"a");
    let arguments = place.arguments("tree/sums");
    for _ in 0..2 {
        assert_eq!(checksums(&arguments).0, 0);
        assert_eq!(place.read("tree/sums"), line(b"a", "a"));
    }
}

#[test]
fn only_what_is_unchanged_is_skipped() {
    let place = Place::new("skipped");
    let same = place.add("same", b"1");
    let touched = place.add("touched", b"2");
    place.add("new", b"3");
    let files = [
        (&same, "same", 0),
        (&touched, "touched", 1),
        (&same, "gone", 0),
    ];
    fs::write(place.path("state"), state_of(&place, &files)).unwrap();
    let (code, output, errors) = checksums(&place.arguments("sums"));
    assert_eq!(code, 0, "{errors}");
    assert!(output.contains("resumed: 1 of 3"), "{output}");
    let wanted = [
        line(b"3", "new"),
        format!("{}  same\n", "0".repeat(64)), // what the state said
        line(b"2", "touched"),
    ];
    assert_eq!(place.read("sums"), wanted.concat());
}

#[test]
fn a_broken_state_is_left_alone() {
    let place = Place::new("broken");
    let same = place.add("same", b"1");
    let good = state_of(&place, &[(&same, "same", 0)]);
    for (text, words) in [
        (format!("{good}nonsense\n"), ["broken", "line 3"]),
        (good.replace("  1  ", "  one  "), ["broken", "line 2"]),
        (
            "something else\n".to_string(),
            ["not a state file", "state"],
        ),
        (String::new(), ["not a state file", "state"]),
        ("checksums 1  /other\n".to_string(), ["another", "/other"]),
    ] {
        fs::write(place.path("state"), &text).unwrap();
        let arguments = place.arguments("sums");
        assert_fails(&arguments, 1, &words);
        assert_fails(&arguments, 1, &["Delete it", "--state"]);
        assert_eq!(place.read("state"), text);
        assert!(!place.has("sums"));
    }
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let place = Place::new("wrong");
    let file = place.add("file", b"");
    let with = |position: usize, value: PathBuf| {
        let mut arguments = place.arguments("sums");
        arguments[position] = value;
        arguments
    };
    let missing = with(0, place.path("nowhere"));
    assert_fails(&missing, 1, &["there is no folder", "nowhere"]);
    assert_fails(&with(0, file), 1, &["file` is not a folder"]);
    let homeless = with(2, place.path("nowhere/sums"));
    assert_fails(&homeless, 1, &["cannot write", "nowhere"]);
    let not_a_file = with(2, place.path("tree"));
    assert_fails(&not_a_file, 1, &["not the name of a file"]);
    assert!(!place.has("state"));

    assert_fails(&[], 2, &["which folder", "usage"]);
    assert_fails(&["x".into()], 2, &["--output", "usage"]);
    assert_fails(&["--what".into()], 2, &["no option `--what`"]);
    assert_fails(&["--output".into()], 2, &["`--output` needs a file"]);
    assert_fails(&with(4, place.path("sums")), 2, &["two files"]);
    // Also by way of the temporary names.
    assert_fails(&with(4, place.path("sums.new")), 1, &["two files"]);
}

/// One that cannot be read does not keep it from the others; but half of the output is no output.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_is_told_and_tried_again() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new("unreadable");
    place.add("good", b"1");
    let strange = place
        .path("tree")
        .join(std::ffi::OsStr::from_bytes(b"\xff"));
    fs::write(&strange, b"2").unwrap();
    let arguments = place.arguments("sums");
    assert_fails(
        &arguments,
        1,
        &["cannot read", "not UTF-8", "no output yet"],
    );
    assert!(!place.has("sums"));
    assert!(place.read("state").contains("  good\n"));

    fs::rename(&strange, place.path("tree").join("renamed\nfile")).unwrap();
    let (code, output, errors) = checksums(&arguments);
    assert_eq!(code, 0, "{errors}");
    assert!(output.contains("resumed: 1 of 2"), "{output}");
    let renamed = format!("\\{}", line(b"2", "renamed\\nfile"));
    assert_eq!(place.read("sums"), line(b"1", "good") + &renamed);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_told() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new("permission");
    place.add("good", b"1");
    let closed = place.add("closed", b"2");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&closed).is_ok() {
        return; // root may read everything
    }
    let words = ["cannot read", "closed: ", "denied"];
    assert_fails(&place.arguments("sums"), 1, &words);
    assert!(place.read("state").contains("  good\n"));
}
