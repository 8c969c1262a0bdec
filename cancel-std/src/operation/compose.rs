//! How operations are put together: sources, tokens, parents, combinations.

use super::Runtime;
use super::accept::{AsOperation, ToFollow};
use super::base::{Cancelable, Cx, Kind, Link, Operation, Source, Trigger};
use super::into_source::IntoSource;

impl<R: Runtime + Default> Cancelable<R> {
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

impl<R: Runtime> Cancelable<R> {
    /// Adds a source: the first one that fires cancels the operation. See [`Source`] for what there
    /// is; tokens, operations and the like can be given as they are.
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
    pub fn source(mut self, source: impl IntoSource<R>) -> Self {
        let mut left = vec![source.into_source()];
        while let Some(source) = left.pop() {
            match source.kind {
                Kind::One(Trigger::Timeout(timeout, None)) => self = self.timeout(timeout),
                Kind::One(Trigger::Timeout(timeout, Some(cause))) => {
                    self = self.timeout_with(timeout, cause);
                }
                Kind::One(Trigger::Deadline(deadline)) => self = self.deadline(deadline),
                Kind::One(Trigger::Token(token)) => self = self.token(token),
                Kind::One(Trigger::Other { .. }) => self.pending().sources.push(source),
                Kind::Any(mut sources) => left.extend(sources.take().into_iter().rev()),
                Kind::All(sources, besides) => {
                    if let Some(besides) = besides {
                        self = self.combine(*besides);
                    }
                    let kind = Kind::All(sources, None);
                    self.pending().sources.push(Source { kind });
                }
                Kind::Cancelable(part) => self = self.combine(*part),
            }
        }
        self
    }

    /// Returns an operation with the settings of both: it is cancelled by whichever source of either
    /// fires first.
    ///
    /// The earliest timeout counts, and the longest grace period. Sources, tokens, parents, callbacks,
    /// cleanups and registries are those of both, this one's first. Name, external id and metadata are taken from
    /// `other` where this one has none. The runtime is this one's.
    ///
    /// An operation that is there already, with handles, is no builder any more: to be cancelled with
    /// it, take it as a [`source`](Cancelable::source).
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
    pub fn combine(mut self, other: Cancelable<R>) -> Self {
        let is_earlier = other.timeout < self.timeout;
        self.name = self.name.or(other.name);
        self = self.timeout(other.timeout);
        if let Some(from) = other.rest {
            if let Some(cause) = from.timeout_cause.filter(|_| is_earlier) {
                self.rest().timeout_cause = Some(cause);
            }
            let rest = self.rest();
            if rest.external_id.is_none() {
                rest.external_id = from.external_id;
            }
            for (key, value) in from.metadata.pairs() {
                if rest.metadata.get(key).is_none() {
                    rest.metadata.insert(key.clone(), value.clone());
                }
            }
            rest.grace = rest.grace.max(from.grace);
            rest.group.combine(from.group);
            rest.follow.extend(from.follow);
            rest.parents.extend(from.parents);
            rest.detached |= from.detached;
        }
        match (&self.parent, other.parent) {
            (None, parent) => self.parent = parent,
            (Some(_), None) => {}
            (Some(_), Some(parent)) => self.rest().parents.insert(0, parent),
        }
        if let Some(callbacks) = other.callbacks {
            self.callbacks().append(*callbacks);
        }
        if let Some(from) = other.pending {
            let pending = self.pending();
            pending.sources.extend(from.sources);
            pending.cleanups.extend(from.cleanups);
        }
        for registry in other.registries.as_slice() {
            self.registries.add(registry);
        }
        self.deadline(other.deadline)
    }

    /// Has the operation cancelled with `token`, with the same cause. Several may be given: the first
    /// that is cancelled counts.
    ///
    /// A token is a `&CancelToken`, a view of one, a `static` token, or another operation by its handle
    /// or [`Cx`]. The operation keeps it, and only follows: cancelling the operation leaves `token`
    /// alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable, Reason, Token};
    ///
    /// static SHUTDOWN: Token = Token::new();
    ///
    /// let user = CancelToken::new();
    /// let op = Cancelable::with_token(&user).token(&SHUTDOWN).build();
    /// SHUTDOWN.cancel_with(Reason::Shutdown);
    /// assert_eq!(op.context().reason(), Some(Reason::Shutdown));
    /// assert!(!user.is_cancelled());
    /// ```
    #[doc(alias = "CancellationToken")]
    #[doc(alias = "follow")]
    pub fn token(mut self, token: impl ToFollow) -> Self {
        let token = token.to_follow();
        self.rest().follow.push(token);
        self
    }

    /// Makes it part of another operation: cancelled with that one, with
    /// [`Reason::Parent`](cancel_core::Reason::Parent), limited by its deadlines while it runs, and
    /// heard by its `on_progress`. A later call replaces the parent.
    ///
    /// The parent is given as a handle or as a [`Cx`]. One that has not been started, or has ended, does
    /// not limit the time. The parent notices nothing of how this operation ends, and does not wait for
    /// it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let job = Cancelable::new().name("job").build();
    /// let one = Cancelable::new().parent(&job).build();
    /// let two = Cancelable::new().parent(&job).build();
    /// one.cancel();
    /// assert!(!job.is_cancelled() && !two.is_cancelled());
    /// job.cancel_with("never mind");
    /// assert_eq!(two.context().message(), Some("never mind"));
    /// ```
    pub fn parent(self, parent: impl AsOperation<Runtime = R>) -> Self {
        let parent = parent.as_operation().clone();
        self.below(parent, Link::Linked)
    }

