//! With the feature `log`.

use super::loudness::Loudness;
use crate::basics::id::OperationId;
use crate::report::context::Context;
use log::Level;
use std::fmt;

const TARGET: &str = "cancel_std";

fn level(loudness: Loudness) -> Level {
    match loudness {
        Loudness::Debug => Level::Debug,
        Loudness::Info => Level::Info,
        Loudness::Warn => Level::Warn,
    }
}

pub(super) fn hears(loudness: Loudness) -> bool {
    log::log_enabled!(target: TARGET, level(loudness))
}

pub(super) fn event(loudness: Loudness, verb: &str, context: &Context) {
    let (who, why) = (Who(context), Why(verb, context));
    log::log!(target: TARGET, level(loudness), "{who} {verb}{why}");
}

pub(super) fn warn(id: OperationId, what: &str) {
    log::warn!(target: TARGET, "{id} {what}");
}

/// `op-2 fetch (parent op-1)`
struct Who<'a>(&'a Context);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.id())?;
        if let Some(name) = self.0.name() {
            write!(f, " {name}")?;
        }
        match self.0.parent_id() {
            Some(parent) => write!(f, " (parent {parent})"),
            None => Ok(()),
        }
    }
}

/// `: timeout: 30 s are over` or ` by parent (timeout): 30 s are over`; of failures the error.
struct Why<'a>(&'a str, &'a Context);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Why(verb, context) = self;
        match (*verb, context.cause(), context.error()) {
            ("failed", _, Some(error)) => write!(f, ": {error}"),
            ("cancel requested" | "cancelled", Some(cause), _) => {
                let text = cause.to_string();
                f.write_str(text.strip_prefix("cancelled").unwrap_or(&text))
            }
            _ => Ok(()),
        }
    }
}
