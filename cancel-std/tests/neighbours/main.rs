//! What users of other systems expect, as cases: one file for each system.
//!
//! Each test is named after a behaviour. Its first comment line says what the other system documents, and
//! where. If this library differs on purpose, the test shows what happens here, and the comment says why.

mod anyio;
mod errgroup;
mod kotlin;
mod swift;
mod task_tracker;
mod trio;

use cancel_std::testing::VirtualTime;
use cancel_std::{Instant, Spawn, Timer, generic};
use std::time::Duration;

type Cx = generic::Cx<VirtualTime>;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(secs: u64) -> Instant {
    Instant::EPOCH + Duration::from_secs(secs)
}

/// Has another task act after that time.
fn later(time: &VirtualTime, after: Duration, act: impl FnOnce() + Send + 'static) {
    let sleep = time.sleep(after);
    let task = async move {
        sleep.await.unwrap();
        act();
    };
    time.spawn(task).unwrap();
}
