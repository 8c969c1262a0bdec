//! Resource limits, on the machine that the tests run on.

use cancel_std::{BuildError, Cancelable, Reason, Resources, Source, Std};
use smol::block_on;
use std::future::pending;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

fn error(limits: Resources) -> String {
    let built: Result<Source<Std>, BuildError> = limits.build();
    built.unwrap_err().to_string()
}

#[test]
fn limits_that_are_passed_cancel() {
    let here = std::env::current_dir().unwrap();
    for (limits, beginning) in [
        (Resources::new().memory_above(0.0), "memory at "),
        (Resources::new().memory_left_below(u64::MAX), "memory has "),
        (
            Resources::new().process_memory_above(0),
            "process memory at ",
        ),
        (Resources::new().disk_above(".", 0.0), "disk . at "),
        (Resources::new().disk_left_below(here, u64::MAX), "disk "),
    ] {
        let op = Cancelable::with_resources(limits).unwrap();
        let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);
        let message = cancelled.message().unwrap();
        assert!(message.starts_with(beginning), "{message}");
        assert!(message.contains(", limit "), "{message}");
    }
}

#[test]
fn limits_that_are_kept_do_not() {
    let limits = Resources::new()
        .memory_left_below(1)
        .process_memory_above(u64::MAX - 1)
        .disk_left_below(".", 1)
        .cpu_above(99.999)
        .every(MS);
    let op = Cancelable::with_resources(limits).unwrap().build();
    let run = op.run(async |cx| {
        cx.sleep(20 * MS).await;
        5
    });
    assert_eq!(block_on(run), Ok(5));
    assert_eq!(op.context().error(), None);
}

/// DEFECTS 29: what cannot be meant is refused, when it is built.
#[test]
fn limits_without_meaning_are_refused() {
    for (percent, shown) in [
        (f64::NAN, "NaN"),
        (-1.0, "-1"),
        (100.0, "100"),
        (950.0, "950"),
        (f64::INFINITY, "inf"),
    ] {
        for (limits, what) in [
            (Resources::new().memory_above(percent), "memory"),
            (Resources::new().cpu_above(percent), "CPU"),
            (Resources::new().disk_above("/", percent), "disk /"),
        ] {
            assert_eq!(
                error(limits),
                format!("a limit of {shown} % for {what}: it has to be from 0 to below 100")
            );
        }
    }
    let never = "a limit for memory that can never be passed";
    assert_eq!(error(Resources::new().memory_left_below(0)), never);
    let never = "a limit for process memory that can never be passed";
    assert_eq!(
        error(Resources::new().process_memory_above(u64::MAX)),
        never
    );
    assert_eq!(error(Resources::new()), "resources without any limit");
    assert_eq!(
        error(Resources::default().cpu_above(50.0).every(Duration::ZERO)),
        "the interval between two checks is zero; it has to be longer"
    );
}

#[test]
fn unknown_paths_are_refused() {
    let text = error(Resources::new().disk_above("/no/such/path", 95.0));
    assert!(text.starts_with("disk /no/such/path: "), "{text}");
    #[cfg(target_os = "linux")]
    assert_eq!(
        error(Resources::new().disk_above("/proc", 95.0)),
        "disk /proc: is on no disk"
    );
}

#[test]
fn they_go_with_other_sources() {
    let op = Cancelable::any([
        Source::timeout(5 * MS),
        Resources::new()
            .memory_left_below(1)
            .every(LONG)
            .build()
            .unwrap(),
    ]);
    let cancelled = block_on(op.run(async |cx| cx.sleep(LONG).await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
}
