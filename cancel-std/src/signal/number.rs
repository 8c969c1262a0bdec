//! `Signal`: one signal, by name or by number.

use super::platform;
use std::fmt;

/// A signal of the operating system.
///
/// The usual ones are constants, by the names they have in the field. Wherever one is asked for, a plain
/// number will do as well: `libc::SIGWINCH`, or `libc::SIGRTMIN() + 3` for a real-time signal. Any number makes a `Signal`; whether it
/// can be listened for is found out when a source is built of it.
///
/// # Examples
///
/// ```
/// use cancel_std::Signal;
///
/// assert_eq!(Signal::from(2), Signal::SIGINT);
/// # #[cfg(unix)]
/// assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from(9999).to_string(), "signal 9999");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    /// `SIGINT`: Ctrl-C. The only one that there is on Windows.
    #[doc(alias = "INTERRUPT")]
    pub const SIGINT: Signal = Signal(2);

    /// `SIGTERM`: what `kill`, service managers and container runtimes send first.
    #[doc(alias = "TERMINATE")]
    pub const SIGTERM: Signal = Signal(15);

    /// `SIGHUP`: the terminal is gone.
    #[doc(alias = "HANGUP")]
    pub const SIGHUP: Signal = Signal(1);

    /// `SIGQUIT`: Ctrl-\.
    #[doc(alias = "QUIT")]
    pub const SIGQUIT: Signal = Signal(3);

    /// `SIGUSR1`.
    #[cfg(unix)]
    #[cfg_attr(docsrs, doc(cfg(unix)))]
    #[doc(alias = "USER1")]
    pub const SIGUSR1: Signal = Signal(platform::USER1);

    /// `SIGUSR2`.
    #[cfg(unix)]
    #[cfg_attr(docsrs, doc(cfg(unix)))]
    #[doc(alias = "USER2")]
    pub const SIGUSR2: Signal = Signal(platform::USER2);

    /// Its number on this system: what [`Reason::Signal`](cancel_core::Reason::Signal) holds.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Signal::SIGTERM.number(), 15);
    /// ```
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Its name on this system, if it has one: "SIGTERM".
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Signal;
    ///
    /// # #[cfg(unix)]
    /// assert_eq!(Signal::SIGHUP.name(), Some("SIGHUP"));
    /// assert_eq!(Signal::from(-1).name(), None);
    /// ```
    pub fn name(self) -> Option<&'static str> {
        platform::name(self.0)
    }
}

impl From<i32> for Signal {
    fn from(number: i32) -> Self {
        Signal(number)
    }
}

/// The name, or "signal 40".
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("signal {}", self.0)),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Signal({})", self.0),
        }
    }
}
