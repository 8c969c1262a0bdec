//! `Signals`: which ones to listen for, and how.

use super::number::Signal;
use super::platform;
use crate::basics::build_error::BuildError;
use std::fmt;

/// Signals to listen for, checked, with options. It is a [`Source`](crate::Source).
///
/// [`Operation::with_signals`](crate::Cancelable::with_signals) and its kin make one by themselves; it
/// is needed by itself for its options. For how signals reach operations see
/// [`Source::signals`](crate::Source::signals).
///
/// # Examples
///
/// ```
/// # #[cfg(unix)] {
/// use cancel_std::{Cancelable, Signal, Signals};
///
/// let stop = Signals::new([Signal::SIGINT, Signal::SIGTERM])?.exit_on_second();
/// let op = Cancelable::new().source(stop);
/// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5)); // no signal came
/// # }
/// # Ok::<(), cancel_std::BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "nobody listens before it is given to an operation"]
pub struct Signals {
    /// Sorted, each once, none that is refused. Empty only where there are no signals at all.
    numbers: Box<[i32]>,
    exit_on_second: bool,
}

impl Signals {
    /// These signals. Each counts once, however often it is named.
    ///
    /// # Errors
    ///
    /// If there are none, or if one of them cannot be listened for, which the error names:
    ///
    /// - `SIGKILL` and `SIGSTOP`, which the system lets nobody catch;
    /// - `SIGSEGV`, `SIGBUS`, `SIGFPE`, `SIGILL`: faults of the program itself;
    /// - `SIGIO`, and numbers that are no signals (real-time signals are, on Linux and Android);
    /// - on Windows, all but `SIGINT`, which is Ctrl-C; on systems without signals, all.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Signals;
    ///
    /// # #[cfg(unix)]
    /// assert_eq!(
    ///     Signals::new([15, 9]).unwrap_err().to_string(),
    ///     "SIGKILL cannot be listened for: the system lets nobody catch it",
    /// );
    /// assert!(Signals::new([0; 0]).is_err());
    /// ```
    pub fn new<S>(signals: S) -> Result<Self, BuildError>
    where
        S: IntoIterator<Item: Into<Signal>>,
    {
        let mut numbers = Vec::new();
        for signal in signals {
            let signal: Signal = signal.into();
            if let Some(why) = platform::refuse(signal.number()) {
                let message = format!("{signal} cannot be listened for: {why}");
                return Err(BuildError::new(message));
            }
            numbers.push(signal.number());
        }
        if numbers.is_empty() {
            return Err(BuildError::new("no signals to listen for were given"));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Signals {
            numbers: numbers.into(),
            exit_on_second: false,
        })
    }

    /// Those that ask a program to end, wherever it runs: `SIGINT` (Ctrl-C) and `SIGTERM` on Unix, Ctrl-C
    /// on Windows. On platforms without signals there are none, and an operation with them is not
    /// cancelled by any.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Signals};
    ///
    /// let op = Cancelable::new().source(Signals::shutdown().exit_on_second());
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5)); // no signal came
    /// ```
    pub fn shutdown() -> Self {
        let mut numbers = vec![Signal::SIGINT.number(), Signal::SIGTERM.number()];
        numbers.retain(|&signal| platform::refuse(signal).is_none());
        Signals {
            numbers: numbers.into(),
            exit_on_second: false,
        }
    }

    /// Ends the process at the second one of these signals that comes during the same run, as the
    /// signal does by default: what it does to impatient users' Ctrl-C, Ctrl-C.
    ///
    /// At once: shields, grace and cleanup are not waited for, no destructors run, buffered output is
    /// lost. It does not matter which of the signals comes first and which second, nor whether the
    /// executor still gets round to anything: on Unix it happens in the handler. The parent process
    /// sees a death by that signal, which shells show as 128 and its number (130 for Ctrl-C); on
    /// Windows the exit code is `0xC000013A`. Signals that do nothing by default still do nothing.
    ///
    /// # Examples
    ///
    /// See [`Signals`].
    pub fn exit_on_second(mut self) -> Self {
        self.exit_on_second = true;
        self
    }

    pub(crate) fn numbers(&self) -> &[i32] {
        &self.numbers
    }

    pub(crate) fn exits_on_second(&self) -> bool {
        self.exit_on_second
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("signals")?;
        let signals = self.numbers.iter().map(|&number| Signal::from(number));
        f.debug_list().entries(signals).finish()?;
        match self.exit_on_second {
            true => f.write_str(".exit_on_second"),
            false => Ok(()),
        }
    }
}
