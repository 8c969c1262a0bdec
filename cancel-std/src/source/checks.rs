//! What is checked again and again, until it is found.
//!
//! A check never runs twice at once: the next one begins after the last one has ended. What a check needs
//! travels with it, so a source that is dropped meanwhile leaves it alone with all that it owns, and
//! waits for nothing.

use crate::basics::give_way::waited;
use crate::basics::panics::{Quiet, contain, explain};
use crate::operation::{Cx, Runtime, Source};
use crate::report::callbacks::CatchUnwind;
use crate::report::trace;
use crate::threads::blocking::{WorkplaceHandle, place, unblock};
use crate::threads::pool::{self, NoThread};
use cancel_core::{Cause, Reason};
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// What a check has found, or why it has found nothing.
pub(crate) type Verdict<T> = Result<T, Trouble>;

pub(crate) enum Trouble {
    /// It has panicked, with this text. It may be called again.
    Panicked(String),
    /// It could not be called, and is gone.
    NoThread(NoThread),
}

pub(crate) type Checking<'a, T> = Pin<Box<dyn Future<Output = Verdict<T>> + Send + 'a>>;

pub(crate) trait Check<T>: Send + 'static {
    /// With the runtime of the operation.
    fn check(&mut self, place: &WorkplaceHandle) -> Checking<'_, T>;
}

/// A check that may block: each runs on a thread for that; in place, where there are no others.
pub(crate) struct Blocking<F>(Option<Quiet<F>>);

impl<F> Blocking<F> {
    pub(crate) fn new(check: F) -> Self {
        Blocking(Some(Quiet::new(check)))
    }
}

impl<T, F> Check<T> for Blocking<F>
where
    T: Default + Send + 'static,
    F: FnMut() -> T + Send + 'static,
{
    fn check(&mut self, place: &WorkplaceHandle) -> Checking<'_, T> {
        let place = place.clone();
        Box::pin(async move {
            // (Lost only where there was no thread, which has fired the source.)
            let Some(mut check) = self.0.take() else {
                return Ok(T::default());
            };
            // Dropping the task, which dropping this future does, waits for nothing: a check that
            // has not begun is left out, and one that has goes on alone.
            let call = move || {
                let verdict = contain(|| check.get()()).map_err(Trouble::Panicked);
                (check, verdict)
            };
            let (check, verdict) = match pool::IS_THERE {
                true => unblock(place, call).await.map_err(Trouble::NoThread)?,
                false => call(),
            };
            self.0 = Some(check);
            verdict
        })
    }
}

/// A check that awaits: as a part of the operation's run.
pub(crate) struct Awaiting<F>(pub(crate) F);

impl<T, F, C> Check<T> for Awaiting<F>
where
    F: FnMut() -> C + Send + 'static,
    C: Future<Output = T> + Send + 'static,
{
    fn check(&mut self, _: &WorkplaceHandle) -> Checking<'_, T> {
        let check = &mut self.0;
        Box::pin(async move {
            match contain(check) {
                Ok(future) => CatchUnwind { future }
                    .await
                    .map_err(|payload| Trouble::Panicked(explain(payload))),
                Err(text) => Err(Trouble::Panicked(text)),
            }
        })
    }
}

/// A source that checks at once, then each time `every` is over since the end of the last check, until
/// `cause` makes a cause of what was found. Without `every` the checks themselves wait.
pub(crate) fn source<R: Runtime, T: Send + 'static>(
    name: &'static str,
    what: Cow<'static, str>,
    every: Option<Duration>,
    mut check: Box<dyn Check<T>>,
    cause: impl Fn(T) -> Option<Cause> + Send + 'static,
) -> Source<R> {
    Source::awaiting(name, move |cx: &Cx<R>| {
        let op = cx.operation().clone();
        async move {
            let place = place(op.runtime());
            loop {
                match check.check(&place).await.map(&cause) {
                    Ok(Some(cause)) => return Some(cause),
                    Ok(None) => {}
                    Err(Trouble::NoThread(why)) => {
                        let why = Cause::from(why);
                        let why = why.message().unwrap_or_default();
                        let message = format!("{what} cannot be checked: {why}");
                        return Some(Cause::new(Reason::Error).with_message(message));
                    }
                    Err(Trouble::Panicked(text)) => {
                        op.inner.setup.callbacks.count_panic();
                        trace::contained(op.id(), || format!("{what} {text}"));
                        op.inner.note(format!("{what} {text}"));
                    }
                }
                let Some(every) = every else { continue };
                if let Err(error) = waited(op.runtime().sleep(every)).await {
                    let cause = Cause::new(Reason::Error);
                    let message = format!("the timer of {what} failed");
                    return Some(cause.with_message(message).with_error(error));
                }
            }
        }
    })
}
