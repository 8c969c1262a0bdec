//! The runner: one future, which ends an operation properly whichever way it goes.
//!
//! The order at the end: cause recorded and token cancelled (with children and callbacks of
//! tokens), body dropped, registrations gone, cleanup, sources gone, outcome stored (once),
//! callbacks of the operation, registries left, return. Locals of `drive` are declared such that a drop keeps to it, too.

use super::Runtime;
use super::attend::attend;
use super::base::{AtEnd, Cx, Inner, Operation, Source};
use super::body_future::{BodyFuture, drop_body, poll_body};
use super::end::{Ended, Outcome, Running};
use super::hidden::{Shown, run_hidden};
use super::late::{CallbackTime, tell_async};
use super::nest::Above;
use super::shield::Held;
use super::sources::{OperationSetup, Others};
use crate::basics::panics::{Payload, describe, forget};
use crate::report::callbacks::{CatchUnwind, Event};
use crate::report::status::Status;
use cancel_core::{Cancelled, Cause, Instant, Reason, Scope, StaticCause, Token};
use std::future::{Future, poll_fn};
use std::mem::{replace, take};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// What is run after the body, beside the cleanups that the operation was set up with.
pub(super) enum Cleanup<K> {
    None,
    /// One that a user gave to the run.
    Given(K),
    /// A part of the run itself. That it is dropped with the run is no loss.
    Own(K),
}

impl<R: Runtime> Inner<R> {
    #[inline]
    fn has_callbacks(&self) -> bool {
        !self.setup.callbacks.is_empty()
    }

    /// Whether it takes more than one poll from the cancelation to the end, whatever the body does. (A
    /// grace period is the scope's matter.)
    #[inline]
    fn ends_slowly(&self) -> bool {
        let callbacks = &self.setup.callbacks;
        callbacks.hear_async(Event::Cancel) || callbacks.has_queue()
    }
}

impl<R: Runtime> Operation<R> {
    /// Pending to running, for the one runner.
    ///
    /// With the time, and whether there are sources or cleanups to take.
    pub(super) fn begin(&self) -> Result<(Running<'_, R>, Instant, bool), Cancelled> {
        let now = self.inner.runtime.now();
        let host = self.host();
        let mut state = self.inner.lock();
        if state.status != Status::Pending {
            drop(state);
            return Err(refused(&AGAIN));
        }
        state.status = Status::Running;
        state.started = Some(now);
        let nested = host.filter(|host| self.nest_in(host));
        let (deadline, late) = (self.inner.deadline.get(), Some(now + state.timeout));
        self.inner
            .deadline
            .begin([deadline, late].into_iter().flatten().min());
        if deadline.is_some_and(|deadline| late.is_some_and(|late| deadline < late)) {
            state.timeout = Duration::MAX; // it is not what will run out
        }
        let more = state.pending.is_some();
        let registries = state.registries.clone();
        drop(state);
        let running = Running {
            op: self,
            above: Above::new(self),
            owes_cleanup: false,
        };
        registries.started(self.id(), nested.map(|host| host.id()));
        let name = self.inner.setup.name.as_deref();
        let parent = || self.inner.parent_id();
        self.inner.trace.open(self.id(), name, parent);
        Ok((running, now, more))
    }

    fn has_cleanups(&self) -> bool {
        let state = self.inner.lock();
        let pending = state.pending.as_ref();
        pending.is_some_and(|pending| !pending.cleanups.is_empty())
    }

    /// The sources alone: what is to be done at the end stays.
    pub(super) fn take_sources(&self) -> Vec<Source<R>> {
        let mut state = self.inner.lock();
        let pending = state.pending.as_mut();
        pending.map_or(Vec::new(), |pending| take(&mut pending.sources))
    }

    /// The token, or if nobody has asked for it, and it would not be cancelled, another such one.
    fn known_token(&self) -> &Token {
        match self.inner.token.get() {
            None if !self.inner.is_cancelled() => Token::never(),
            _ => self.token(),
        }
    }

    /// The cause, for one that is cancelled.
    fn cancelled_now(&self) -> Cancelled {
        self.inner.live_cause().unwrap_or_else(|| {
            // (Not reached: nothing is uncancelled again.)
            Cancelled::from(Cause::new(Reason::Manual))
        })
    }

    /// What was set up to be started, and to be done at the end.
    pub(super) fn take_pending(&self) -> (Vec<Source<R>>, Vec<AtEnd<R>>) {
        match self.inner.lock().pending.take() {
            Some(pending) => (pending.sources, pending.cleanups),
            None => (Vec::new(), Vec::new()),
        }
    }
}

static AGAIN: StaticCause = StaticCause::new(Reason::Error, "operation has already run");

