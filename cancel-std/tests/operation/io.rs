//! Bodies with `io::Result`.

use crate::support::{LONG, Virtual, poll};
use cancel_core::{Cancelled, Reason, Timer};
use cancel_std::{Cancelable, Status, generic};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

type Op = generic::Operation<Virtual>;

fn cancelled(error: &io::Error) -> &Cancelled {
    Cancelled::from_io(error).expect("it was cancelled")
}

type Way = (&'static str, fn(&Op) -> io::Result<()>);

/// Runs that end with an `Err`, when their operation is cancelled.
const WAYS: [Way; 5] = [
    ("check", |op| now(op.try_run(async |cx| Ok(cx.check()?)))),
    ("run", |op| {
        now(op.try_run(async |cx| {
            cx.sleep(LONG).await;
            Ok(())
        }))
    }),
    ("with a cleanup", |op| {
        now(op.try_run_finally(async |_| std::future::pending().await, async |_| ()))
    }),
    ("blocking", |op| op.try_run_blocking(|cx| Ok(cx.check()?))),
    ("wrapped", |op| op.try_wrap_blocking(|| Ok(()))()),
];

fn now<T>(run: impl Future<Output = T>) -> T {
    match poll(pin!(run)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn x31_bodies_with_an_io_result() {
    for (what, run) in WAYS {
        let clock = Virtual::new();
        let late = run(&clock.op().deadline(clock.now()).build()).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut, "{what}");
        assert_eq!(cancelled(&late).reason(), Reason::Timeout, "{what}");
        let op = clock.op().build();
        op.cancel_with("enough");
        let stopped = run(&op).unwrap_err();
        assert_eq!(stopped.kind(), ErrorKind::Other, "{what}");
        assert_eq!(cancelled(&stopped).message(), Some("enough"), "{what}");
    }
}

#[test]
fn x31_an_io_error_of_its_own_is_a_failure() {
    let op = Cancelable::new().build();
    let result = now(op.try_run(async |_| -> io::Result<()> {
        Err(io::Error::new(ErrorKind::NotFound, "no such file"))
    }));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().error(), Some("no such file"));
}

#[test]
fn x31_a_group_with_io_errors() {
    let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    let result = smol::block_on(op.try_run_group(async |group| -> io::Result<()> {
        group.spawn(|cx| async move {
            cx.sleep(LONG).await;
            io::Result::Ok(())
        });
        Ok(())
    }));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(op.status(), Status::Cancelled);
}
