//! With both features, `log` and `tracing`, each event is written once. One test, since there is one
//! logger in a process.

use cancel_std::testing::VirtualTime;
use std::panic::resume_unwind;
use std::sync::Mutex;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static WRITTEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn write(by: &str, level: impl std::fmt::Display) {
    WRITTEN.lock().unwrap().push(format!("{by} {level}"));
}

fn take() -> Vec<String> {
    std::mem::take(&mut WRITTEN.lock().unwrap())
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "cancel_std"
    }

    fn log(&self, record: &log::Record<'_>) {
        write("log", record.level());
    }

    fn flush(&self) {}
}

/// Wants events up to a level.
struct Tracer(tracing::Level);

impl Subscriber for Tracer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "cancel_std" && *metadata.level() <= self.0
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        write("tracing", event.metadata().level());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event of each loudness: start (debug), a contained panic (warn), request and end (info).
fn cancelled() {
    let time = VirtualTime::new();
    let op = time
        .operation()
        .on_start(|_| resume_unwind(Box::new("oh")))
        .build();
    let run = op.run(async |cx| {
        cx.cancel();
        std::future::pending::<()>().await
    });
    time.block_on(run).unwrap_err();
}

#[test]
fn x58_each_event_is_written_once() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    cancelled();
    assert_eq!(take(), ["log DEBUG", "log WARN", "log INFO", "log INFO"]);

    let all = Tracer(tracing::Level::TRACE);
    tracing::subscriber::with_default(all, cancelled);
    let expected = [
        "tracing DEBUG",
        "tracing WARN",
        "tracing INFO",
        "tracing INFO",
    ];
    assert_eq!(take(), expected);

    // What the subscriber does not want goes to the logger, so nothing is lost.
    let warnings = Tracer(tracing::Level::WARN);
    tracing::subscriber::with_default(warnings, cancelled);
    let expected = ["log DEBUG", "tracing WARN", "log INFO", "log INFO"];
    assert_eq!(take(), expected);

    // Without a subscriber the logger has them again.
    cancelled();
    assert_eq!(take(), ["log DEBUG", "log WARN", "log INFO", "log INFO"]);
}
