//! What operations say to `tracing`.

use cancel_std::generic;
use cancel_std::testing::VirtualTime;
use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes everything down. Spans are shown by their names, if they have one.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    names: HashMap<u64, String>,
    handles: HashMap<u64, usize>,
    stack: Vec<u64>,
}

impl State {
    fn current(&self) -> String {
        let current = self.stack.last().map(|id| self.names[id].clone());
        current.unwrap_or_else(|| String::from("-"))
    }
}

#[derive(Default)]
struct Fields {
    all: String,
    name: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.all, " {}={value:?}", field.name()).unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "name" {
            self.name = String::from(value);
        }
        self.record_debug(field, &value);
    }
}

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().lines)
    }

    fn handle(&self, id: &Id, change: isize) -> bool {
        let mut state = self.0.lock().unwrap();
        let id = id.into_u64();
        let handles = state.handles.entry(id).or_default();
        *handles = handles.checked_add_signed(change).unwrap();
        if *handles > 0 {
            return false;
        }
        let name = state.names[&id].clone();
        state.lines.push(format!("close {name}"));
        true
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "cancel_std" || metadata.target() == "tracing"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut state = self.0.lock().unwrap();
        let id = state.names.len() as u64 + 1;
        assert!(span.is_contextual());
        let (name, within) = (span.metadata().name(), state.current());
        state
            .lines
            .push(format!("new {name} in {within}:{}", fields.all));
        state.names.insert(id, fields.name);
        state.handles.insert(id, 1);
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut state = self.0.lock().unwrap();
        let line = format!(
            "{} in {}:{}",
            event.metadata().level(),
            state.current(),
            fields.all
        );
        state.lines.push(line);
    }

    fn enter(&self, id: &Id) {
        self.0.lock().unwrap().stack.push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        assert_eq!(self.0.lock().unwrap().stack.pop(), Some(id.into_u64()));
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.handle(id, 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.handle(&id, -1)
    }
}

#[test]
fn spans_and_events() {
    let lines = Lines::default();
    let time = VirtualTime::new();
    let parent = time
        .operation()
        .name("sync")
        .timeout(Duration::from_secs(5))
        .build();
    let mut child = None;
    let run = parent.run(async |cx| {
        let op: generic::Operation<VirtualTime> = cx.child().name("file").build();
        child = Some(op.id());
        op.run(async |cx| {
            tracing::info!("before");
            cx.sleep(Duration::from_secs(1)).await;
            tracing::info!("after");
            cx.sleep(Duration::MAX).await;
        })
        .await
    });
    tracing::subscriber::with_default(lines.clone(), || {
        time.block_on(run).unwrap_err();
    });
    let (p, c) = (parent.id(), child.unwrap());
    let expected = [
        format!("new operation in -: id={p} name=\"sync\""),
        format!("DEBUG in sync: message=started id={p} name=\"sync\""),
        format!("new operation in sync: id={c} name=\"file\" parent={p}"),
        format!("DEBUG in file: message=started id={c} name=\"file\" parent={p}"),
        String::from("INFO in file: message=before"),
        String::from("INFO in file: message=after"),
        format!(
            "INFO in sync: message=cancel requested id={p} name=\"sync\" reason=timeout root_reason=timeout"
        ),
        format!(
            "INFO in file: message=cancelled id={c} name=\"file\" parent={p} reason=parent root_reason=timeout"
        ),
        String::from("close file"),
        format!(
            "INFO in sync: message=cancelled id={p} name=\"sync\" reason=timeout root_reason=timeout"
        ),
        String::from("close sync"),
    ];
    assert_eq!(lines.take(), expected);
    assert!(lines.0.lock().unwrap().stack.is_empty());
}

struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        tracing::info!("last words");
    }
}

#[test]
fn all_endings_close_the_span() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let time = VirtualTime::new();
        // Completed, with a callback that panics.
        let op = time
            .operation()
            .on_complete(|_| resume_unwind(Box::new("oh")))
            .build();
        time.block_on(op.run(async |_| ())).unwrap();
        let id = op.id();
        let expected = [
            format!("new operation in -: id={id}"),
            format!("DEBUG in : message=started id={id}"),
            format!("DEBUG in : message=completed id={id}"),
            format!("WARN in : message=a callback panicked: oh id={id}"),
            String::from("close "),
        ];
        assert_eq!(lines.take(), expected);
        // Failed.
        let op = time.operation().build();
        let fails = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no".into()));
        time.block_on(fails).unwrap_err();
        let text = format!("WARN in : message=failed id={} error=\"no\"", op.id());
        assert_eq!(lines.take()[2..], [text.as_str(), "close "]);
        // Dropped.
        let op = time.operation().name("gone").build();
        let mut run = Box::pin(op.run(async |_| {
            let _last = LastWords;
            std::future::pending::<()>().await
        }));
        assert!(
            cancel_std::testing::TestWaker::counting()
                .poll(run.as_mut())
                .is_pending()
        );
        drop(run);
        let text = format!(
            "INFO in gone: message=cancelled id={} name=\"gone\" reason=dropped root_reason=dropped",
            op.id()
        );
        let last_words = "INFO in gone: message=last words";
        assert_eq!(lines.take()[2..], [last_words, text.as_str(), "close gone"]);
        // Cancelled beforehand, with a message.
        let op = time.operation().build();
        op.cancel_with("enough");
        time.block_on(op.run(async |_| ())).unwrap_err();
        let text = "message=cancelled id={} reason=manual root_reason=manual cause=\"enough\"";
        let text = text.replace("{}", &op.id().to_string());
        let said = lines.take();
        assert!(said[said.len() - 2].ends_with(&text), "{said:?}");
        assert_eq!(said.last().unwrap(), "close ");
    });
}
