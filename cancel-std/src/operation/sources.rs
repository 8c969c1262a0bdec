//! What the core's runner is to know of a running operation: its sources, its grace period, its shields.

use super::Runtime;
use super::base::{Cx, Inner, Operation};
use super::tree::Tree;
use crate::report::callbacks::Event;
use cancel_core::layer::{Holds, Panics, Setup};
use cancel_core::{CancelToken, Cancelled, Cause, DeadlineSource, Instant, Reason, WaitForCancel};
use pin_project::{pin_project, pinned_drop};
use std::future::{Future, Ready, poll_fn};
use std::mem::replace;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

/// The sources are the deadline, and everything else that was given to the operation. Tokens are not
/// polled: the operation's own token follows them.
#[pin_project(PinnedDrop)]
pub(super) struct OperationSetup<'a, R: Runtime> {
    op: &'a Operation<R>,
    /// The deadline that `sleep` waits for, or has waited for.
    armed: Option<Instant>,
    #[pin]
    sleep: Option<DeadlineSource<R::Sleep>>,
    /// A deadline has passed. (There may be a later one.)
    passed: bool,
    /// Lent: they stay until the cleanup is over, in which a second signal does no harm.
    others: Option<&'a mut Others<R>>,
    grace: Option<Box<Grace<R>>>,
    /// It is not for the body: no grace, and nobody is told of a request.
    beside: bool,
    /// There is something to do between the request and the end.
    slow: bool,
}

/// A grace period.
struct Grace<R: Runtime> {
    sleep: Pin<Box<R::Sleep>>,
    /// What is a second request: the force token, and the tokens above that were not cancelled at the
    /// beginning (unless it is for the same signal, which is heard there, too).
    late: Vec<Pin<Box<WaitForCancel<CancelToken>>>>,
}

pub(super) struct Others<R> {
    sources: Tree<R>,
    /// A signal has been among what fired.
    signalled: bool,
}

impl<'a, R: Runtime> OperationSetup<'a, R> {
    /// Not long after `now`.
    pub(super) fn new(ctx: &'a Cx<R>, others: Option<&'a mut Others<R>>, now: Instant) -> Self {
        let op = &ctx.scope;
        let inner = &op.inner;
        let deadline = inner.deadline.get();
        let sleep = |at| DeadlineSource::new(inner.runtime.sleep_from(now, at));
        OperationSetup {
            op,
            armed: deadline,
            sleep: deadline.map(sleep),
            passed: false,
            others,
            grace: None,
            beside: false,
            slow: false,
        }
    }

    pub(super) fn slow(mut self, slow: bool) -> Self {
        self.slow = slow;
        self
    }

    /// For work beside the body: the callbacks of the start, and hidden operations.
    pub(super) fn beside(ctx: &'a Cx<R>, others: Option<&'a mut Others<R>>, now: Instant) -> Self {
        let mut setup = OperationSetup::new(ctx, others, now);
        setup.beside = true;
        setup
    }
}

#[pinned_drop]
impl<R: Runtime> PinnedDrop for OperationSetup<'_, R> {
    fn drop(self: Pin<&mut Self>) {
        // Contained, since this may be part of an unwinding.
        if let Some(waker) = self.op.inner.runner.forget() {
            self.op.inner.setup.callbacks.contain(|| drop(waker));
        }
    }
}

