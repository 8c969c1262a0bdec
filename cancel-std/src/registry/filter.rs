//! `Filter`: which operations of a registry are meant.

use super::entry::Key;
use crate::basics::id::OperationId;
use crate::report::context::Context;
use crate::report::status::Status;
use cancel_core::Reason;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

type Predicate = dyn Fn(&Context) -> bool + Send + Sync;

/// Which operations of a [`Registry`](super::Registry) are meant: those that fulfil everything that is
/// asked for. A new one asks for nothing.
///
/// Status, parent and name are looked up in the registry's table. Only for operations that pass these a
/// [`Context`] is made, and shown to the rest.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Filter, Registry, Status};
///
/// let registry = Registry::new();
/// let fetch = Cancelable::new().name("fetch 1").register(&registry).build();
/// let store = Cancelable::new().name("store").metadata("disk", "b").register(&registry).build();
///
/// let pending = Filter::new().status(Status::Pending);
/// assert_eq!(registry.list(&pending).len(), 2);
/// assert_eq!(registry.ids(&pending.clone().name_contains("fetch")), [fetch.id()]);
/// let on_disk_b = pending.matching(|context| context.metadata().get("disk") == Some("b"));
/// assert_eq!(registry.ids(&on_disk_b), [store.id()]);
/// ```
#[derive(Clone, Default)]
pub struct Filter {
    /// One bit each; none: all are meant.
    statuses: u8,
    parent: Option<OperationId>,
    name: Option<Cow<'static, str>>,
    part_of_name: Option<Cow<'static, str>>,
    reason: Option<Reason>,
    predicates: Vec<Arc<Predicate>>,
}

impl Filter {
    /// All operations.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Filter, Registry};
    ///
    /// assert!(Registry::new().list(&Filter::new()).is_empty());
    /// ```
    pub fn new() -> Self {
        Filter::default()
    }

    /// Those with this status; of several calls, with any of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry, Status};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// let running = Filter::new().status(Status::Running);
    /// assert_eq!(registry.count(&running), 0);
    /// assert_eq!(registry.count(&running.status(Status::Pending)), 1);
    /// # drop(op);
    /// ```
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.statuses |= bit(status);
        self
    }

    /// The children of this operation: those whose [`parent_id`](Context::parent_id) it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let parent = Cancelable::new().register(&registry).build();
    /// let child = parent.child().register(&registry).build();
    /// assert_eq!(registry.ids(&Filter::new().parent(parent.id())), [child.id()]);
    /// ```
    #[must_use]
    pub fn parent(mut self, parent: OperationId) -> Self {
        self.parent = Some(parent);
        self
    }

    /// Those with exactly this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().name("fetch").register(&registry).build();
    /// assert_eq!(registry.count(&Filter::new().name("fetch")), 1);
    /// assert_eq!(registry.count(&Filter::new().name("fetc")), 0);
    /// # drop(op);
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Those with this text in their name.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().name("fetch 12").register(&registry).build();
    /// assert_eq!(registry.count(&Filter::new().name_contains("fetch")), 1);
    /// # drop(op);
    /// ```
    #[must_use]
    pub fn name_contains(mut self, part: impl Into<Cow<'static, str>>) -> Self {
        self.part_of_name = Some(part.into());
        self
    }

    /// Those with exactly this [external id](Context::external_id).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().external_id("order 17").register(&registry).build();
    /// assert_eq!(registry.ids(&Filter::new().external_id("order 17")), [op.id()]);
    /// ```
    #[must_use]
    pub fn external_id(self, id: impl Into<Cow<'static, str>>) -> Self {
        let id = id.into();
        self.matching(move |context| context.external_id() == Some(&id))
    }

    /// Those that have been asked to end for this [reason](Context::reason).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Reason, Registry};
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::with_timeout(Duration::ZERO).register(&registry);
    /// smol::block_on(op.run(async |_| ())).unwrap_err();
    /// assert_eq!(registry.history(&Filter::new().reason(Reason::Timeout)).len(), 1);
    /// ```
    #[must_use]
    pub fn reason(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Those for which `predicate` is true. It is asked last, outside of locks; if it panics, so does
    /// what it was asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    /// use std::time::Duration;
    ///
    /// let slow = Filter::new().matching(|context| context.duration() > Some(Duration::from_secs(10)));
    /// assert!(Registry::global().list(&slow).is_empty());
    /// ```
    #[must_use]
    pub fn matching(
        mut self,
        predicate: impl Fn(&Context) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.predicates.push(Arc::new(predicate));
        self
    }

    /// Whether an entry of the table tells all that is asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.reason.is_none() && self.predicates.is_empty()
    }

    /// As far as the table knows, without the name.
    #[inline]
    pub(super) fn admits(&self, key: &Key) -> bool {
        self.has_status(key.status) && (self.parent.is_none() || self.parent == key.parent)
    }

    /// Looks at the name only if that matters.
    #[inline]
    pub(super) fn admits_name(&self, name: &Option<Cow<'static, str>>) -> bool {
        let any = self.name.is_none() && self.part_of_name.is_none();
        any || self.has_name(name.as_deref())
    }

    /// All but the predicates: no foreign code.
    pub(super) fn fits(&self, context: &Context) -> bool {
        self.has_status(context.status())
            && (self.parent.is_none() || self.parent == context.parent_id())
            && self.has_name(context.name())
            && (self.reason.is_none() || self.reason == context.reason())
    }

    /// The predicates.
    pub(super) fn matches(&self, context: &Context) -> bool {
        self.predicates.iter().all(|predicate| predicate(context))
    }

    #[inline]
    fn has_status(&self, status: Status) -> bool {
        self.statuses == 0 || self.statuses & bit(status) != 0
    }

    fn has_name(&self, name: Option<&str>) -> bool {
        let exactly = |wanted: &Cow<'_, str>| name == Some(&**wanted);
        let within = |part: &Cow<'_, str>| name.is_some_and(|name| name.contains(&**part));
        self.name.as_ref().is_none_or(exactly) && self.part_of_name.as_ref().is_none_or(within)
    }
}

fn bit(status: Status) -> u8 {
    match status {
        Status::Pending => 1,
        Status::Running => 2,
        Status::Completed => 4,
        Status::Cancelled => 8,
        Status::Failed => 16,
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("statuses", &format_args!("{:#b}", self.statuses))
            .field("parent", &self.parent)
            .field("name", &self.name)
            .field("name_contains", &self.part_of_name)
            .field("reason", &self.reason)
            .field("predicates", &self.predicates.len())
            .finish()
    }
}
