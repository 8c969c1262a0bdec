//! What an operation knows of its registries.

use super::base::Registry;
use std::mem::take;

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
