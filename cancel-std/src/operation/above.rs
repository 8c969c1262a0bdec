//! The operations above an operation, and what goes up to them.

use super::cancelable::Rest;
use super::{Inner, Operation};
use crate::id::OperationId;
use std::collections::HashSet;

pub(crate) struct Parent<R> {
    pub(crate) operation: Operation<R>,
    pub(crate) link: Link,
}

/// What a parent means to its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Runs inside the parent's body: the parent waits for its shields and its end.
    Nested,
    /// Is cancelled with the parent.
    Linked,
    /// Only reports progress to it.
    Detached,
}

/// Which ways up are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edges {
    /// All.
    Progress,
    /// Those along which cancelation comes down.
    Cancel,
}

impl<R> Parent<R> {
    pub(super) fn along(&self, edges: Edges) -> Option<&Inner<R>> {
        let taken = match edges {
            Edges::Progress => true,
            Edges::Cancel => self.link != Link::Detached,
        };
        taken.then_some(&self.operation.inner)
    }

    pub(super) fn cancels(&self) -> bool {
        self.along(Edges::Cancel).is_some()
    }
}

impl<R> Inner<R> {
    /// This operation, and those above it, each once: itself first, its parent next.
    pub(crate) fn lineage(&self, edges: Edges) -> Lineage<'_, R> {
        Lineage {
            edges,
            next: Some(self),
            others: Vec::new(),
            seen: None,
        }
    }

    pub(crate) fn parent_id(&self) -> Option<OperationId> {
        let parent = self.setup.parent.as_ref()?;
        Some(parent.operation.id())
    }

    /// The parent, and those of operations that were combined with this one.
    pub(super) fn parents(&self) -> impl Iterator<Item = &Parent<R>> {
        parents(self.setup.parent.as_ref(), self.setup.rest.as_deref())
    }
}

pub(super) fn parents<'a, R>(
    first: Option<&'a Parent<R>>,
    rest: Option<&'a Rest<R>>,
) -> impl Iterator<Item = &'a Parent<R>> {
    let more = rest.map_or(&[][..], |rest| &rest.parents);
    first.into_iter().chain(more)
}

/// A walk up. Without combinations of several parents it is a chain and allocates nothing.
pub(crate) struct Lineage<'a, R> {
    edges: Edges,
    next: Option<&'a Inner<R>>,
    others: Vec<&'a Inner<R>>,
    /// From the first fork on, ways may meet again. (Not with what came before: that is younger, O4.)
    seen: Option<HashSet<OperationId>>,
}

impl<'a, R> Iterator for Lineage<'a, R> {
    type Item = &'a Inner<R>;

    fn next(&mut self) -> Option<&'a Inner<R>> {
        let current = loop {
            let candidate = self.next.take().or_else(|| self.others.pop())?;
            let seen = self.seen.as_mut();
            if seen.is_none_or(|seen| seen.insert(candidate.id)) {
                break candidate;
            }
        };
        let along = |parent: &'a Parent<R>| parent.along(self.edges);
        self.next = current.setup.parent.as_ref().and_then(along);
        let rest = current.setup.rest.as_ref();
        let more = rest.map_or(&[][..], |rest| &rest.parents);
        if !more.is_empty() {
            self.seen.get_or_insert_default();
            self.others.extend(more.iter().rev().filter_map(along));
        }
        Some(current)
    }
}
