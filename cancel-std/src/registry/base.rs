//! The registry itself: what it holds, and what can be asked of it.

use super::entry::Registered;
use super::feed::Feed;
use super::filter::Filter;
use super::history::History;
use super::table::Table;
use crate::basics::id::OperationId;
use crate::report::context::Context;
use cancel_core::CancelToken;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock, Weak};

/// How many ended operations are remembered unless something else is asked for.
const HISTORY: usize = 100;

/// A register of operations: who is there, and how those before them ended. To be listed, counted and
/// cancelled from any thread.
///
/// This is a handle; clones are the same registry. There may be any number of them, and one that is
/// [global](Registry::global) for those who want that. Operations of all runtimes may share one.
///
/// An operation is in it from the moment when it is [registered](crate::Cancelable::register), also
/// while it waits for its start, until it ends, in whatever way: completed, cancelled, failed,
/// panicked, its run dropped; or until the last handle of one that never ran is dropped. The registry
/// keeps none of them alive. What has ended goes into the [history](Registry::history), of which the
/// last 100 are kept by default.
///
/// ```
/// use cancel_std::{Cancelable, Filter, Reason, Registry, Status};
/// use std::time::Duration;
///
/// let registry = Registry::new();
/// let tasks: Vec<_> = (0..3)
///     .map(|n| {
///         let op = Cancelable::new().name(format!("fetch {n}")).register(&registry);
///         smol::spawn(op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await))
///     })
///     .collect();
///
/// for context in registry.list(&Filter::new().name_contains("fetch")) {
///     println!("{} {} {:?}", context.id(), context.status(), context.duration());
/// }
/// assert_eq!(registry.cancel_all((Reason::Shutdown, "good night")), 3);
/// smol::block_on(async {
///     for task in tasks {
///         assert_eq!(task.await.unwrap_err().reason(), Reason::Shutdown);
///     }
/// });
/// assert!(registry.is_empty());
/// assert_eq!(registry.history(&Filter::new().status(Status::Cancelled)).len(), 3);
/// ```
///
/// # Locks
///
/// None is held while foreign code runs: predicates, wakers, callbacks, drops of values. So all of it
/// may use the registry. A list is put together bit by bit: what comes and goes meanwhile may be in it
/// or not.
#[derive(Clone)]
pub struct Registry {
    pub(super) shared: Arc<RegistryCore>,
}

pub(super) struct RegistryCore {
    pub(super) table: Table,
    pub(super) feed: Feed,
    pub(super) history: History,
}

/// Those of a list that are still there: the context, and the operation.
pub(super) type Found = (Context, Arc<dyn Registered>);

