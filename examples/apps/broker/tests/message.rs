//! What goes over the wire, and the command line. Needs no Redis.

#[path = "support/program.rs"]
mod program;

use cancel_app_broker::message::{read, reason, write};
use cancel_smol::{Cause, Reason};
use program::broker;

#[test]
fn messages_are_written_and_read() {
    for (cause, text) in [
        (
            Cause::new(Reason::Timeout),
            r#"{"reason":"timeout","message":null}"#,
        ),
        (
            Cause::from((Reason::Custom(7), "\"ü\"\n")),
            r#"{"reason":{"custom":7},"message":"\"ü\"\n"}"#,
        ),
    ] {
        assert_eq!(write(&cause), text);
        let back = read(text.as_bytes()).unwrap();
        assert_eq!(back.reason(), cause.reason());
        assert_eq!(back.message(), cause.message());
    }
}

#[test]
fn fields_may_be_missing_and_others_there() {
    let cause = read(br#"{"version":2,"message":"enough"}"#).unwrap();
    assert_eq!(cause.reason(), Reason::Manual);
    assert_eq!(cause.message(), Some("enough"));
    assert_eq!(read(b"{}").unwrap().message(), None);
}

#[test]
fn other_texts_are_errors() {
    for text in [
        "",
        "stop",
        "5",
        r#"{"reason":"because"}"#,
        "{\"message\":\"\u{1}\"}",
    ] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(read(b"\xff").is_err());
}

#[test]
fn reasons_are_written_by_people() {
    assert_eq!(reason("shutdown"), Ok(Reason::Shutdown));
    assert_eq!(reason("signal:15"), Ok(Reason::Signal(15)));
    for wrong in [
        "",
        "because",
        "custom",
        "custom:",
        "custom:65536",
        "timeout:5",
    ] {
        assert!(reason(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    for (words, error) in [
        (&[][..], "what shall I do?"),
        (&["cancel"], "which operation?"),
        (&["sing", "song"], "no task sing"),
        (
            &["work", "job", "--reason", "timeout"],
            "no option --reason here",
        ),
        (&["work", "job", "--steps"], "--steps needs a value"),
        (&["work", "job", "--patience", "-1"], "--patience: "),
        (
            &["cancel", "job", "--reason", "because"],
            "reason `because`: ",
        ),
        // Nobody serves Redis there.
        (&["cancel", "job", "--redis", "redis://127.0.0.1:1/"], ""),
        (&["work", "job", "--redis", "redis://127.0.0.1:1/"], ""),
        (&["work", "job", "--redis", "http://127.0.0.1/"], ""),
    ] {
        let (status, lines) = broker(words).end();
        assert_eq!(status, Some(2), "{words:?}: {lines:#?}");
        assert!(lines[0].starts_with(error), "{words:?}: {lines:#?}");
    }
}