    /// Makes it a part of nothing: it has no parent, wherever it runs. Parents that it was set up with before
    /// are taken away.
    ///
    /// An operation without this that has no parent gets one when it begins inside the body of another
    /// operation, or inside a shield or a cleanup of one: it is a [child](crate::Operation::child) of that one then. See
    /// [*Nesting*](Cancelable#nesting).
    ///
    /// A detached operation still is a part of the body that awaits it, and is dropped with that. For work that
    /// has to go on, spawn a task that runs it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let outer = Cancelable::with_timeout(Duration::from_secs(60)).run(async |_| {
    ///     let inside = Cancelable::new().run(async |cx| cx.remaining());
    ///     assert!(inside.await.unwrap() <= Some(Duration::from_secs(60)));
    ///     let apart = Cancelable::new().detached().run(async |cx| cx.remaining());
    ///     assert_eq!(apart.await, Ok(None));
    /// });
    /// smol::block_on(outer).unwrap();
    /// ```
    #[doc(alias = "independent")]
    #[doc(alias = "root")]
    #[doc(alias = "no_parent")]
    #[doc(alias = "GlobalScope")]
    pub fn detached(mut self) -> Self {
        self.parent = None;
        let rest = self.rest();
        rest.parents.clear();
        rest.detached = true;
        self
    }
}

impl<R: Runtime + Default> Cancelable<R> {
    /// Creates an operation that is cancelled with `token`, with the same cause. Several operations
    /// may share one. What is a token: see [`token`](Cancelable::token).
    ///
    /// The operation only follows: cancelling it leaves `token` alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable};
    ///
    /// let stop = CancelToken::new();
    /// let one = Cancelable::with_token(&stop).build();
    /// let two = Cancelable::with_token(&stop).build();
    /// one.cancel();
    /// assert!(!stop.is_cancelled() && !two.is_cancelled());
    /// stop.cancel_with("enough");
    /// assert_eq!(two.context().message(), Some("enough"));
    /// ```
    #[doc(alias = "CancellationToken")]
    pub fn with_token(token: impl ToFollow) -> Self {
        Self::new().token(token)
    }
}

impl<R: Runtime> Operation<R> {
    /// Creates an operation to run inside the body of this one: cancelled with it at any time, limited by
    /// its deadlines while it runs, heard by its `on_progress`.
    ///
    /// While the child has a shield open, the body around it is not dropped. Nor is it while a child runs
    /// that has a grace period, a cleanup or asynchronous callbacks of its end: it comes to that end
    /// first, and the body around it goes on to its next suspension. (Somebody has to poll the child for
    /// that.) For an operation that is run by another task, name its [`parent`](Cancelable::parent)
    /// instead; that one does not wait.
    ///
    /// If this one has ended by the time the child is [built](Cancelable::build), the child is linked to what is above
    /// it instead, so that an operation that goes on in ever new ones keeps none of those that have ended. (A child that
    /// is built before keeps its parent until it goes itself.) Of one that was cancelled, the child is cancelled
    /// from the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let parent = Cancelable::new().build();
    /// let child = parent.child().name("part 1").build();
    /// parent.cancel();
    /// assert_eq!(child.context().reason(), Some(Reason::Parent));
    /// ```
    #[doc(alias = "child_token")]
    pub fn child(&self) -> Cancelable<R> {
        Cancelable::on(self.inner.runtime.clone()).below(self.clone(), Link::Nested)
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
    /// let request = Cancelable::new().name("request 7").build();
    /// let audit = request.detached().build();
    /// request.cancel();
    /// assert!(!audit.is_cancelled());
    /// assert_eq!(audit.context().name(), Some("request 7"));
    /// ```
    pub fn detached(&self) -> Cancelable<R> {
        let runtime = self.inner.runtime.clone();
        let mut child = Cancelable::on(runtime).below(self.clone(), Link::Detached);
        child.name.clone_from(&self.inner.setup.name);
        if let Some(rest) = &self.inner.setup.rest {
            child.rest().metadata.clone_from(&rest.metadata);
        }
        child
    }
}

impl<R: Runtime> Cx<R> {
    /// Creates an operation to run inside this body: cancelled with it at any time, limited by its
    /// deadlines while it runs, heard by its `on_progress`. See [`Operation::child`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let part = cx.child().name("part 1").timeout(Duration::from_millis(5));
    ///     part.run(async |cx| cx.sleep(Duration::MAX).await).await
    /// });
    /// assert_eq!(smol::block_on(run).unwrap().unwrap_err().reason(), Reason::Timeout);
    /// ```
    #[doc(alias = "child_token")]
    pub fn child(&self) -> Cancelable<R> {
        self.scope.child()
    }

    /// Creates an operation that is part of this one in name only. See [`Operation::detached`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().name("request 7").run(async |cx| {
    ///     let audit = cx.detached().build();
    ///     cx.cancel();
    ///     (audit.is_cancelled(), audit.name().map(String::from))
    /// });
    /// assert_eq!(smol::block_on(run), Ok((false, Some("request 7".to_string()))));
    /// ```
    pub fn detached(&self) -> Cancelable<R> {
        self.operation().detached()
    }
}
