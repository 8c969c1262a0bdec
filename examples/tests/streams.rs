//! Runs the programs of `04_streams/`, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::run;

#[test]
fn lines() {
    assert_eq!(
        run("01_lines"),
        [
            "All of it:",
            "100 lines",
            "200 lines",
            "250/250 lines",
            "The sum is 31375",
            "Status: completed",
            "Read 250 lines, the last: [\"249\", \"250\"]",
            "A line that is no number:",
            "100 lines",
            "Failed: invalid digit found in string",
            "Status: failed",
            "Read 130 lines, the last: [\"129\", \"one hundred and thirty\"]",
            "Stopped in the middle:",
            "100 lines",
            "200 lines",
            "Stopped: cancelled: manual: the user pressed stop",
            "Status: cancelled",
            "Read 210 lines, the last: [\"209\", \"stop\"]",
        ]
    );
}

#[test]
fn paginated() {
    assert_eq!(
        run("02_paginated"),
        [
            "A server that answers:",
            "fetched 0..4",
            "fetched 4..8",
            "storing [0, 1, 2, 3, 4]",
            "fetched 8..12",
            "storing [5, 6, 7, 8, 9]",
            "fetched 12..13",
            "storing [10, 11, 12]",
            "Stored all 13",
            "Progress: 13/13 records",
            "Fetched and not stored: []",
            "A server that gets stuck:",
            "fetched 0..4",
            "fetched 4..8",
            "storing [0, 1, 2, 3, 4]",
            "Stopped: cancelled: timeout of 200ms of \"copy\"",
            "Progress: 5 records",
            "Fetched and not stored: [5, 6, 7]",
        ]
    );
}

#[test]
fn slow_network() {
    let (a, b, c) = ("21.5 °C", "21.7 °C", "22.0 °C");
    let kept = "Kept: [\"21.5 °C\", \"21.7 °C\", \"22.0 °C\"]";
    assert_eq!(
        run("03_slow_network"),
        [
            "A server that closes the connection:",
            a,
            b,
            c,
            "Complete: 3 readings",
            kept,
            "A server that falls silent, and a timeout:",
            a,
            b,
            c,
            "Stopped: cancelled: timeout of 300ms",
            kept,
            "A server that falls silent, and a user who does not wait:",
            a,
            b,
            c,
            "Stopped: cancelled: manual: three are enough",
            kept,
        ]
    );
}