fn refused(why: &'static StaticCause) -> Cancelled {
    Cancelled::from(Cause::from(why))
}

pub(super) fn drive<R, F, K, T, C, Q, O>(
    ctx: Cx<R>,
    body: F,
    mut cleanup: Cleanup<K>,
    outcome: C,
    output: Q,
) -> impl Future<Output = O>
where
    R: Runtime,
    F: AsyncFnOnce(&Cx<R>) -> T,
    K: AsyncFnOnce(&Cx<R>),
    C: FnOnce(Result<&T, &Cancelled>, &Token, Running<'_, R>) -> Ended,
    Q: FnOnce(Result<T, Cancelled>) -> O,
{
    // What lives across an await, or is captured, makes the future larger: what is rare is boxed, and
    // `body` is moved once, from here to where its future lies.
    let mut body = Some(body);
    async move {
        let op = ctx.operation();
        let (mut running, mut now, more) = match op.begin() {
            Ok(begun) => begun,
            Err(refused) => return output(Err(refused)),
        };
        running.owes_cleanup = matches!(cleanup, Cleanup::Given(_)) || (more && op.has_cleanups());
        let has_cleanup = running.owes_cleanup || matches!(cleanup, Cleanup::Own(_));
        let has_end = has_cleanup || op.inner.setup.callbacks.has_queue();
        let slow = has_cleanup || op.inner.ends_slowly() || !op.inner.setup.grace().is_zero();
        let mut others = Others::take(op, more);
        let mut beside = false; // a panic that is not the body's
        let result = {
            let mut future = pin!(None);
            let mut early = None; // a panic of the token's callbacks, or of a timer
            if op.check_at(now).is_ok() && none_has_fired(&mut others, op, now) {
                let mut late = op.tell(Event::Start);
                if op.inner.setup.callbacks.hear_async(Event::Start) {
                    let start = Box::pin(start_async(&ctx, others.as_deref_mut(), now));
                    early = attend(op, start, true).await.err();
                    late = true;
                }
                if late {
                    // The time of the callbacks counts.
                    now = op.inner.runtime.now();
                    let _ = op.check_at(now);
                }
                none_has_fired(&mut others, op, now);
            }
            // As `Scope` begins; but the token and all that are only made for what has to wait.
            let first = match early.is_some() || op.inner.is_cancelled() {
                true => None,
                false => {
                    if let Some(others) = &mut others {
                        others.start(&ctx);
                    }
                    let mut make = || body.take().map(|body| body(&ctx));
                    let mut poll = |cx: &mut Context<'_>| {
                        let _inside = op.inner.trace.enter();
                        poll_body(&ctx, &mut future, &mut make, cx)
                    };
                    Some(poll_fn(|cx| Poll::Ready(poll(cx))).await)
                }
            };
            match first {
                None => {
                    if slow {
                        op.inner.requested(now);
                    }
                    let drop = AssertUnwindSafe(|| ctx.show(|| drop(body.take())));
                    match (early, catch_unwind(drop)) {
                        (None, Ok(())) => Err(op.cancelled_now()),
                        (Some(first), second) => {
                            second.err().into_iter().for_each(forget);
                            beside = true;
                            Ok(Err(first))
                        }
                        (None, Err(payload)) => {
                            beside = true;
                            Ok(Err(payload))
                        }
                    }
                }
                // The shortest way, without moving results about.
                Some(Poll::Ready(Ok(value))) if !has_end && !op.inner.has_callbacks() => {
                    drop_body(&ctx, future);
                    drop(others);
                    let (_, panic) = outcome(Ok(&value), op.known_token(), running);
                    if let Some(payload) = panic {
                        resume_unwind(payload);
                    }
                    return output(Ok(value));
                }
                Some(Poll::Ready(output)) => {
                    let drop = AssertUnwindSafe(|| drop_body(&ctx, future));
                    match (catch_unwind(drop), output) {
                        (Ok(()), output) => Ok(output),
                        (Err(payload), Ok(_)) => Ok(Err(payload)),
                        (Err(second), first) => {
                            forget(second);
                            Ok(first)
                        }
                    }
                }
                Some(Poll::Pending) => {
                    drop(first); // or it would stay, for all its size
                    let body = BodyFuture { ctx: &ctx, future };
                    let token = op.token();
                    running.above.listen(op);
                    let parts = OperationSetup::new(&ctx, others.as_deref_mut(), now).slow(slow);
                    let scope = pin!(Scope::with_setup(&**token, body, parts).begun());
                    // The scope contains panics beside the body until it is over; the cleanup comes later.
                    let future = attend(op, scope, slow);
                    match (CatchUnwind { future }).await {
                        Ok(result) => result,
                        Err(payload) => {
                            beside = true;
                            Ok(Err(payload))
                        }
                    }
                }
            }
        };
        let mut late_panic = None;
        let mut callbacks = CallbackTime::of(op);
        if has_end {
            let own = replace(&mut cleanup, Cleanup::None);
            let work = at_end(op, own, &mut late_panic, &mut callbacks);
            let work = Others::beside(others.as_deref_mut(), op, work);
            attend(op, Box::pin(work), true).await;
            running.owes_cleanup = false;
        }
        drop(others);
        let ((event, panic), result) = match (result, late_panic) {
            (Ok(Err(payload)), second) => {
                second.into_iter().for_each(forget);
                let outcome = match beside && op.inner.is_cancelled() {
                    true => Outcome::Cancelled(None),
                    false => Outcome::Failed(describe(&*payload), None),
                };
                (running.end(outcome), Err(payload))
            }
            (_, Some(payload)) => {
                let event = running.end(Outcome::Failed(describe(&*payload), None));
                (event, Err(payload))
            }
            (Err(cancelled), None) => {
                let ended = outcome(Err(&cancelled), op.token(), running);
                (ended, Ok(Err(cancelled)))
            }
            (Ok(Ok(value)), None) => {
                let ended = outcome(Ok(&value), op.known_token(), running);
                (ended, Ok(Ok(value)))
            }
        };
        if op.inner.setup.callbacks.hear_async(event) {
            let told = Box::pin(callbacks.tell(op, event));
            Held::new(&op.inner, told, true).await;
        }
        match (result, panic) {
            (Ok(result), None) => output(result),
            (Err(payload), _) | (Ok(_), Some(payload)) => resume_unwind(payload),
        }
    }
}

