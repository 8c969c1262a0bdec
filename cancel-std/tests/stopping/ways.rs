//! The ways to stop, and the shapes of operations: 11 times 4.

use std::fmt;

/// How it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Completed,
    Failed,
    Panicked,
    BeforeStart,
    FirstPoll,
    During,
    InShield,
    InCleanup,
    InGrace,
    SecondRequest,
    Dropped,
}

impl Way {
    pub(crate) const ALL: [Way; 11] = [
        Way::Completed,
        Way::Failed,
        Way::Panicked,
        Way::BeforeStart,
        Way::FirstPoll,
        Way::During,
        Way::InShield,
        Way::InCleanup,
        Way::InGrace,
        Way::SecondRequest,
        Way::Dropped,
    ];
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Way::Completed => "completed",
            Way::Failed => "failed",
            Way::Panicked => "panicked",
            Way::BeforeStart => "before start",
            Way::FirstPoll => "at first poll",
            Way::During => "during",
            Way::InShield => "in shield",
            Way::InCleanup => "in cleanup",
            Way::InGrace => "in grace",
            Way::SecondRequest => "second request",
            Way::Dropped => "dropped",
        })
    }
}

/// What stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing. It is cancelled itself.
    Plain,
    /// A parent, P, which is run by another task and is cancelled.
    Child,
    /// A parent, P, in whose body it runs, and which is cancelled (or dropped, with everything).
    Nested,
    /// It is a combination of A, which is cancelled, and B.
    Combined,
}

impl Shape {
    pub(crate) const ALL: [Shape; 4] = [Shape::Plain, Shape::Child, Shape::Nested, Shape::Combined];
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Shape::Plain => "plain",
            Shape::Child => "child",
            Shape::Nested => "nested",
            Shape::Combined => "combined",
        })
    }
}
