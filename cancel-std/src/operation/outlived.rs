//! Parents that have ended before their child is built.
//!
//! They are left out: the child is linked to what is above them and has not ended. So of a row of
//! operations, each the child of the one before, which has ended, none is kept, and nobody walks through them.

use super::base::{Cancelable, Link, Parent};
use std::collections::HashSet;
use std::mem::take;
use std::sync::Arc;

impl Link {
    /// What an operation is to another one, if there is one in between that has ended.
    ///
    /// It does not run inside its body any more, and what is above a hidden operation has never limited what was
    /// in there.
    fn beyond(self, above: Link) -> Link {
        match (self, above) {
            (Link::Nested | Link::Linked, Link::Nested | Link::Linked) => Link::Linked,
            _ => Link::Detached,
        }
    }
}

impl<R> Cancelable<R> {
    /// Takes what is above parents that have ended in their place. Those that ended cancelled cancel this one, as
    /// ever, and the first parent stays the one that the context names.
    pub(super) fn leave_out_ended_parents(&mut self) {
        let has_ended = |parent: &Parent<R>| parent.operation.inner.has_ended();
        let further = self.rest.as_ref().map_or(&[][..], |rest| &rest.parents);
        if !self.parent.iter().chain(further).any(has_ended) {
            return;
        }
        let first = self.parent.take();
        let rest = self.rest();
        rest.detached = true; // it had a parent, so it gets no other one
        rest.parent_id = first.as_ref().map(|first| first.operation.id());
        let mut left: Vec<Parent<R>> = take(&mut rest.parents).into_iter().rev().collect();
        left.extend(first);
        // Ways up may meet again.
        let mut seen = HashSet::new();
        let mut live = Vec::new();
        while let Some(parent) = left.pop() {
            let inner = &parent.operation.inner;
            if !seen.insert((Arc::as_ptr(inner), parent.link)) {
                continue;
            }
            if !inner.has_ended() {
                live.push(parent);
                continue;
            }
            if parent.cancels() && inner.is_cancelled() {
                rest.cancelled.push(inner.token().clone());
            }
            let above = inner.parents().map(|above| Parent {
                operation: above.operation.clone(),
                link: parent.link.beyond(above.link),
            });
            let mut above: Vec<_> = above.collect();
            above.reverse();
            left.append(&mut above);
        }
        let mut live = live.into_iter();
        let first = live.next();
        rest.parents.extend(live);
        self.parent = first;
    }
}
