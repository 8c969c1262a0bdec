//! How operations are put together: sources, tokens, parents, combinations.

use super::source::{Kind, Source};
use super::{Link, Operation, Parent, Runtime};
use crate::context::Status;
use cancel_core::CancelToken;
use std::time::Duration;

impl<R: Runtime + Default> Operation<R> {
    /// An operation that is cancelled by the first of these sources that fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Source};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::any([
    ///     Source::timeout(Duration::from_secs(60)),
    ///     Source::future(async { Reason::Shutdown }),
    /// ]);
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Shutdown);
    /// ```
    pub fn any(sources: impl IntoIterator<Item = Source<R>>) -> Self {
        Self::new().source(Source::any(sources))
    }

    /// An operation that is cancelled when all of these sources have fired.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable, Reason, Source};
    /// use std::time::Duration;
    ///
    /// let stop = CancelToken::new();
    /// stop.cancel_with("stop, but not before 5 ms are over");
    /// let op = Cancelable::all([Source::timeout(Duration::from_millis(5)), (&stop).into()]);
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    pub fn all(sources: impl IntoIterator<Item = Source<R>>) -> Self {
        Self::new().source(Source::all(sources))
    }
}

impl<R: Runtime> Operation<R> {
    /// A new operation to run inside the body of this one: cancelled with it at any time, limited by
    /// its deadlines while it runs, heard by its `on_progress`.
    ///
    /// While the child has a shield open, the body around it is not dropped. Nor is it while a child runs
    /// that has a grace period, a cleanup or asynchronous callbacks of its end: it comes to that end
    /// first, and the body around it goes on to its next suspension. (Somebody has to poll the child for
    /// that.) For an operation that is run by another task, name its [`parent`](Operation::parent)
    /// instead; that one does not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let parent = Cancelable::new();
    /// let child = parent.child().name("part 1");
    /// parent.cancel();
    /// assert_eq!(child.context().reason(), Some(Reason::Parent));
    /// ```
    pub fn child(&self) -> Self {
        Operation::on(self.inner.runtime.clone()).below(self, Link::Nested)
    }

    /// A new operation that is part of this one in name only: it starts with this one's name and
    /// metadata, and this one hears of its progress; but neither cancelation nor deadlines come down.
    /// (The idea of Go's `context.WithoutCancel`.) For what has to be finished by another task
    /// although the request is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let request = Cancelable::new().name("request 7");
    /// let audit = request.detached();
    /// request.cancel();
    /// assert!(!audit.is_cancelled());
    /// assert_eq!(audit.context().name(), Some("request 7"));
    /// ```
    pub fn detached(&self) -> Self {
        let operation = Operation::on(self.inner.runtime.clone()).below(self, Link::Detached);
        operation.set_up(|setup| {
            setup.name.clone_from(&self.inner.setup.name);
            if let Some(rest) = &self.inner.setup.rest {
                setup.rest().metadata.clone_from(&rest.metadata);
            }
        })
    }

