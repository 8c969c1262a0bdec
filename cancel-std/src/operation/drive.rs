//! The runner: one future, which ends an operation properly whichever way it goes.
//!
//! The order at the end: cause recorded and token cancelled (with children and callbacks of
//! tokens), body dropped, registrations gone, cleanup, sources gone, outcome stored (once),
//! callbacks of the operation, registries left, return. Locals of `drive` are declared such that a drop keeps to it, too.

use super::Runtime;
use super::attend::attend;
use super::base::{AtEnd, Cx, Inner, Operation, Source};
use super::body_future::{BodyFuture, BodyPlace, poll_body};
use super::end::{Ended, Outcome, Running};
use super::ending::{Cleanup, at_end, told_async};
use super::hidden::Shown;
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
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

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
        let registries = match state.registries.is_empty() {
            true => None,
            false => Some(state.registries.clone()),
        };
        drop(state);
        let running = Running {
            op: self,
            above: Above::new(self),
            owes_cleanup: false,
        };
        if let Some(registries) = registries {
            registries.started(self.id(), nested.map(|host| host.id()));
        }
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
        let mut place = pin!(BodyPlace::Empty);
        let mut beside = false; // a panic that is not the body's
        let mut early = None; // a panic of the token's callbacks, or of a timer
        if op.check_at(now).is_ok() && none_has_fired(&mut others, op, now) {
            let mut late = op.tell(Event::Start);
            if op.inner.setup.callbacks.hear_async(Event::Start) {
                let start = start_async(&ctx, others.as_deref_mut(), now);
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
                    poll_body(&ctx, &mut place, &mut make, cx)
                };
                Some(poll_fn(|cx| Poll::Ready(poll(cx))).await)
            }
        };
        let result = match first {
            None => {
                if slow {
                    op.inner.requested(now);
                }
                beside = true;
                drop_unbegun(&ctx, &mut body, early)
            }
            // The shortest way, for what most operations are.
            Some(Poll::Ready(Ok(()))) if !has_end && !op.inner.has_callbacks() => {
                drop(others);
                let token = op.known_token();
                let ended = place
                    .output()
                    .map(|value| outcome(Ok(value), token, running));
                if let Some((_, Some(payload))) = ended {
                    place.forget_output();
                    resume_unwind(payload);
                }
                return output(place.take_output().ok_or_else(|| op.cancelled_now()));
            }
            Some(Poll::Ready(result)) => Ok(result),
            Some(Poll::Pending) => {
                let body = BodyFuture {
                    ctx: &ctx,
                    place: place.as_mut(),
                };
                let token = op.token();
                running.above.listen(op);
                let parts = OperationSetup::new(&ctx, others.as_deref_mut(), now).slow(slow);
                let scope = pin!(Scope::with_setup(&**token, body, parts).begun());
                // The scope contains panics beside the body until it is over; the cleanup comes later.
                let future = attend(op, scope, slow);
                let scope = CatchUnwind { future };
                scope.await.unwrap_or_else(|payload| {
                    beside = true;
                    Ok(Err(payload))
                })
            }
        };
        let mut late_panic = None;
        let mut callbacks = CallbackTime::of(op);
        if has_end {
            let own = replace(&mut cleanup, Cleanup::None);
            let beside = others.as_deref_mut();
            let work = at_end(op, own, beside, &mut late_panic, &mut callbacks);
            attend(op, work, true).await;
            running.owes_cleanup = false;
        }
        drop(others);
        beside &= matches!(result, Ok(Err(_)));
        let result = worst(result, late_panic);
        let (event, result) = end(running, result, place.output(), beside, outcome);
        if op.inner.setup.callbacks.hear_async(event) {
            let told = told_async(callbacks, op, event);
            Held::new(&op.inner, told, true).await;
        }
        match result {
            Ok(None) => output(place.take_output().ok_or_else(|| op.cancelled_now())),
            Ok(Some(cancelled)) => output(Err(cancelled)),
            Err(payload) => {
                place.forget_output();
                resume_unwind(payload)
            }
        }
    }
}

/// What comes of a body: its output is there, or it has panicked, or it was cancelled.
type BodyResult = Result<Result<(), Payload>, Cancelled>;

/// A body that has never been called.
#[inline(never)]
fn drop_unbegun<R: Runtime, F>(
    ctx: &Cx<R>,
    body: &mut Option<F>,
    early: Option<Payload>,
) -> BodyResult {
    let drop = AssertUnwindSafe(|| ctx.show(|| drop(body.take())));
    match (early, catch_unwind(drop)) {
        (None, Ok(())) => Err(ctx.operation().cancelled_now()),
        (Some(first), second) => {
            second.unwrap_or_else(forget);
            Ok(Err(first))
        }
        (None, Err(payload)) => Ok(Err(payload)),
    }
}

/// With the panic of a cleanup, if that was the first one.
fn worst(result: BodyResult, late: Option<Payload>) -> BodyResult {
    match (result, late) {
        (result, None) => result,
        (Ok(Err(first)), Some(second)) => {
            forget(second);
            Ok(Err(first))
        }
        (_, Some(payload)) => Ok(Err(payload)),
    }
}

/// The last step. `beside`: a panic is not the body's.
///
/// What goes on after it: the cancelation, if it is one, or a panic.
#[inline(never)]
fn end<R, T, C>(
    running: Running<'_, R>,
    result: BodyResult,
    value: Option<&T>,
    beside: bool,
    outcome: C,
) -> (Event, Result<Option<Cancelled>, Payload>)
where
    R: Runtime,
    C: FnOnce(Result<&T, &Cancelled>, &Token, Running<'_, R>) -> Ended,
{
    let op = running.op;
    let (ended, result) = match result {
        Ok(Err(payload)) => {
            let outcome = match beside && op.inner.is_cancelled() {
                true => Outcome::Cancelled(None),
                false => Outcome::Failed(describe(&*payload), None),
            };
            return (running.end(outcome).0, Err(payload));
        }
        Err(cancelled) => {
            let ended = outcome(Err(&cancelled), op.token(), running);
            (ended, Some(cancelled))
        }
        Ok(Ok(())) => match value {
            Some(value) => (outcome(Ok(value), op.known_token(), running), None),
            None => {
                // (Not reached: a body that is ready has left its output.)
                let cancelled = op.cancelled_now();
                let ended = outcome(Err(&cancelled), op.token(), running);
                (ended, Some(cancelled))
            }
        },
    };
    match ended {
        (event, None) => (event, Ok(result)),
        (event, Some(panic)) => (event, Err(panic)),
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
///
/// (What is rare is made here and below in functions of their own: what they take of the stack, a run that is only
/// polled does not.)
#[inline(never)]
fn start_async<'a, R: Runtime>(
    ctx: &'a Cx<R>,
    others: Option<&'a mut Others<R>>,
    now: Instant,
) -> Pin<Box<impl Future<Output = Result<(), Payload>>>> {
    Box::pin(start(ctx, others, now))
}

async fn start<R: Runtime>(
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
