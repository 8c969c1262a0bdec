//! The program itself.

use fetch::server::Server;
use std::process::{Command, Output};

fn fetch(arguments: &[&str]) -> (Output, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fetch"));
    let output = program.args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    (output, text, errors)
}

#[cfg(unix)] // what a full queue does
#[test]
fn the_demonstration_shows_every_stall() {
    let (output, text, errors) = fetch(&["--fast"]);
    assert!(output.status.success(), "{text}\n{errors}");
    let mut rest = text.as_str();
    for wanted in [
        "good:",
        "200 OK, 45 bytes",
        "stalls in connect:",
        "while connecting",
        "stalls before the headers:",
        "while waiting for the headers",
        "the client of /headers hang up",
        "stalls in the body:",
        "while waiting for ",
        "the client of /body hang up",
        "attempt 1: the server answered 503",
        "attempt 2: the server answered 503",
        "200 OK, 45 bytes",
        "attempt 1: the server answered 503",
        "user pressed stop",
    ] {
        match rest.find(wanted) {
            Some(at) => rest = &rest[at + wanted.len()..],
            None => panic!("`{wanted}` is missing, or not in order, in\n{text}\n{errors}"),
        }
    }
    assert_eq!(errors, "");
}

#[test]
fn a_page_goes_to_the_standard_output_and_failures_to_the_other() {
    let server = smol::block_on(Server::start()).unwrap();
    let (output, text, errors) = fetch(&[&server.url("/")]);
    assert!(output.status.success());
    assert!(text.starts_with("Hello"));
    assert_eq!(errors, "");

    let (output, text, errors) = fetch(&[&server.url("/nowhere")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text, "");
    assert_eq!(errors, "the server answered 404 Not Found\n");

    let timeout = ["--timeout", "0.05", "--attempts", "1"];
    let url = server.url("/headers");
    let (output, _, errors) = fetch(&[&[url.as_str()], &timeout[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.ends_with("while waiting for the headers\n"),
        "{errors}"
    );
    smol::block_on(server.stop());
}

#[test]
fn bad_arguments_are_named() {
    for (arguments, why) in [
        (&["--timeout", "soon"][..], "not `soon`"),
        (&["--attempts"], "--attempts needs a number"),
        (&["--fats"], "unknown option --fats"),
        (&["http://a/", "http://b/"], "not also http://b/"),
    ] {
        let (output, _, errors) = fetch(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors.contains(why), "{errors}");
        assert!(errors.contains("usage:"), "{errors}");
    }
}

/// In the middle of a pause of a second.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_130() {
    use std::io::{BufRead, BufReader};
    let server = smol::block_on(Server::start()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fetch"))
        .args([&server.url("/down"), "--attempts", "1000"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = errors.next().unwrap().unwrap();
    assert!(first.starts_with("attempt 1: "), "{first}");
    let kill = format!("kill -s INT {}", child.id());
    let kill = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(kill.success());
    let rest: Vec<_> = errors.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("SIGINT"), "{rest:?}");
    smol::block_on(server.stop());
}
