//! `on_error_of`: the error itself, for who knows its type.

use cancel_std::{Cancelable, Cancelled, Reason, Status, TaskGroup};
use smol::block_on;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

/// It takes cancelations, too. It is neither `Send` nor `Sync`.
#[derive(Debug)]
struct Refused(u32, std::marker::PhantomData<std::rc::Rc<()>>);

impl Refused {
    fn new(code: u32) -> Self {
        Refused(code, std::marker::PhantomData)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl From<Cancelled> for Refused {
    fn from(_: Cancelled) -> Self {
        Refused::new(0)
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// All that can be heard of an error.
fn listening(log: &Log) -> Cancelable {
    let (typed, io, text) = (log.clone(), log.clone(), log.clone());
    Cancelable::new()
        .on_error_of(move |context, error: &Refused| {
            assert_eq!(context.status(), Status::Failed);
            assert_eq!(context.error(), Some(&*error.to_string()));
            typed.add(format!("code {}", error.0));
        })
        .on_error_of(move |_, error: &io::Error| io.add(format!("{:?}", error.kind())))
        .on_error(move |context| text.add(context.error().unwrap_or("?")))
}

#[test]
fn it_is_told_to_those_who_know_its_type_after_the_others() {
    let log = Log::default();
    let run = listening(&log).try_run(async |_| Err::<(), _>(Refused::new(7)));
    assert_eq!(block_on(run).unwrap_err().0, 7);
    assert_eq!(log.take(), ["refused with 7", "code 7"]);

    let run =
        listening(&log).try_run(async |_| Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)));
    block_on(run).unwrap_err();
    assert_eq!(log.take(), ["entity not found", "NotFound"]);
}

#[test]
fn also_if_the_body_had_to_wait_and_there_is_a_cleanup() {
    let log = Log::default();
    let cleanup = log.clone();
    let run = listening(&log).try_run_finally(
        async |cx| {
            cx.sleep(std::time::Duration::from_millis(1)).await;
            Err::<(), _>(Refused::new(8))
        },
        async move |_| cleanup.add("cleanup"),
    );
    block_on(run).unwrap_err();
    assert_eq!(log.take(), ["cleanup", "refused with 8", "code 8"]);
}

#[test]
fn in_a_blocking_body_on_the_calling_thread() {
    let here = std::thread::current().id();
    let log = Log::default();
    let seen = log.clone();
    let op = listening(&log).on_error_of(move |_, error: &Refused| {
        assert_eq!(std::thread::current().id(), here);
        seen.add(format!("here {}", error.0));
    });
    let result = op.try_run_blocking(|_| Err::<(), _>(Refused::new(9)));
    assert_eq!(result.unwrap_err().0, 9);
    assert_eq!(log.take(), ["refused with 9", "code 9", "here 9"]);
}

#[test]
fn the_one_of_a_failed_task_is_told_to_its_group_and_to_itself() {
    let log = Log::default();
    let task_log = log.clone();
    let run = listening(&log).try_run_group(async move |group: TaskGroup<_>| {
        let op = group.child().on_error_of(move |_, error: &io::Error| {
            task_log.add(format!("task: {:?}", error.kind()));
        });
        group.spawn_as(op, |_| async {
            Err::<(), _>(io::Error::from(io::ErrorKind::AddrInUse))
        });
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    });
    let error = block_on(run).unwrap_err();
    assert!(error.is::<io::Error>(), "{error}");
    let log = log.take();
    assert_eq!(log[0], "task: AddrInUse");
    assert_eq!(log[2..], ["AddrInUse"]);
}

#[test]
fn the_one_of_a_groups_body() {
    let log = Log::default();
    let seen = log.clone();
    type Boxed = Box<dyn Error + Send + Sync>;
    let run = listening(&log)
        .on_error_of(move |_, error: &Boxed| {
            seen.add(format!("boxed, io: {}", error.is::<io::Error>()));
        })
        .try_run_group(async |_: TaskGroup<_>| {
            Err::<(), Boxed>(io::Error::other("no disk").into())
        });
    let error = block_on(run).unwrap_err();
    assert_eq!(error.to_string(), "no disk");
    assert_eq!(log.take(), ["no disk", "boxed, io: true"]);
}

#[test]
fn other_ends_are_not_errors_of_a_type() {
    let log = Log::default();
    // A panic.
    let run = listening(&log).try_run(async |_| -> Result<(), Refused> { panic!("oh") });
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(run))).unwrap_err();
    assert_eq!(log.take(), ["panicked: oh"]);
    // An error of a body that is cancelled.
    let run = listening(&log).try_run(async |cx| {
        cx.cancel_with(Reason::Shutdown);
        Err::<(), _>(Refused::new(1))
    });
    block_on(run).unwrap_err();
    // A value.
    block_on(listening(&log).run(async |_| Err::<(), _>(Refused::new(2))))
        .unwrap()
        .unwrap_err();
    assert!(log.take().is_empty());
}

#[test]
fn a_panic_of_who_is_told_is_contained() {
    let op = Cancelable::new()
        .on_error_of(|_, _: &Refused| panic!("cannot"))
        .build();
    let run = op.try_run(async |_| Err::<(), _>(Refused::new(3)));
    assert_eq!(block_on(run).unwrap_err().0, 3);
    assert_eq!(op.context().callback_panics(), 1);
}

#[test]
fn what_is_combined_keeps_its_listeners() {
    let log = Log::default();
    let other = listening(&log);
    let run = Cancelable::new()
        .combine(other)
        .try_run(async |_| Err::<(), _>(Refused::new(4)));
    block_on(run).unwrap_err();
    assert_eq!(log.take(), ["refused with 4", "code 4"]);
}
