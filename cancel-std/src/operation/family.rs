//! Parents, and the parts of combinations: who is above an operation, and what goes up to whom.

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
    fn along(&self, edges: Edges) -> Option<&Inner<R>> {
        let taken = match edges {
            Edges::Progress => true,
            Edges::Cancel => self.link != Link::Detached,
        };
        taken.then_some(&self.operation.inner)
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

    pub(crate) fn cancelling_parent(&self) -> Option<&Operation<R>> {
        let parent = self.setup.parent.as_ref()?;
        (parent.link != Link::Detached).then_some(&parent.operation)
    }

    /// The parent, or that of a part.
    pub(crate) fn parent_id(&self) -> Option<OperationId> {
        if let Some(parent) = &self.setup.parent {
            return Some(parent.operation.id());
        }
        let mut parts: Vec<&Self> = self
            .setup
            .parts()
            .iter()
            .rev()
            .map(|part| &*part.inner)
            .collect();
        while let Some(part) = parts.pop() {
            if let Some(parent) = &part.setup.parent {
                return Some(parent.operation.id());
            }
            parts.extend(part.setup.parts().iter().rev().map(|part| &*part.inner));
        }
        None
    }

    /// Whether somebody may want to hear of this operation's life.
    #[inline]
    pub(crate) fn has_listeners(&self) -> bool {
        !self.setup.callbacks.is_empty() || !self.setup.parts().is_empty()
    }

    /// This operation and its parts, and theirs: those whose callbacks hear of its life.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = &Inner<R>> {
        let mut left = Vec::new();
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let inner = next.take().or_else(|| left.pop())?;
            left.extend(inner.setup.parts().iter().rev().map(|part| &*part.inner));
            Some(inner)
        })
    }
}

/// A walk up. Without combinations it is a chain and allocates nothing.
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
        let parent = current.setup.parent.as_ref();
        self.next = parent.and_then(|parent| parent.along(self.edges));
        let parts = current.setup.parts();
        if !parts.is_empty() {
            self.seen.get_or_insert_default();
            self.others
                .extend(parts.iter().rev().map(|part| &*part.inner));
        }
        Some(current)
    }
}