    /// Adds a source: the first one that fires cancels the operation. See [`Source`] for what there
    /// is; tokens, operations and the like can be given as they are.
    ///
    /// # Panics
    ///
    /// If there is another handle of this operation already, if it has run, or, for a token or an
    /// operation, if its own [`token`](Operation::token) has been asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source};
    ///
    /// let op = Cancelable::new().source(Source::future(async { "enough" }));
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("enough"));
    /// ```
    #[track_caller]
    pub fn source(mut self, source: impl Into<Source<R>>) -> Self {
        let source = source.into();
        match source.kind {
            Kind::Timeout(timeout) => self.timeout(timeout),
            Kind::Deadline(deadline) => self.until(deadline),
            Kind::Token(token) => self.follow(&token),
            Kind::Operation(part) => self.absorb(part),
            Kind::Any(sources) => {
                for source in sources {
                    self = self.source(source);
                }
                self
            }
            Kind::Other { .. } => self.limit_by(|state, _| state.pending().sources.push(source)),
        }
    }

    /// Both in one: a new operation with the sources of this one and of another. Whichever fires first
    /// cancels it; the earliest timeout counts.
    ///
    /// The parts live on as far as it takes: who cancels one of them, by a handle or through a parent
    /// or a token, cancels the combination, which has that cause then. The other way round nothing
    /// happens: following is one-way. The callbacks of the parts are called for the combination, its
    /// cleanup is theirs, and it takes over names, metadata and grace periods where it has none. A part
    /// cannot be run any more. (One that has been run before only lends its token and its deadline.)
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable};
    /// use std::time::Duration;
    ///
    /// let stop = CancelToken::new();
    /// let op = Cancelable::with_timeout(Duration::from_secs(10))
    ///     .combine(Cancelable::with_token(&stop))
    ///     .combine(Cancelable::with_timeout(Duration::from_secs(60)));
    /// let run = op.run(async |cx| {
    ///     assert!(cx.remaining() <= Some(Duration::from_secs(10)));
    ///     stop.cancel_with("user pressed stop");
    ///     cx.sleep(Duration::from_secs(3600)).await;
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("user pressed stop"));
    /// ```
    pub fn combine(self, other: Operation<R>) -> Self {
        Operation::on(self.inner.runtime.clone())
            .absorb(self)
            .absorb(other)
    }

    /// Takes another operation in, as a part.
    #[track_caller]
    fn absorb(self, part: Operation<R>) -> Self {
        let mut theirs = part.inner.lock();
        let timeout = match theirs.status {
            Status::Pending => theirs.timeout,
            _ => Duration::MAX, // then it is part of the deadline
        };
        theirs.combined = true;
        let pending = theirs.pending.take();
        drop(theirs);
        let deadline = part.inner.deadline.get();
        part.token(); // so that making one never goes up further than this
        let linked = self.link(|setup| {
            let from = &part.inner.setup;
            if setup.name.is_none() {
                setup.name.clone_from(&from.name);
            }
            let rest = setup.rest();
            if let Some(from) = &from.rest {
                for (key, value) in from.metadata.pairs() {
                    if rest.metadata.get(key).is_none() {
                        rest.metadata.insert(key.clone(), value.clone());
                    }
                }
                rest.grace = rest.grace.max(from.grace);
            }
            rest.parts.push(part);
        });
        linked.limit_by(|state, own| {
            state.timeout = state.timeout.min(timeout);
            own.tighten(deadline);
            if let Some(pending) = pending {
                state.pending().sources.extend(pending.sources);
                state.pending().cleanups.extend(pending.cleanups);
            }
        })
    }

    /// All sources of an operation that becomes part of a source.
    pub(crate) fn into_sources(self) -> Vec<Source<R>> {
        let mut sources = vec![Source::token(self.token())];
        let mut state = self.inner.lock();
        state.combined = true;
        if state.timeout != Duration::MAX {
            sources.push(Source::timeout(state.timeout));
        }
        sources.extend(self.inner.deadline.get().map(Source::deadline));
        let pending = state.pending.take();
        drop(state); // before the cleanups, which are not run here (O2)
        sources.extend(pending.map_or(Vec::new(), |all| all.sources));
        sources
    }
}

/// Before it is cloned or run.
impl<R> Operation<R> {
    /// Has it cancelled with `token`, as [`with_token`](Operation::with_token) does. Several may be
    /// given: the first that is cancelled counts.
    ///
    /// The operation keeps a handle of it.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, if it has run, or if its own
    /// [`token`](Operation::token) has been asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable};
    ///
    /// let (user, shutdown) = (CancelToken::new(), CancelToken::new());
    /// let op = Cancelable::with_token(&user).follow(&shutdown);
    /// shutdown.cancel_with("SIGTERM");
    /// assert_eq!(op.context().message(), Some("SIGTERM"));
    /// assert!(!user.is_cancelled());
    /// ```
    #[track_caller]
    pub fn follow(self, token: &CancelToken) -> Self {
        self.link(|setup| setup.rest().follow.push(token.clone()))
    }

    /// Makes it part of another operation: cancelled with that one, with
    /// [`Reason::Parent`](cancel_core::Reason::Parent), limited by its deadlines while it runs, and
    /// heard by its `on_progress`. A later call replaces the parent.
    ///
    /// A parent that has not been started, or has ended, does not limit the time.
    ///
    /// The parent notices nothing of how this operation ends, and does not wait for it.
    ///
    /// # Panics
    ///
    /// If there is another handle of this operation already, if it has run, or if its own
    /// [`token`](Operation::token) has been asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let job = Cancelable::new().name("job");
    /// let (one, two) = (Cancelable::new().parent(&job), Cancelable::new().parent(&job));
    /// one.cancel();
    /// assert!(!job.is_cancelled() && !two.is_cancelled());
    /// job.cancel_with("never mind");
    /// assert_eq!(two.context().message(), Some("never mind"));
    /// ```
    #[track_caller]
    pub fn parent(self, parent: &Operation<R>) -> Self {
        self.below(parent, Link::Linked)
    }

    #[track_caller]
    fn below(self, parent: &Operation<R>, link: Link) -> Self {
        parent.token(); // so that making one never goes up further than this
        let operation = parent.clone();
        self.link(|setup| setup.parent = Some(Parent { operation, link }))
    }
}
