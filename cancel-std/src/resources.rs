//! `Resources`: memory, processor and disk limits that cancel an operation.

use crate::basics::build_error::BuildError;
use crate::operation::{Cancelable, Runtime, Source};
use crate::source::checks::{self, Blocking};
use crate::source::condition::interval;
use cancel_core::{Cause, Reason};
use probe::{Machine, Probe, Reading, What};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

mod probe;
#[cfg(test)]
mod tests;

/// Limits for memory, processor and disks. As a source they cancel an operation when one of them is
/// passed: with [`Reason::Condition`], and a message that says which one and how far, such as
/// "disk / at 96.2 %, limit 95 %".
///
/// The machine is looked at when the operation's body waits for the first time, then each time the
/// interval has passed since the last look ended; five seconds, unless [`every`](Resources::every) says
/// otherwise. It happens on a pool of threads for what may block, never on the executor, and the end of
/// the operation never waits for it: as with any [`Condition`](crate::Condition).
///
/// Percentages are from 0 to below 100, of what is there in all; sizes are in bytes. A limit is passed when
/// more is used (or less is left) than it says.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Resources};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), cancel_std::BuildError> {
/// let limits = Resources::new()
///     .disk_above("/", 95.0)
///     .memory_above(90.0)
///     .process_memory_above(1) // no program is that small
///     .every(Duration::from_secs(5));
/// let op = Cancelable::with_resources(limits)?.name("file processor");
///
/// let run = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
/// let cancelled = smol::block_on(run).unwrap_err();
/// assert!(cancelled.message().unwrap().contains("limit 1 byte"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "limits are not watched until they are built and given to an operation"]
pub struct Resources {
    limits: Vec<Limit>,
    every: Duration,
}

#[derive(Clone, Debug)]
struct Limit {
    what: What,
    bound: Bound,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    /// At most so many percent used.
    Percent(f64),
    /// At most so many bytes used.
    Used(u64),
    /// At least so many bytes left.
    Left(u64),
}

impl Resources {
    /// No limits so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Resources};
    ///
    /// assert!(Cancelable::with_resources(Resources::new()).is_err()); // nothing to watch
    /// ```
    pub fn new() -> Self {
        Resources {
            limits: Vec::new(),
            every: Duration::from_secs(5),
        }
    }

    /// At most so many percent of the machine's memory in use, by all programs together. What the
    /// system can take back at any time (caches) does not count.
    ///
    /// In a Linux container with a memory limit: of that limit, by the container's programs.
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = cancel_std::Resources::new().memory_above(90.0);
    /// ```
    pub fn memory_above(self, percent: f64) -> Self {
        self.limit(What::Memory, Bound::Percent(percent))
    }

    /// At least so many bytes of memory left. Otherwise as [`memory_above`](Resources::memory_above).
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = cancel_std::Resources::new().memory_left_below(512 << 20);
    /// ```
    pub fn memory_left_below(self, bytes: u64) -> Self {
        self.limit(What::Memory, Bound::Left(bytes))
    }

    /// At most so many bytes of memory held by this process (its resident set).
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = cancel_std::Resources::new().process_memory_above(2 << 30);
    /// ```
    pub fn process_memory_above(self, bytes: u64) -> Self {
        self.limit(What::Process, Bound::Used(bytes))
    }

    /// At most so many percent of all processors together busy, on average since the look before.
    ///
    /// So the first look never finds anything. Looks less than 200 ms (on most systems) after the last
    /// measurement find again what that has found.
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = cancel_std::Resources::new().cpu_above(98.0);
    /// ```
    pub fn cpu_above(self, percent: f64) -> Self {
        self.limit(What::Cpu, Bound::Percent(percent))
    }

    /// At most so many percent of a disk in use: of the one that holds `path`. What is reserved for
    /// the system's administrator counts as in use.
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = cancel_std::Resources::new().disk_above("/var/spool", 95.0);
    /// ```
    pub fn disk_above(self, path: impl Into<PathBuf>, percent: f64) -> Self {
        self.limit(What::Disk(path.into()), Bound::Percent(percent))
    }

    /// At least so many bytes left on a disk: on the one that holds `path`.
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = cancel_std::Resources::new().disk_left_below("/var/spool", 10 << 30);
    /// ```
    pub fn disk_left_below(self, path: impl Into<PathBuf>, bytes: u64) -> Self {
        self.limit(What::Disk(path.into()), Bound::Left(bytes))
    }

