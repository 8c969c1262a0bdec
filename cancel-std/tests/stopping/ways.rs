//! The ways to stop, and the shapes of operations: 12 times 6.

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
    Forced,
    Dropped,
}

impl Way {
    pub(crate) const ALL: [Way; 12] = [
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
        Way::Forced,
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
            Way::Forced => "forced",
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
    /// A parent, P, in a shield of whose body it runs, and which is cancelled (or dropped, with everything).
    Shielded,
    /// It is a task of the group P, which is cancelled (or dropped, with everything).
    Task,
    /// It is a combination of A, which is cancelled, and B.
    Combined,
}

impl Shape {
    pub(crate) const ALL: [Shape; 6] = [
        Shape::Plain,
        Shape::Child,
        Shape::Nested,
        Shape::Shielded,
        Shape::Task,
        Shape::Combined,
    ];
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Shape::Plain => "plain",
            Shape::Child => "child",
            Shape::Nested => "nested",
            Shape::Shielded => "shielded",
            Shape::Task => "task",
            Shape::Combined => "combined",
        })
    }
}
