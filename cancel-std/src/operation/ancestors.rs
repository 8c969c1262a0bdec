//! The operations above an operation, and what goes up to them.

use super::base::{Inner, Link, Operation, Parent};
use crate::basics::id::OperationId;
use std::collections::HashSet;
use std::sync::Arc;

/// Which ways up are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edges {
    /// All.
    Progress,
    /// Those to operations that this one is a part of, in shields or not.
    Around,
    /// Those along which cancelation comes down.
    Cancel,
}

impl<R> Parent<R> {
    pub(super) fn along(&self, edges: Edges) -> Option<&Operation<R>> {
        let taken = match edges {
            Edges::Progress => true,
            Edges::Around => self.link != Link::Detached,
            Edges::Cancel => matches!(self.link, Link::Nested | Link::Linked),
        };
        taken.then_some(&self.operation)
    }

    pub(super) fn cancels(&self) -> bool {
        self.along(Edges::Cancel).is_some()
    }
}

impl<R> Inner<R> {
    /// The operations above this one, each once, its parent first. Hidden ones only where cancelation is
    /// the matter: they report nothing.
    pub(crate) fn ancestors(&self, edges: Edges) -> Ancestors<'_, R> {
        let mut ancestors = Ancestors {
            edges,
            next: None,
            others: Vec::new(),
            seen: None,
        };
        ancestors.above(self);
        ancestors
    }

    /// If this one is hidden: the operation around it, which may be hidden, too.
    pub(super) fn owner(&self) -> Option<&Operation<R>> {
        let parent = self.setup.parent.as_ref()?;
        (parent.link == Link::Shield).then_some(&parent.operation)
    }

    /// Whether this operation is the hidden one of a shield of `op`, or runs inside one.
    pub(crate) fn is_shielded_in(&self, op: &Operation<R>) -> bool {
        let mut at = self;
        while let Some(parent) = at.parent() {
            let above = &parent.operation;
            if parent.link == Link::Shield && Arc::ptr_eq(&above.inner, &op.inner) {
                return true;
            }
            at = &above.inner;
        }
        false
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().status.is_final()
    }

    pub(crate) fn parent_id(&self) -> Option<OperationId> {
        let rest = self.setup.rest.as_ref();
        let ended = rest.and_then(|rest| rest.parent_id);
        ended.or_else(|| Some(self.parent()?.operation.id()))
    }

    /// The parent that it was set up with, or else the operation in whose body it runs.
    #[inline]
    pub(super) fn parent(&self) -> Option<&Parent<R>> {
        self.setup.parent.as_ref().or_else(|| self.host.get())
    }

    /// The parent, and those of operations that were combined with this one.
    pub(super) fn parents(&self) -> impl Iterator<Item = &Parent<R>> {
        let further = self
            .setup
            .rest
            .as_ref()
            .map_or(&[][..], |rest| &rest.parents);
        self.parent().into_iter().chain(further)
    }
}

impl<R> Operation<R> {
    /// The operation that users see: this one, or if it is hidden, the one that it belongs to.
    #[inline]
    pub(crate) fn visible(&self) -> &Operation<R> {
        let mut at = self;
        while let Some(owner) = at.inner.owner() {
            at = owner;
        }
        at
    }
}

/// A walk up. Without combinations of several parents it is a chain and allocates nothing.
pub(crate) struct Ancestors<'a, R> {
    edges: Edges,
    next: Option<&'a Operation<R>>,
    others: Vec<&'a Operation<R>>,
    /// From the first fork on, ways may meet again. (Not with what came before: that is below, O4.) By
    /// address: a hidden operation has the id of its owner.
    seen: Option<HashSet<*const Inner<R>>>,
}

impl<'a, R> Ancestors<'a, R> {
    /// Goes on with the parents of `inner`.
    fn above(&mut self, inner: &'a Inner<R>) {
        let edges = self.edges;
        let along = |parent: &'a Parent<R>| parent.along(edges);
        self.next = inner.parent().and_then(along);
        let rest = inner.setup.rest.as_ref();
        let more = rest.map_or(&[][..], |rest| &rest.parents);
        if !more.is_empty() {
            self.seen.get_or_insert_default();
            self.others.extend(more.iter().rev().filter_map(along));
        }
    }
}

impl<'a, R> Iterator for Ancestors<'a, R> {
    type Item = &'a Operation<R>;

    fn next(&mut self) -> Option<&'a Operation<R>> {
        loop {
            let candidate = self.next.take().or_else(|| self.others.pop())?;
            let candidate = match self.edges {
                Edges::Progress | Edges::Around => candidate.visible(),
                Edges::Cancel => candidate,
            };
            let seen = self.seen.as_mut();
            if seen.is_none_or(|seen| seen.insert(Arc::as_ptr(&candidate.inner))) {
                self.above(&candidate.inner);
                return Some(candidate);
            }
        }
    }
}
