//! Runs the programs about conditions and resources, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run};

/// The part of the output that begins with this line.
fn part<'a>(lines: &'a [String], title: &str) -> &'a [String] {
    let start = lines.iter().position(|line| line == title);
    let start = start.unwrap_or_else(|| panic!("`{title}` is missing in {lines:#?}"));
    let end = lines[start + 1..]
        .iter()
        .position(|line| line.ends_with(':'))
        .map_or(lines.len(), |length| start + 1 + length);
    &lines[start..end]
}

#[track_caller]
fn seconds(lines: &[String]) -> f64 {
    let line = lines.iter().find_map(|line| line.strip_prefix("After "));
    let number = line.expect("a duration").trim_end_matches('s');
    number.parse().expect("seconds")
}

#[test]
fn condition_cancelation() {
    let lines = run("07_condition_cancelation");
    let end = ["Final status: cancelled", "Cancel reason: condition"];
    let files = part(&lines, "A file processor, until its disk is almost full:");
    assert_lines(
        files,
        &[
            end[0],
            end[1],
            "Message: condition \"disk space monitor\" met",
        ],
    );
    // Eight files of 8 KiB fill it, and there is a pause after each.
    assert!(seconds(files) >= 0.2, "{files:#?}");

    let polled = part(&lines, "A job that looks at a flag every second:");
    let message = "Message: condition in \"polled_job\" met";
    assert_lines(polled, &["Stopping the job...", end[0], end[1], message]);
    // Looks at once, after 0.1 s, after 0.2 s.
    assert!(seconds(polled) >= 0.19, "{polled:#?}");

    let woken = part(&lines, "A job that the flag itself wakes:");
    let message = "Message: stopped by the operator";
    assert_lines(woken, &["Stopping the job...", end[0], end[1], message]);
    assert!(seconds(woken) >= 0.11, "{woken:#?}");

    let queue = part(&lines, "A reader that gives up when its queue is too long:");
    let message = "Message: condition \"queue over 3\" met";
    assert_lines(queue, &["Queue: 3", "Queue: 4", end[0], end[1], message]);
    assert!(!queue.iter().any(|line| line == "Queue: 5"));

    let licence = part(
        &lines,
        "Work that lasts as long as a licence server says yes:",
    );
    let message = "Message: condition \"licence revoked\" met";
    assert_lines(licence, &[end[0], end[1], message]);
    // Three questions and two pauses.
    assert!(seconds(licence) >= 0.08, "{licence:#?}");
    assert_lines(
        &lines,
        &["Not built: the interval between two checks is zero*"],
    );
}

#[test]
fn resource_monitoring() {
    let lines = run("10_resource_monitoring");
    let end = ["Final status: cancelled", "Cancel reason: condition"];
    let kept = part(&lines, "A small job, within its limits:");
    assert_lines(kept, &["Final status: completed"]);

    let cache = part(
        &lines,
        "A cache that grows, until the process holds 96 MiB:",
    );
    let message = "Message: process memory at *";
    assert_lines(cache, &[end[0], end[1], message]);
    assert!(cache[3].ends_with(" MiB, limit 96 MiB"), "{cache:#?}");

    let busy = part(&lines, "A job that leaves the processors to all others:");
    assert_lines(busy, &[end[0], end[1], "Message: CPU at *"]);
    assert!(busy[3].ends_with(" %, limit 0 %"), "{busy:#?}");

    assert_lines(
        &lines,
        &[
            "Not built: resources without any limit",
            "Not built: a limit of NaN % for memory: it has to be from 0 to below 100",
            "Not built: disk /no/such/folder: *",
        ],
    );
}
