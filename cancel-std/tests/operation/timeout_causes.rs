//! Timeouts that say what they mean.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cause, Instant, Reason, Source, generic};
use std::time::Duration;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// `context.WithTimeoutCause`: the timeout that ends it says what it means.
#[test]
fn e5_a_timeout_with_a_cause_stays_a_timeout() {
    let time = VirtualTime::new();
    let gone = || std::io::Error::other("no route to host");
    let cause = || {
        Cause::new(Reason::Shutdown)
            .with_message("no answer")
            .with_error(gone())
    };
    for op in [
        time.operation()
            .name("login")
            .timeout_with(secs(2), cause()),
        time.operation()
            .name("login")
            .timeout(secs(3))
            .timeout_with(secs(2), cause())
            .timeout(secs(9)),
        time.operation()
            .name("login")
            .source(Source::timeout_with(secs(2), cause())),
        time.operation().timeout(secs(5)).combine(
            time.operation()
                .name("login")
                .timeout_with(secs(2), cause()),
        ),
        time.operation()
            .name("login")
            .source(Source::all([Source::timeout_with(secs(2), cause())])),
    ] {
        let op = op.build();
        let before = time.now();
        let cancelled = time
            .block_on(op.run(async |cx| cx.sleep(Duration::MAX).await))
            .unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Timeout);
        assert_eq!(
            cancelled.to_string(),
            "cancelled: timeout of 2s of \"login\": no answer"
        );
        assert_eq!(
            std::error::Error::source(&cancelled).unwrap().to_string(),
            "no route to host"
        );
        assert_eq!(
            std::io::Error::from(cancelled).kind(),
            std::io::ErrorKind::TimedOut
        );
        assert_eq!(time.now() - before, secs(2));
    }
}

#[test]
fn e5_the_cause_of_another_limit_is_not_told() {
    let time = VirtualTime::new();
    let from = |op: generic::Cancelable<VirtualTime>| {
        let run = op.run(async |cx| cx.sleep(Duration::MAX).await);
        time.block_on(run).unwrap_err().message().map(String::from)
    };
    let slow = || time.operation().timeout_with(secs(2), "slow");
    assert_eq!(from(slow().timeout(secs(1))), None);
    assert_eq!(
        from(slow().timeout_with(secs(1), "slower")).as_deref(),
        Some("slower")
    );
    assert_eq!(
        from(slow().combine(time.operation().timeout(secs(1)))),
        None
    );
    assert_eq!(
        from(time.operation().timeout(secs(1)).combine(slow())),
        None
    );
    assert_eq!(from(slow().deadline(time.now() + secs(1))), None);
    assert_eq!(from(slow().timeout(secs(2))).as_deref(), Some("slow"));
}

#[test]
fn e5_the_cause_stays_when_the_timeout_is_moved() {
    let time = VirtualTime::new();
    let op = time.operation().timeout_with(secs(2), "slow").build();
    op.set_timeout(secs(7));
    let cancelled = time
        .block_on(op.run(async |cx| cx.sleep(Duration::MAX).await))
        .unwrap_err();
    assert_eq!(
        (cancelled.message(), time.now()),
        (Some("slow"), Instant::EPOCH + secs(7))
    );
    let zero = time
        .operation()
        .timeout_with(Duration::ZERO, "no time at all");
    let cancelled = time.block_on(zero.run(async |_| ())).unwrap_err();
    assert_eq!(
        cancelled.to_string(),
        "cancelled: timeout of 0ns: no time at all"
    );
}
