//! What makes a source fire, before it has started and from then on.

use super::Runtime;
use super::base::{Cx, Kind, Many, Operation, Source, Started, Trigger};
use super::started::{late, once};
use cancel_core::{Cause, Instant, Reason};
use std::fmt;
use std::mem::take;
use std::time::Duration;

impl<R: Runtime> Trigger<R> {
    pub(super) fn start(self, cx: &Cx<R>) -> Started {
        let (op, runtime) = (cx.operation(), cx.runtime());
        match self {
            Trigger::Timeout(timeout, cause) => {
                late(op, runtime.sleep(timeout), Some(timeout), cause)
            }
            Trigger::Deadline(deadline) => late(op, runtime.sleep_until(deadline), None, None),
            Trigger::Token(token) => once(async move { token.cancelled_owned().await.into() }),
            Trigger::Other { start, .. } => start(cx),
        }
    }

    /// The cause, if it has fired before its start.
    pub(super) fn fired_before(&self, op: &Operation<R>, now: Instant) -> Option<Cause> {
        let late = |cause| op.inner.named(cause);
        let timeout = || Cause::new(Reason::Timeout);
        match self {
            Trigger::Timeout(Duration::ZERO, cause) => {
                let cause = cause.clone().unwrap_or_else(timeout);
                Some(late(cause.with_limit(Duration::ZERO)))
            }
            Trigger::Deadline(deadline) if *deadline <= now => Some(late(timeout())),
            Trigger::Token(token) => token.cause().map(Cause::from),
            _ => None,
        }
    }
}

impl<R> Many<R> {
    pub(super) fn take(&mut self) -> Vec<Source<R>> {
        take(&mut self.0)
    }
}

/// One level after the other.
impl<R> Drop for Many<R> {
    fn drop(&mut self) {
        let mut left = self.take();
        while let Some(mut source) = left.pop() {
            if let Kind::Any(many) | Kind::All(many, _) = &mut source.kind {
                left.append(&mut many.0);
            }
        }
    }
}

impl<R> fmt::Debug for Trigger<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Timeout(timeout, _) => f.debug_tuple("timeout").field(timeout).finish(),
            Trigger::Deadline(deadline) => f.debug_tuple("deadline").field(deadline).finish(),
            Trigger::Token(token) => f.debug_tuple("token").field(token).finish(),
            Trigger::Other { name, .. } => f.write_str(name),
        }
    }
}

/// One level: of what is composed in turn, the number.
impl<R> fmt::Debug for Many<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for source in &self.0 {
            match &source.kind {
                Kind::Any(many) => list.entry(&format_args!("Source::any of {}", many.0.len())),
                Kind::All(many, _) => list.entry(&format_args!("Source::all of {}", many.0.len())),
                _ => list.entry(source),
            };
        }
        list.finish()
    }
}