/// Before the body: sources that have fired already cancel the operation.
fn none_has_fired<R: Runtime>(
    others: &mut Option<Box<Others<R>>>,
    op: &Operation<R>,
    now: Instant,
) -> bool {
    match others {
        Some(others) => others.none_has_fired(op, now),
        None => true,
    }
}

/// The asynchronous callbacks of the start. They are limited as the body is.
///
/// An error: a panic beside them.
async fn start_async<R: Runtime>(
    ctx: &Cx<R>,
    mut others: Option<&mut Others<R>>,
    now: Instant,
) -> Result<(), Payload> {
    let op = ctx.operation();
    if let Some(others) = &mut others {
        others.start(ctx);
    }
    let told = {
        let callbacks = Shown::new(op, tell_async(op, Event::Start));
        let parts = OperationSetup::beside(ctx, others.as_deref_mut(), now);
        let scope = Scope::with_setup(&**op.token(), callbacks, parts);
        CatchUnwind { future: scope }.await
    };
    if let Some(others) = others {
        // (In the last poll they came after the callbacks.)
        let future = poll_fn(|cx| {
            others.fired(op, cx);
            Poll::Ready(())
        });
        CatchUnwind { future }.await?;
    }
    told.map(drop)
}

/// What is left to do when the body is gone.
async fn at_end<R: Runtime, K: AsyncFnOnce(&Cx<R>)>(
    op: &Operation<R>,
    cleanup: Cleanup<K>,
    late_panic: &mut Option<Payload>,
    callbacks: &mut CallbackTime,
) {
    callbacks.finish_queue(op).await;
    // The nearest to the body first.
    if let Cleanup::Given(cleanup) | Cleanup::Own(cleanup) = cleanup {
        keep(late_panic, clean_up(op, Duration::MAX, cleanup)).await;
    }
    for AtEnd { limit, work } in op.take_pending().1 {
        let cleanup = async |cx: &Cx<R>| work(cx.clone()).await;
        keep(late_panic, clean_up(op, limit, cleanup)).await;
    }
    callbacks.finish_queue(op).await; // what the cleanups have reported
}

async fn clean_up<R: Runtime, K: AsyncFnOnce(&Cx<R>)>(
    op: &Operation<R>,
    limit: Duration,
    cleanup: K,
) {
    if let Err(cancelled) = run_hidden(op, limit, cleanup).await {
        op.inner.note(match cancelled.reason() {
            Reason::Timeout if limit != Duration::MAX => {
                format!("cleanup did not end within {limit:?}")
            }
            _ => format!("cleanup did not end: {cancelled}"),
        });
    }
}

/// Runs work of the end. Its panic is kept, and the rest of the end goes on.
async fn keep(first: &mut Option<Payload>, work: impl Future<Output = ()>) {
    if let Err(payload) = (CatchUnwind { future: work }).await {
        match first {
            None => *first = Some(payload),
            Some(_) => forget(payload),
        }
    }
}
