//! What an operation says about how far it has come.

use crate::basics::id::OperationId;
use std::borrow::Cow;
use std::fmt;

/// Text, taken as a `&'static str` without allocating, or as a `String`.
type Text = Cow<'static, str>;

/// A few pairs of strings: what goes with an operation or a progress report.
///
/// Pairs stay in the order in which their keys were first set.
///
/// # Examples
///
/// ```
/// use cancel_std::Metadata;
///
/// let mut metadata = Metadata::from_iter([("file", "a.csv"), ("rows", "0")]);
/// metadata.insert("rows", 12.to_string());
/// assert_eq!(metadata.get("rows"), Some("12"));
/// assert_eq!(metadata.iter().count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pairs: Vec<(Text, Text)>,
}

impl Metadata {
    /// No pairs. Allocates nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Metadata::new().is_empty());
    /// ```
    pub const fn new() -> Self {
        Metadata { pairs: Vec::new() }
    }

    /// Sets a pair. A value that the key had before is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut metadata = cancel_std::Metadata::new();
    /// metadata.insert("user", "ada");
    /// assert_eq!(metadata.get("user"), Some("ada"));
    /// ```
    pub fn insert(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        let (key, value) = (key.into(), value.into());
        match self.pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((key, value)),
        }
    }

    /// The value of a key.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Metadata::new().get("user"), None);
    /// ```
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }

    /// All pairs.
    ///
    /// # Examples
    ///
    /// ```
    /// let metadata = cancel_std::Metadata::from_iter([("a", "1"), ("b", "2")]);
    /// assert_eq!(metadata.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (&**key, &**value))
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Text, &Text)> {
        self.pairs.iter().map(|(key, value)| (key, value))
    }

    /// The number of pairs.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Metadata::from_iter([("a", "1")]).len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no pairs.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cancel_std::Metadata::from_iter([("a", "1")]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<Cow<'static, str>>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut metadata = Metadata::new();
        for (key, value) in pairs {
            metadata.insert(key, value);
        }
        metadata
    }
}

/// One report of an operation on how far it has come.
///
/// [`on_progress`](crate::Cancelable::on_progress) gets it, and the
/// [`Context`](crate::Context::progress) keeps the latest one.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
///
/// let op = Cancelable::new().on_progress(|progress| println!("{progress}")).build();
/// let run = op.run(async |cx| {
///     cx.report_progress("opened the file"); // opened the file
///     cx.progress(3, 10); // 3/10
/// });
/// smol::block_on(run).unwrap();
/// assert_eq!(op.context().progress().unwrap().fraction(), Some(0.3));
/// ```
#[derive(Debug, PartialEq)]
pub struct Progress {
    operation: OperationId,
    message: Text,
    /// Most reports have none.
    metadata: Option<Box<Metadata>>,
    count: Option<(u64, u64)>,
}

impl Clone for Progress {
    fn clone(&self) -> Self {
        Progress {
            operation: self.operation,
            message: self.message.clone(),
            metadata: self.metadata.clone(),
            count: self.count,
        }
    }

    /// Most reports are numbers or static text: those are copied, with nothing to free.
    fn clone_from(&mut self, source: &Self) {
        self.operation = source.operation;
        match (&mut self.message, &source.message) {
            (Cow::Borrowed(old), Cow::Borrowed(new)) => *old = new,
            (old, new) => old.clone_from(new),
        }
        if self.metadata.is_some() || source.metadata.is_some() {
            self.metadata.clone_from(&source.metadata);
        }
        self.count = source.count;
    }
}

impl Progress {
    pub(crate) fn text(operation: OperationId, message: Text, metadata: Metadata) -> Self {
        Progress {
            operation,
            message,
            metadata: (!metadata.is_empty()).then(|| Box::new(metadata)),
            count: None,
        }
    }

    pub(crate) fn count(operation: OperationId, current: u64, total: u64) -> Self {
        let count = Some((current, total));
        Progress {
            operation,
            message: Cow::Borrowed(""),
            metadata: None,
            count,
        }
    }

    /// For `serde`.
    #[cfg(feature = "serde")]
    pub(crate) fn from_parts(
        operation: OperationId,
        message: Text,
        metadata: Metadata,
        count: Option<(u64, u64)>,
    ) -> Self {
        Progress {
            operation,
            message,
            metadata: (!metadata.is_empty()).then(|| Box::new(metadata)),
            count,
        }
    }

    /// The operation that reported. For callbacks of a parent that is the descendant.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let parent = Cancelable::new().on_progress(|progress| println!("{}", progress.operation())).build();
    /// let child = parent.child().build();
    /// child.within(|cx| cx.report_progress("hello")); // op-2
    /// assert_eq!(child.context().progress().unwrap().operation(), child.id());
    /// ```
    pub fn operation(&self) -> OperationId {
        self.operation
    }

    /// The message; empty if only numbers were reported.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.within(|cx| cx.report_progress("halfway"));
    /// assert_eq!(op.context().progress().unwrap().message(), "halfway");
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What was reported beside the message.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.within(|cx| cx.report_progress_with("loaded", [("rows", "12")]));
    /// assert_eq!(op.context().progress().unwrap().metadata().get("rows"), Some("12"));
    /// ```
    pub fn metadata(&self) -> &Metadata {
        static NONE: Metadata = Metadata::new();
        self.metadata.as_deref().unwrap_or(&NONE)
    }

    /// How many steps are done, if numbers were reported.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.within(|cx| cx.progress(3, 10));
    /// assert_eq!(op.context().progress().unwrap().current(), Some(3));
    /// ```
    pub fn current(&self) -> Option<u64> {
        self.count.map(|(current, _)| current)
    }

    /// Of how many steps, if that is known: never `Some(0)`.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.within(|cx| cx.progress(3, 0)); // nobody knows of how many
    /// assert_eq!(op.context().progress().unwrap().total(), None);
    /// ```
    pub fn total(&self) -> Option<u64> {
        self.count
            .map(|(_, total)| total)
            .filter(|&total| total != 0)
    }

    /// Which part is done, from 0 to 1, if current and total are known.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.within(|cx| cx.progress(3, 4));
    /// assert_eq!(op.context().progress().unwrap().fraction(), Some(0.75));
    /// ```
    pub fn fraction(&self) -> Option<f64> {
        let (current, total) = (self.current()?, self.total()?);
        Some((current as f64 / total as f64).min(1.0))
    }
}

/// The message, or the numbers.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.current(), self.total()) {
            (Some(current), Some(total)) => write!(f, "{current}/{total}"),
            (Some(current), None) => write!(f, "{current}"),
            _ => f.pad(&self.message),
        }
    }
}
