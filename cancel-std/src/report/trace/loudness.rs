//! How loud events are.

use crate::report::observer::Event;

/// How loud an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loudness {
    Debug,
    Info,
    Warn,
}

impl Loudness {
    pub(super) fn of(event: Event) -> Self {
        match event {
            Event::Start | Event::Complete => Loudness::Debug,
            Event::Asked | Event::Cancel => Loudness::Info,
            Event::Error => Loudness::Warn,
        }
    }
}
