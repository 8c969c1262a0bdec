//! What operations write to `log`. One test, since there is one logger in a process.

use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, generic};
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::time::Duration;

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "cancel_std"
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        if text.contains("a logger panics") {
            resume_unwind(Box::new("a logger"));
        }
        let line = format!("{} {text}", record.level());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

fn take() -> Vec<String> {
    std::mem::take(&mut LINES.0.lock().unwrap())
}

#[test]
fn lines() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let time = VirtualTime::new();

    let parent = time
        .operation()
        .name("sync")
        .timeout(Duration::from_secs(5))
        .build();
    let mut child = None;
    let run = parent.run(async |cx| {
        let op: generic::Operation<VirtualTime> = cx.child().build();
        child = Some(op.id());
        op.run(async |cx| cx.sleep(Duration::MAX).await).await
    });
    time.block_on(run).unwrap_err();
    let (parent, child) = (parent.id(), child.unwrap());
    let expected = [
        format!("DEBUG {parent} sync started"),
        format!("DEBUG {child} (parent {parent}) started"),
        format!("INFO {parent} sync cancel requested: timeout of 5s of \"sync\""),
        format!("INFO {child} (parent {parent}) cancelled by parent (timeout of 5s of \"sync\")"),
        format!("INFO {parent} sync cancelled: timeout of 5s of \"sync\""),
    ];
    assert_eq!(take(), expected);

    let op = time.operation().build();
    let fails = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no".into()));
    time.block_on(fails).unwrap_err();
    let id = op.id();
    let expected = [
        format!("DEBUG {id} started"),
        format!("WARN {id} failed: no"),
    ];
    assert_eq!(take(), expected);

    let op = time
        .operation()
        .on_start(|_| resume_unwind(Box::new("oh")))
        .on_cancel(|_| resume_unwind(Box::new("a logger panics")))
        .build();
    let id = op.id();
    let run = op.run(async |cx| {
        cx.cancel_with((Reason::Shutdown, "bye"));
        cx.sleep(Duration::MAX).await;
    });
    time.block_on(run).unwrap_err();
    let expected = [
        format!("DEBUG {id} started"),
        format!("WARN {id} a callback panicked: oh"),
        format!("INFO {id} cancel requested: shutdown: bye"),
        format!("INFO {id} cancelled: shutdown: bye"),
    ];
    assert_eq!(take(), expected);
    assert_eq!(op.context().callback_panics(), 2);

    // A logger that panics does no harm.
    let op = time.operation().name("a logger panics").build();
    assert_eq!(time.block_on(op.run(async |_| 5)), Ok(5));
    let expected = format!("WARN {} a callback panicked: a logger", op.id());
    assert_eq!(take(), [expected.as_str(); 2]); // at the start, and at the end

    log::set_max_level(log::LevelFilter::Warn);
    time.block_on(time.operation().run(async |_| 5)).unwrap();
    assert_eq!(take(), [""; 0]);
}
