//! Flags: events instead of polling.

use crate::support::{LONG, SECOND, Virtual, Wakes};
use crate::tools::{MS, block_on};
use cancel_std::{Cancelable, Flag, Reason, Source};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

#[test]
fn it_is_set_once_and_says_why() {
    let flag = Flag::new();
    assert!(!flag.is_set());
    assert!(flag.clone().set_with("queue over 1000"));
    assert!(flag.is_set());
    assert!(!flag.set() && !flag.set_with("too late"));
    let cause = block_on(flag.wait());
    assert_eq!(cause.reason(), Reason::Condition);
    assert_eq!(cause.message(), Some("queue over 1000"));
    let plain = Flag::default();
    assert!(plain.set());
    assert_eq!(block_on(plain.wait()).message(), Some("flag set"));
}

#[test]
fn it_wakes_without_polling() {
    let time = Virtual::new();
    let flag = Flag::new();
    let op = time.op().source(&flag);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    let wakes = Arc::new(Wakes::default());
    assert!(wakes.poll(run.as_mut()).is_pending());
    time.advance(1000 * SECOND);
    assert_eq!((time.armed(), wakes.take()), (0, 0));
    flag.set_with("stop");
    assert!(wakes.take() > 0);
    let Poll::Ready(Err(cancelled)) = wakes.poll(run.as_mut()) else {
        panic!("it goes on");
    };
    assert_eq!(cancelled.reason(), Reason::Condition);
    assert_eq!(cancelled.message(), Some("stop"));
}

#[test]
fn any_number_watch_it() {
    let flag = Flag::new();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let op = Cancelable::new().source(&flag);
            smol::spawn(op.run(async |cx| cx.sleep(LONG).await))
        })
        .collect();
    let waiter = thread::spawn({
        let flag = flag.clone();
        move || flag.token().wait()
    });
    let setter = thread::spawn({
        let flag = flag.clone();
        move || flag.set_with("all of you")
    });
    for task in tasks {
        let cancelled = block_on(task).unwrap_err();
        assert_eq!(cancelled.message(), Some("all of you"));
    }
    assert!(setter.join().unwrap());
    assert_eq!(waiter.join().unwrap().reason(), Reason::Condition);
}

#[test]
fn one_that_is_set_beforehand_keeps_the_body_from_starting() {
    let flag = Flag::new();
    flag.set();
    let op = Cancelable::new().source(&flag).build();
    assert!(op.is_cancelled());
    let cancelled: Result<(), _> = block_on(op.run(async |_| unreachable!()));
    assert_eq!(cancelled.unwrap_err().reason(), Reason::Condition);
}

#[test]
fn watching_is_one_way_and_a_lost_flag_never_fires() {
    let flag = Flag::new();
    let op = Cancelable::new().source(&flag).build();
    op.cancel();
    assert!(!flag.is_set());

    let op = Cancelable::with_timeout(5 * MS).source(&Flag::new());
    let run = op.run(async |cx| cx.sleep(LONG).await);
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn it_combines() {
    let (one, two) = (Flag::new(), Flag::new());
    let op = Cancelable::all([Source::from(&one), Source::from(&two)]);
    let run = op.run(async |cx| {
        one.set_with("one");
        cx.sleep(2 * MS).await;
        assert!(!cx.is_cancelled());
        two.set_with("two");
        cx.sleep(LONG).await;
    });
    assert_eq!(block_on(run).unwrap_err().message(), Some("two"));
}
