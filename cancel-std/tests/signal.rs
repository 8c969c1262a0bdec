//! Signals, for real: sent by `kill` to processes of their own, which are this test program, run as
//! the test `child` with a scenario.
#![cfg(unix)]

#[path = "signal/support.rs"]
mod support;

#[path = "signal/build.rs"]
mod build;
#[path = "signal/end.rs"]
mod end;
#[path = "signal/hear.rs"]
mod hear;
#[path = "signal/second.rs"]
mod second;
#[path = "signal/stress.rs"]
mod stress;

/// The other side of the tests: does nothing without a scenario.
#[test]
fn child() {
    let Ok(scenario) = std::env::var(support::SCENARIO) else {
        return;
    };
    let all = [
        hear::CHILDREN,
        end::CHILDREN,
        second::CHILDREN,
        stress::CHILDREN,
    ];
    let found = all.concat().into_iter().find(|(name, _)| *name == scenario);
    let (_, run) = found.expect("a scenario");
    run();
}