impl Registry {
    /// A registry of one's own.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Registry::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Registry::with_history(HISTORY)
    }

    /// One that remembers the last `limit` operations that have ended, instead of 100. Zero: none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::with_history(1);
    /// for name in ["first", "second"] {
    ///     let op = Cancelable::new().name(name).register(&registry);
    ///     smol::block_on(op.run(async |_| ())).unwrap();
    /// }
    /// let history = registry.history(&Filter::new());
    /// assert_eq!(history.len(), 1);
    /// assert_eq!(history[0].name(), Some("second"));
    /// ```
    pub fn with_history(limit: usize) -> Self {
        Registry {
            shared: Arc::new(RegistryCore {
                table: Table::default(),
                feed: Feed::default(),
                history: History::new(limit),
            }),
        }
    }

    /// The one registry that the whole process shares. Nothing is in it but what is registered there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let op = Cancelable::new().register(Registry::global()).build();
    /// assert!(Registry::global().get(op.id()).is_some());
    /// ```
    pub fn global() -> &'static Registry {
        static GLOBAL: OnceLock<Registry> = OnceLock::new();
        GLOBAL.get_or_init(Registry::new)
    }

    /// How many operations are in it: those that have not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert_eq!(registry.len(), 1);
    /// drop(op);
    /// assert_eq!(registry.len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.shared.table.len()
    }

    /// Whether there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Registry::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known about an operation: one that is in the registry, or in its history.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry, Status};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// let id = op.id();
    /// assert_eq!(registry.get(id).unwrap().status(), Status::Pending);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// drop(op);
    /// assert_eq!(registry.get(id).unwrap().status(), Status::Completed);
    /// ```
    pub fn get(&self, id: OperationId) -> Option<Context> {
        match self.operation(id) {
            Some(operation) => Some(operation.snapshot()),
            None => self.shared.history.get(id),
        }
    }

    /// The token of an operation that is in the registry: to wait for it, or to link others with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// let follower = Cancelable::with_token(&registry.token(op.id()).unwrap()).build();
    /// op.cancel();
    /// assert!(follower.is_cancelled());
    /// ```
    pub fn token(&self, id: OperationId) -> Option<CancelToken> {
        Some(self.operation(id)?.token())
    }

    /// The operations that have not ended and that `filter` lets through, the oldest first.
    ///
    /// Goes through all of them; makes a context of those only that are meant.
    ///
    /// # Panics
    ///
    /// If a [predicate](Filter::matching) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().name("fetch").register(&registry).build();
    /// let fetching = registry.list(&Filter::new().name("fetch"));
    /// assert_eq!(fetching[0].id(), op.id());
    /// ```
    pub fn list(&self, filter: &Filter) -> Vec<Context> {
        self.found(filter).map(|(context, _)| context).collect()
    }

    /// The ids of what [`list`](Registry::list) gives. An operation whose callbacks of the end are being
    /// called may still be among them.
    ///
    /// # Panics
    ///
    /// As [`list`](Registry::list).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert_eq!(registry.ids(&Filter::new()), [op.id()]);
    /// ```
    pub fn ids(&self, filter: &Filter) -> Vec<OperationId> {
        if !filter.is_plain() {
            return self
                .found(filter)
                .map(|(context, _)| context.id())
                .collect();
        }
        let mut ids = Vec::new();
        self.shared.table.scan(filter, |id, _| ids.push(id));
        ids.sort_unstable();
        ids
    }

    /// How many [`list`](Registry::list) gives, and those whose callbacks of the end are being called.
    ///
    /// # Panics
    ///
    /// As [`list`](Registry::list).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry, Status};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert_eq!(registry.count(&Filter::new().status(Status::Pending)), 1);
    /// # drop(op);
    /// ```
    pub fn count(&self, filter: &Filter) -> usize {
        if !filter.is_plain() {
            return self.found(filter).count();
        }
        let mut count = 0;
        self.shared.table.scan(filter, |_, _| count += 1);
        count
    }

    /// Takes an operation out. It goes on unobserved, and will not be in the history, unless it is
    /// ending at this very moment.
    ///
    /// # Returns
    ///
    /// Whether it was there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert!(registry.remove(op.id()));
    /// assert!(!registry.remove(op.id()));
    /// ```
    pub fn remove(&self, id: OperationId) -> bool {
        self.left(id)
    }

    pub(super) fn operation(&self, id: OperationId) -> Option<Arc<dyn Registered>> {
        self.shared.table.operation(id)?.upgrade()
    }

    /// Those that the table lets through, the oldest first, as long as they live.
    pub(super) fn operations(
        &self,
        filter: &Filter,
    ) -> impl Iterator<Item = Arc<dyn Registered>> + use<> {
        let mut found = Vec::new();
        self.shared.table.scan(filter, |id, entry| {
            found.push((id, Weak::clone(&entry.operation)));
        });
        found.sort_unstable_by_key(|(id, _)| *id);
        found
            .into_iter()
            .filter_map(|(_, operation)| operation.upgrade())
    }

    /// Those that are meant, by what their contexts say.
    pub(super) fn found<'f>(&self, filter: &'f Filter) -> impl Iterator<Item = Found> + use<'f> {
        self.operations(filter).filter_map(|operation| {
            let context = operation.snapshot();
            // (It may have gone on since the table was looked at.)
            let meant =
                !context.status().is_final() && filter.fits(&context) && filter.matches(&context);
            meant.then_some((context, operation))
        })
    }
}

impl Default for Registry {
    fn default() -> Self {
        Registry::new()
    }
}

impl UnwindSafe for Registry {}
impl RefUnwindSafe for Registry {}

/// Takes no lock.
impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