    /// How long to wait between two looks. Must not be zero; has no upper bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Resources;
    /// use std::time::Duration;
    ///
    /// let _ = Resources::new().memory_above(90.0).every(Duration::from_secs(1));
    /// ```
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// A source of these limits. It fires when one of them is passed.
    ///
    /// This looks for the disks, and looks at memory and disks once to find out whether it can. It
    /// takes a moment, or longer if a disk is that of a server that does not answer.
    ///
    /// # Errors
    ///
    /// If there is no limit; if one is not a number, not a percentage from 0 to below 100, or can never be
    /// passed; if a path does not exist or is on no disk; if the interval is zero; if the system does not
    /// tell what is asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Resources, Source};
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), cancel_std::BuildError> {
    /// let op = Cancelable::any([
    ///     Source::timeout(Duration::from_millis(5)),
    ///     Resources::new().memory_left_below(1).build()?,
    /// ]);
    /// # let _ = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// let typing_error = Resources::new().disk_above("/no/such/path", 95.0);
    /// assert!(Cancelable::with_resources(typing_error).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn build<R: Runtime>(self) -> Result<Source<R>, BuildError> {
        self.build_on(Machine::new())
    }

    fn build_on<R: Runtime>(self, mut probe: impl Probe) -> Result<Source<R>, BuildError> {
        let every = interval(self.every)?;
        if self.limits.is_empty() {
            return Err(BuildError::new("resources without any limit"));
        }
        for limit in &self.limits {
            limit.check()?;
            probe.prepare(&limit.what)?;
        }
        let limits = self.limits;
        let look = move || {
            let passed = limits.iter().filter_map(|limit| {
                let reading = probe.read(&limit.what)?;
                limit.passed(reading)
            });
            passed.collect::<Vec<String>>()
        };
        let what = "the resource monitor".into();
        let check = Box::new(Blocking::new(look));
        Ok(checks::source(
            "resources",
            what,
            Some(every),
            check,
            |passed: Vec<String>| {
                let cause = || Cause::new(Reason::Condition).with_message(passed.join("; "));
                (!passed.is_empty()).then(cause)
            },
        ))
    }

    fn limit(mut self, what: What, bound: Bound) -> Self {
        self.limits.push(Limit { what, bound });
        self
    }
}

impl Limit {
    fn check(&self) -> Result<(), BuildError> {
        let what = &self.what;
        match self.bound {
            Bound::Percent(percent) if !(0.0..100.0).contains(&percent) => Err(BuildError::new(
                format!("a limit of {percent} % for {what}: it has to be from 0 to below 100"),
            )),
            Bound::Used(u64::MAX) | Bound::Left(0) => Err(BuildError::new(format!(
                "a limit for {what} that can never be passed"
            ))),
            _ => Ok(()),
        }
    }

    /// What there is to say if the limit is passed.
    fn passed(&self, reading: Reading) -> Option<String> {
        let what = &self.what;
        match self.bound {
            Bound::Percent(limit) => {
                let percent = reading.percent();
                (percent > limit).then(|| format!("{what} at {percent:.1} %, limit {limit} %"))
            }
            Bound::Used(limit) => {
                let used = reading.used();
                let text = || format!("{what} at {}, limit {}", Size(used), Size(limit));
                (used > limit).then(text)
            }
            Bound::Left(limit) => {
                let left = reading.left();
                let text = || format!("{what} has {} left, limit {}", Size(left), Size(limit));
                (left < limit).then(text)
            }
        }
    }
}

impl Default for Resources {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Runtime + Default> Cancelable<R> {
    /// Creates an operation that is cancelled when one of these limits is passed.
    ///
    /// # Errors
    ///
    /// As [`Resources::build`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Resources};
    ///
    /// # fn main() -> Result<(), cancel_std::BuildError> {
    /// let op = Cancelable::with_resources(Resources::new().memory_left_below(1))?;
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "resources")))]
    pub fn with_resources(limits: Resources) -> Result<Self, BuildError> {
        Ok(Self::new().source(limits.build()?))
    }
}

/// Bytes, for people.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

        if self.0 < 1024 {
            let unit = if self.0 == 1 { "byte" } else { "bytes" };
            return write!(f, "{} {unit}", self.0);
        }
        // 2^10 is one KiB.
        let unit = self.0.ilog2() as usize / 10;
        let number = self.0 as f64 / (1u64 << (10 * unit)) as f64;
        let digits = format!("{number:.1}");
        let digits = digits.strip_suffix(".0").unwrap_or(&digits);
        write!(f, "{digits} {}", UNITS[unit - 1])
    }
}
