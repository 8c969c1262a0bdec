//! `Recorder`: what happened, in order, in a form that tests can compare.

use super::time::VirtualTime;
use crate::basics::id::OperationId;
use crate::report::context::Context;
use crate::report::observer::Observer;
use crate::report::progress::Progress;
use crate::report::status::Status;
use cancel_core::{CancelToken, Cancelled, Instant, Registration};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Records what happens to operations and tokens, and whatever else a test wants to see in order.
///
/// An [`Observer`], for any number of operations; clones share the record. It can be used from any
/// thread. Operations without a name are called `#1`, `#2`, in the order in which they turn up.
///
/// # Examples
///
/// ```
/// use cancel_std::testing::{Recorder, VirtualTime};
/// use std::time::Duration;
///
/// let time = VirtualTime::new();
/// let recorder = Recorder::on(&time);
/// let op = time
///     .operation()
///     .name("fetch")
///     .timeout(Duration::from_secs(30))
///     .observe(recorder.observer());
/// let run = op.run(async |cx| {
///     let _dropped = recorder.on_drop("body dropped");
///     cx.progress(1, 3);
///     cx.sleep(Duration::from_secs(60)).await;
/// });
/// time.block_on(run).unwrap_err();
/// assert_eq!(
///     recorder.events(),
///     [
///         "0s fetch started",
///         "0s fetch progress: 1/3",
///         r#"30s fetch cancel requested: timeout of 30s of "fetch""#,
///         "30s body dropped",
///         r#"30s fetch cancelled: timeout of 30s of "fetch""#,
///     ]
/// );
/// ```
#[derive(Clone, Default)]
pub struct Recorder {
    clock: Option<VirtualTime>,
    record: Arc<Mutex<Record>>,
}

#[derive(Default)]
struct Record {
    events: Vec<Event>,
    names: Vec<(OperationId, String)>,
    unnamed: usize,
}

impl Recorder {
    /// Without times.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use cancel_std::testing::Recorder;
    ///
    /// let recorder = Recorder::new();
    /// let op = Cancelable::new().observe(recorder.observer());
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert_eq!(recorder.events(), ["#1 started", "#1 completed"]);
    /// ```
    pub fn new() -> Self {
        Recorder::default()
    }

    /// With the times of `clock`. Real times would differ from run to run.
    ///
    /// # Examples
    ///
    /// See [`Recorder`].
    pub fn on(clock: &VirtualTime) -> Self {
        Recorder {
            clock: Some(clock.clone()),
            record: Arc::default(),
        }
    }

    /// For [`observe`](crate::Cancelable::observe).
    ///
    /// # Examples
    ///
    /// See [`Recorder`].
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.clone())
    }

    /// Records whatever the test wants to see among the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// let recorder = cancel_std::testing::Recorder::new();
    /// recorder.note("connected");
    /// assert_eq!(recorder.events(), ["connected"]);
    /// ```
    pub fn note(&self, what: impl Into<String>) {
        self.add(None, what.into());
    }

    /// Something that [notes](Recorder::note) `what` when it is dropped.
    ///
    /// # Examples
    ///
    /// See [`Recorder`].
    pub fn on_drop(&self, what: impl Into<String>) -> NoteOnDrop {
        NoteOnDrop {
            recorder: self.clone(),
            what: what.into(),
        }
    }

    /// Records when a token is cancelled, and why, until the registration is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::CancelToken;
    /// use cancel_std::testing::Recorder;
    ///
    /// let recorder = Recorder::new();
    /// let token = CancelToken::new();
    /// let _watch = recorder.watch("stop", &token);
    /// token.cancel_with("enough");
    /// assert_eq!(recorder.events(), ["stop cancelled: manual: enough"]);
    /// ```
    pub fn watch(&self, name: impl Into<String>, token: &CancelToken) -> Registration<CancelToken> {
        let (recorder, name) = (self.clone(), name.into());
        token.on_cancel(move |cancelled| recorder.add(Some(name), cancelled.to_string()))
    }

    /// What has happened so far. Each can be compared with a `&str`, and so can all of them with an
    /// array of those.
    ///
    /// # Examples
    ///
    /// See [`Recorder`].
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// [`events`](Recorder::events), and begins anew. Names are kept.
    ///
    /// # Examples
    ///
    /// ```
    /// let recorder = cancel_std::testing::Recorder::new();
    /// recorder.note("connected");
    /// assert_eq!(recorder.take(), ["connected"]);
    /// assert!(recorder.events().is_empty());
    /// ```
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
    }

    /// For [`Script`](super::Script).
    pub(super) fn step(&self, what: String) {
        self.add(Some(String::from("script")), what);
    }

    fn add(&self, subject: Option<String>, what: String) {
        let at = self.clock.as_ref().map(VirtualTime::now);
        self.lock().events.push(Event { at, subject, what });
    }

    fn add_of(&self, context: &Context, what: String) {
        let subject = self.lock().name(context.id(), context.name());
        self.add(Some(subject), what);
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // Nothing can panic half-way.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn name(&mut self, id: OperationId, name: Option<&str>) -> String {
        if let Some((_, known)) = self.names.iter().find(|(known, _)| *known == id) {
            return known.clone();
        }
        let name = match name {
            Some(name) => String::from(name),
            None => {
                self.unnamed += 1;
                format!("#{}", self.unnamed)
            }
        };
        self.names.push((id, name.clone()));
        name
    }
}

