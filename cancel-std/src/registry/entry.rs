//! What a registry knows of an operation, and an operation of its registries.

use super::Registry;
use crate::context::{Context, Status};
use crate::id::OperationId;
use cancel_core::CancelToken;
use std::borrow::Cow;
use std::mem::take;
use std::sync::Weak;

/// An operation whose runtime is not known.
pub(crate) trait Registered: Send + Sync {
    fn snapshot(&self) -> Context;
    fn token(&self) -> CancelToken;
    fn is_cancelled(&self) -> bool;
    /// Whether it is this operation, or one below it.
    fn is_within(&self, ancestor: OperationId) -> bool;
}

/// What filters ask for most, and the way to all the rest.
pub(crate) struct Entry {
    /// Weak: a registry keeps nobody alive.
    pub(crate) operation: Weak<dyn Registered>,
    pub(crate) parent: Option<OperationId>,
    pub(crate) name: Option<Cow<'static, str>>,
    /// Pending or running.
    pub(crate) status: Status,
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
