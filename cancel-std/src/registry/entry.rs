//! What a registry knows of an operation, and an operation of its registries.

use super::Registry;
use crate::context::{Context, Status};
use crate::id::OperationId;
use cancel_core::{CancelToken, Cause};
use std::borrow::Cow;
use std::mem::take;
use std::sync::Weak;

/// An operation whose runtime is not known.
pub(crate) trait Registered: Send + Sync {
    fn snapshot(&self) -> Context;
    fn token(&self) -> CancelToken;
    /// As `Operation::force_with`.
    fn force(&self, cause: Cause) -> bool;
    fn is_cancelled(&self) -> bool;
    /// Whether it is this operation, or one below it.
    fn is_within(&self, ancestor: OperationId) -> bool;
}

/// What the table is given: what filters ask for most, and the way to all the rest.
pub(crate) struct Entry {
    /// Weak: a registry keeps nobody alive.
    pub(crate) operation: Weak<dyn Registered>,
    pub(crate) parent: Option<OperationId>,
    pub(crate) name: Option<Cow<'static, str>>,
    /// Pending or running.
    pub(crate) status: Status,
}

/// Of an entry in the table: what filters look at first.
pub(super) struct Key {
    pub(super) id: OperationId,
    pub(super) parent: Option<OperationId>,
    /// Pending or running.
    pub(super) status: Status,
}

/// And the rest of it.
pub(super) struct Rest {
    pub(super) operation: Weak<dyn Registered>,
    pub(super) name: Option<Cow<'static, str>>,
}

/// The registries that an operation is in: mostly none, or one, which needs no memory of its own.
#[derive(Clone, Default)]
pub(crate) enum Memberships {
    #[default]
    None,
    One(Registry),
    Many(Box<Several>),
}

#[derive(Clone)]
pub(crate) struct Several(Vec<Registry>);

impl Memberships {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Memberships::None)
    }

    pub(crate) fn as_slice(&self) -> &[Registry] {
        match self {
            Memberships::None => &[],
            Memberships::One(registry) => std::slice::from_ref(registry),
            Memberships::Many(registries) => &registries.0,
        }
    }

    /// Adds a registry that is not among them yet.
    pub(crate) fn add(&mut self, registry: &Registry) {
        if self.as_slice().iter().any(|known| known.is(registry)) {
            return;
        }
        let added = registry.clone();
        *self = match take(self) {
            Memberships::None => Memberships::One(added),
            Memberships::One(first) => Memberships::Many(Box::new(Several(vec![first, added]))),
            Memberships::Many(mut registries) => {
                registries.0.push(added);
                Memberships::Many(registries)
            }
        };
    }
}