/// "cancelled: …", with another verb.
fn with_verb(verb: &str, cause: Option<&Cancelled>) -> String {
    let text = cause.map_or(String::new(), Cancelled::to_string);
    format!("{verb}{}", text.strip_prefix("cancelled").unwrap_or(&text))
}

impl Observer for Recorder {
    fn started(&self, context: &Context) {
        self.add_of(context, String::from("started"));
    }

    fn cancel_requested(&self, context: &Context) {
        self.add_of(context, with_verb("cancel requested", context.cause()));
    }

    fn progress(&self, progress: &Progress) {
        let subject = self.lock().name(progress.operation(), None);
        self.add(Some(subject), format!("progress: {progress}"));
    }

    fn ended(&self, context: &Context) {
        let what = match context.status() {
            Status::Cancelled => with_verb("cancelled", context.cause()),
            status => match context.error() {
                Some(error) => format!("{status}: {error}"),
                None => status.to_string(),
            },
        };
        self.add_of(context, what);
    }
}

/// Does not wait for the lock.
impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Recorder");
        if let Ok(record) = self.record.try_lock() {
            debug.field("events", &record.events);
        }
        debug.finish_non_exhaustive()
    }
}

/// One thing that happened. Made by a [`Recorder`].
///
/// Equal to a `&str` if that is its text: time (if the recorder has a clock), name, what happened.
///
/// # Examples
///
/// ```
/// use cancel_std::testing::Recorder;
///
/// let recorder = Recorder::new();
/// recorder.note("connected");
/// assert_eq!(recorder.events()[0], "connected");
/// assert_eq!(recorder.events()[0].to_string(), "connected");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    at: Option<Instant>,
    subject: Option<String>,
    what: String,
}

impl Event {
    /// When, if the recorder has a clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Instant;
    /// use cancel_std::testing::{Recorder, VirtualTime};
    ///
    /// let recorder = Recorder::on(&VirtualTime::new());
    /// recorder.note("connected");
    /// assert_eq!(recorder.events()[0].at(), Some(Instant::EPOCH));
    /// ```
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// The name of the operation or token; none for notes.
    ///
    /// # Examples
    ///
    /// ```
    /// let recorder = cancel_std::testing::Recorder::new();
    /// recorder.note("connected");
    /// assert_eq!(recorder.events()[0].subject(), None);
    /// ```
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// What happened, without time and name.
    ///
    /// # Examples
    ///
    /// ```
    /// let recorder = cancel_std::testing::Recorder::new();
    /// recorder.note("connected");
    /// assert_eq!(recorder.events()[0].what(), "connected");
    /// ```
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.map(Instant::since_epoch) {
            Some(Duration::ZERO) => f.write_str("0s ")?, // and not in nanoseconds
            Some(at) => write!(f, "{at:?} ")?,
            None => {}
        }
        if let Some(subject) = &self.subject {
            write!(f, "{subject} ")?;
        }
        f.write_str(&self.what)
    }
}

/// Its text in quotes, to read and to copy from failed assertions.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl PartialEq<str> for Event {
    fn eq(&self, text: &str) -> bool {
        let own = self.to_string();
        own == text
    }
}

impl PartialEq<&str> for Event {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl PartialEq<String> for Event {
    fn eq(&self, text: &String) -> bool {
        self == text.as_str()
    }
}

/// Notes something when it is dropped. Made by [`Recorder::on_drop`].
///
/// # Examples
///
/// ```
/// let recorder = cancel_std::testing::Recorder::new();
/// drop(recorder.on_drop("closed"));
/// assert_eq!(recorder.events(), ["closed"]);
/// ```
#[derive(Debug)]
#[must_use = "it notes when it is dropped"]
pub struct NoteOnDrop {
    recorder: Recorder,
    what: String,
}

impl Drop for NoteOnDrop {
    fn drop(&mut self) {
        self.recorder.note(std::mem::take(&mut self.what));
    }
}
