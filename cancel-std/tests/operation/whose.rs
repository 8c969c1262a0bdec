//! Whose timeout it was, in the error and in what it prints.

use cancel_std::testing::VirtualTime;
use cancel_std::{Source, generic};
use std::time::Duration;

/// What is printed says which limit of which operation it was, wherever it is seen.
#[test]
fn x14_whose_timeout() {
    let time = VirtualTime::new();
    let texts = |op: generic::Cancelable<VirtualTime>| {
        let op = op.build();
        let why = time.block_on(op.run(async |cx| cx.sleep(Duration::MAX).await));
        let why = why.unwrap_err();
        assert!(why.is_from(&op), "{why:?}");
        (why.to_string(), why.limit())
    };
    let secs = Duration::from_secs;
    let two = Some(secs(2));
    let of = |text: &str, limit| (format!("cancelled: timeout{text}"), limit);
    assert_eq!(texts(time.operation().timeout(secs(2))), of(" of 2s", two));
    let named = || time.operation().name("download");
    assert_eq!(
        texts(named().timeout(secs(2))),
        of(" of 2s of \"download\"", two)
    );
    let source = named().source(Source::timeout(secs(2)));
    assert_eq!(texts(source), of(" of 2s of \"download\"", two));
    // The earlier of two limits; a deadline has no length.
    let deadline = time.now() + secs(1);
    let both = named().timeout(secs(2)).deadline(deadline);
    assert_eq!(texts(both), of(" of \"download\"", None));
    let both = named().timeout(secs(2)).deadline(time.now() + secs(3));
    assert_eq!(texts(both), of(" of 2s of \"download\"", two));
    // Another one while it runs.
    let op = named().timeout(secs(60));
    let why = time.block_on(op.run(async |cx| {
        cx.operation().set_timeout(secs(2));
        cx.sleep(Duration::MAX).await;
    }));
    assert_eq!(why.unwrap_err().limit(), two);
    // Looked at, not waited for.
    let op = named().timeout(Duration::ZERO);
    let why = time.block_on(op.run(async |cx| cx.check().unwrap_err()));
    assert_eq!(why.unwrap_err().limit(), Some(Duration::ZERO));
}

/// Nested timeouts of one length differ, and say whose they are.
#[test]
fn x14_nested_timeouts_differ() {
    let time = VirtualTime::new();
    let limit = Duration::from_secs(2);
    let outer = time.operation().name("outer").timeout(limit).build();
    let inner = time.operation().name("inner").timeout(limit).build();
    let mut seen = None;
    let run = outer.run(async |_| {
        seen = Some(inner.run(async |cx| cx.sleep(Duration::MAX).await).await);
        std::future::pending::<()>().await;
    });
    let outer_why = time.block_on(run).unwrap_err();
    assert!(outer_why.is_from(outer.token()) && outer_why.is_from(&outer));
    assert!(!outer_why.is_from(&inner));
    assert_eq!(outer_why.origin_name(), Some("outer"));
    if let Some(Err(why)) = seen {
        assert_ne!(why, outer_why);
        assert!(why.is_from(inner.token()) != why.is_from(outer.token()));
        assert!(why.is_from(&inner) != why.is_from(&outer));
    }
}