impl<R: Runtime> Setup for OperationSetup<'_, R> {
    type Cleanup = Ready<()>;

    /// (The cleanup comes after the scope; `Held` holds what is around.)
    fn has_end(&self) -> bool {
        false
    }

    fn holds(&self) -> Option<&Holds> {
        Some(&self.op.inner.holds)
    }

    fn asked(self: Pin<&mut Self>, _: &Cancelled) {
        if !self.beside {
            self.op.inner.asked(self.slow);
            self.op.tell(Event::Asked);
        }
    }

    fn asked_again(self: Pin<&mut Self>) {
        self.op.inner.insist();
    }

    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>> {
        let mut this = self.project();
        let inner = &this.op.inner;
        inner.runner.listen(cx);
        let late = panics.guard(|| {
            loop {
                let deadline = inner.deadline.get();
                if deadline != *this.armed {
                    *this.armed = deadline;
                    let sleep =
                        deadline.map(|at| DeadlineSource::new(inner.runtime.sleep_until(at)));
                    this.sleep.set(sleep);
                }
                let Some(sleep) = this.sleep.as_mut().as_pin_mut() else {
                    return Poll::Pending;
                };
                let polled = sleep.poll(cx);
                // It may have been moved while its sleep ended.
                if polled.is_pending() || inner.deadline.get() == deadline {
                    return polled;
                }
            }
        });
        let late = late.unwrap_or_else(|| {
            let cause = Cause::new(Reason::Error);
            Poll::Ready(cause.with_message("the timer of the deadline panicked"))
        });
        if let Poll::Ready(cause) = late {
            panics.guard(|| this.sleep.set(None));
            // One that is cancelled from above by that is no request of its own. Nor is it one if somebody
            // else saw first that this deadline had passed.
            let timeout = cause.reason() == Reason::Timeout;
            let first = !replace(this.passed, true);
            let known = timeout
                && ((first && inner.has_timed_out())
                    || panics.guard(|| inner.time_out_above()).unwrap_or(true));
            if !known {
                return Poll::Ready(Some(match timeout {
                    true => inner.timed_out(),
                    false => inner.named(cause), // the timer has failed
                }));
            }
        }
        match this.others {
            Some(others) => others.poll(this.op, cx).map(Some),
            None => Poll::Pending,
        }
    }

    fn begin_grace(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let inner = &this.op.inner;
        let grace = inner.setup.grace();
        let none = grace.is_zero() || *this.beside || inner.setup.is_refused_grace();
        if none || inner.is_forced() {
            return false;
        }
        let live = inner.upstream().filter(|token| !token.is_cancelled());
        let late = live.map(|token| token.cancelled_owned());
        *this.grace = Some(Box::new(Grace {
            sleep: Box::pin(inner.runtime.sleep(grace)),
            late: late.chain([inner.forced()]).map(Box::pin).collect(),
        }));
        true
    }

    fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let Some(grace) = this.grace else {
            return Poll::Ready(());
        };
        if grace.sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let inner = &this.op.inner;
        let mut second = false;
        grace
            .late
            .retain_mut(|token| match token.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(cancelled) => {
                    second |= !inner.is_cancelled_by_signal(cancelled.root_reason());
                    false
                }
            });
        if second {
            inner.insist();
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn end_grace(self: Pin<&mut Self>) {
        *self.project().grace = None;
    }

    fn start_cleanup(self: Pin<&mut Self>) -> Option<Ready<()>> {
        None
    }

    fn around(self: Pin<&mut Self>, waits: Option<&Waker>) {
        // (`Held` tells the hosts of others.)
        let inner = &self.op.inner;
        if let (Some(_), Some(owner)) = (waits, inner.owner()) {
            if inner.holds.asks() {
                owner.inner.holds.asked_inside();
            }
        }
    }

    fn end(self: Pin<&mut Self>, _: &mut Panics) {}
}

impl<R> Inner<R> {
    /// Whether `reason` is a signal, and what this operation has been cancelled for, here or above.
    fn is_cancelled_by_signal(&self, reason: Reason) -> bool {
        let is_root = |cause: Cancelled| cause.root_reason() == reason;
        matches!(reason, Reason::Signal(_)) && self.live_cause().is_some_and(is_root)
    }
}

impl<R: Runtime> Others<R> {
    /// Takes them, if there are any.
    pub(super) fn take(op: &Operation<R>, sources: bool) -> Option<Box<Others<R>>> {
        let sources = match sources {
            true => op.take_sources(),
            false => Vec::new(),
        };
        if sources.is_empty() {
            return None;
        }
        Some(Box::new(Others {
            sources: Tree::new(sources),
            signalled: false,
        }))
    }

    /// Cancels the operation if what fired before the start is enough for that.
    pub(super) fn none_has_fired(&mut self, op: &Operation<R>, now: Instant) -> bool {
        match self.sources.fired_before(op, now) {
            None => true,
            Some(cause) => {
                op.cancel_with(cause);
                false
            }
        }
    }

    /// Cancels the operation if what has fired by now is enough for that.
    pub(super) fn fired(&mut self, op: &Operation<R>, cx: &mut Context<'_>) {
        if let Poll::Ready(cause) = self.poll(op, cx) {
            op.cancel_with(cause);
        }
    }

    /// What fires next. One signal that is heard here and above is one request: the first one that fires here
    /// is left out if the operation has been cancelled for that signal.
    fn poll(&mut self, op: &Operation<R>, cx: &mut Context<'_>) -> Poll<Cause> {
        loop {
            let cause = ready!(self.sources.poll(cx));
            let signal = matches!(cause.reason(), Reason::Signal(_));
            let first = signal && !replace(&mut self.signalled, true);
            if !(first && op.inner.is_cancelled_by_signal(cause.reason())) {
                return Poll::Ready(cause);
            }
        }
    }

    /// (The timer waits until the body does.)
    pub(super) fn start(&mut self, cx: &Cx<R>) {
        self.sources.start(cx);
    }

    /// `work` of the end, when nothing asks the sources any more. A second request goes to the operations
    /// below, which may be in their grace periods.
    pub(super) async fn beside(
        mut others: Option<&mut Self>,
        op: &Operation<R>,
        work: impl Future,
    ) {
        let mut work = pin!(work);
        poll_fn(|cx| {
            let poll = work.as_mut().poll(cx).map(drop);
            if let (Poll::Pending, Some(asked)) = (poll, &mut others) {
                if op.inner.is_cancelled() && asked.poll(op, cx).is_ready() {
                    others = None;
                    op.inner.setup.callbacks.contain(|| op.inner.insist());
                }
            }
            poll
        })
        .await;
    }
}
