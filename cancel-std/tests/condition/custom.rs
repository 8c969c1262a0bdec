//! Sources of one's own, in a few lines each.

use crate::support::{SECOND, Virtual, poll};
use crate::tools::block_on;
use cancel_std::{Cancelable, Cause, Reason, Runtime, Source, generic};
use smol::stream::{self, Stream};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// A trait that knows nothing of this crate's types but the cause.
trait Trigger: Send {
    fn wait(self: Box<Self>) -> Pin<Box<dyn Future<Output = Cause> + Send>>;
}

impl<R: Runtime> From<Box<dyn Trigger>> for Source<R> {
    fn from(trigger: Box<dyn Trigger>) -> Self {
        Source::future(trigger.wait())
    }
}

struct Doorbell(&'static str);

impl Trigger for Doorbell {
    fn wait(self: Box<Self>) -> Pin<Box<dyn Future<Output = Cause> + Send>> {
        Box::pin(async move { Cause::from((Reason::Custom(7), self.0)) })
    }
}

#[test]
fn trait_objects() {
    let triggers: Vec<Box<dyn Trigger>> = vec![Box::new(Doorbell("back door"))];
    let op = Cancelable::any(triggers.into_iter().map(Source::from)).build();
    let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Custom(7));
    assert_eq!(cancelled.message(), Some("back door"));

    let one: Box<dyn Trigger> = Box::new(Doorbell("front door"));
    let op = Cancelable::new().source(one);
    let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.message(), Some("front door"));
}

/// A named stream, each of whose items is a request.
struct Presses(u32);

impl Stream for Presses {
    type Item = Cause;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Cause>> {
        self.0 += 1;
        Poll::Ready(Some(format!("press {}", self.0).into()))
    }
}

#[test]
fn streams_named_and_boxed() {
    let boxed: Pin<Box<dyn Stream<Item = Cause> + Send>> = Box::pin(Presses(0));
    for source in [
        Source::stream(Presses(0)),
        Source::stream(boxed),
        Source::stream(stream::once(Cause::from("press 1"))),
    ] {
        let op = Cancelable::new().source(source);
        let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        assert_eq!(cancelled.message(), Some("press 1"));
    }
}

/// One that needs the operation: its clock, and that only from the start on.
#[test]
fn a_future_made_at_the_start() {
    let time = Virtual::new();
    let op = time
        .op()
        .name("sync")
        .source(Source::future_with(|op: &generic::Cx<Virtual>| {
            let sleep = cancel_core::Timer::sleep(op.runtime(), 5 * SECOND);
            let name = op.operation().context().name().map(String::from);
            async move {
                sleep.await.unwrap();
                name.unwrap_or_default()
            }
        }));
    time.advance(100 * SECOND);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    time.advance(5 * SECOND);
    let Poll::Ready(Err(cancelled)) = poll(run.as_mut()) else {
        panic!("it goes on");
    };
    assert_eq!(cancelled.message(), Some("sync"));
}
