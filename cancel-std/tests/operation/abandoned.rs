//! What nobody polls holds nobody (X4): runs of children and shields that were given up.

use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Timer};
use futures_util::FutureExt;
use futures_util::future::{join_all, select};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

type Ctx = cancel_std::generic::Cx<VirtualTime>;
type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

const LONG: Duration = Duration::from_secs(3600);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A child with a cleanup that notes that it has run.
fn child(cx: &Ctx, closed: &Arc<AtomicU32>) -> Boxed<'static> {
    let closed = closed.clone();
    let child = cx.child().finally(move |cx: Ctx| async move {
        cx.sleep(ms(1)).await;
        closed.fetch_add(1, SeqCst);
    });
    Box::pin(child.run(async |cx| cx.sleep(LONG).await).map(drop))
}

/// A 100 ms operation whose body gives something up and then sleeps: it ends at 100 ms.
fn ends_in_time(name: &str, give_up: impl AsyncFnOnce(&Ctx)) {
    let time = VirtualTime::new();
    let begin = time.now();
    let op = time.operation().timeout(ms(100));
    let run = op.run(async |cx| {
        give_up(cx).await;
        cx.sleep(Duration::from_secs(5)).await;
    });
    let why = time.block_on(run).unwrap_err();
    assert_eq!(why.reason(), Reason::Timeout, "{name}");
    assert_eq!(time.now() - begin, ms(100), "{name}");
}

#[test]
fn x4_a_child_that_lost_a_select() {
    let closed = Arc::new(AtomicU32::new(0));
    ends_in_time("polled once", async |cx| {
        let mut run = child(cx, &closed);
        let _ = select(run.as_mut(), pin!(cx.sleep(ms(10)))).await;
        std::mem::forget(run);
    });
    let mut kept = None;
    ends_in_time("kept", async |cx| {
        let run = kept.insert(child(cx, &closed));
        let _ = select(run.as_mut(), pin!(cx.sleep(ms(10)))).await;
    });
    ends_in_time("dropped", async |cx| {
        let run = child(cx, &closed);
        let _ = select(run, pin!(cx.sleep(ms(10)))).await;
    });
}

#[test]
fn x4_a_shield_that_lost_a_select() {
    ends_in_time("forgotten", async |cx| {
        let mut shield = Box::pin(cx.shield_future(pending::<()>()));
        let _ = select(shield.as_mut(), pin!(cx.sleep(ms(10)))).await;
        std::mem::forget(shield);
    });
    ends_in_time("many", async |cx| {
        for _ in 0..100 {
            let mut shield = Box::pin(cx.shield_future(pending::<()>()));
            assert!(futures_util::poll!(shield.as_mut()).is_pending());
            std::mem::forget(shield);
        }
    });
}

/// The cancel comes while the child's own cleanup runs, which is given up later.
#[test]
fn x4_given_up_after_the_cancel() {
    let time = VirtualTime::new();
    let begin = time.now();
    let op = time.operation().timeout(ms(100));
    let run = op.run(async |cx| {
        let endless = cx.child().finally(|_| pending());
        let mut run = Box::pin(endless.run(async |_| ()));
        let wait = cx.runtime().sleep(ms(300));
        let _ = select(run.as_mut(), pin!(wait)).await;
        let _ = cx.runtime().sleep(LONG).await;
        drop(run);
    });
    assert!(time.block_on(run).is_err());
    assert_eq!(time.now() - begin, ms(300));
}

/// However the children are polled, their cleanups run.
#[test]
fn x4_children_that_are_polled_keep_their_cleanups() {
    const MANY: u32 = 50;
    type Together = fn(Vec<Boxed<'static>>) -> Boxed<'static>;
    let ways: [(&str, Together); 4] = [
        ("join_all", |all| Box::pin(join_all(all).map(drop))),
        ("FuturesUnordered", |all| {
            let all: FuturesUnordered<_> = all.into_iter().collect();
            Box::pin(all.for_each(|()| async {}))
        }),
        ("buffer_unordered", |all| {
            let all = stream::iter(all).buffer_unordered(MANY as usize);
            Box::pin(all.for_each(|()| async {}))
        }),
        ("select", |all| {
            let all: FuturesUnordered<_> = all.into_iter().collect();
            let all = all.for_each(|()| async {});
            Box::pin(select(pending::<()>(), Box::pin(all)).map(drop))
        }),
    ];
    for (name, together) in ways {
        let closed = Arc::new(AtomicU32::new(0));
        let time = VirtualTime::new();
        let begin = time.now();
        let op = time.operation().timeout(ms(100));
        let run = op.run(async |cx| {
            let children = (0..MANY).map(|_| child(cx, &closed)).collect();
            together(children).await;
            cx.runtime().sleep(LONG).await
        });
        assert!(time.block_on(run).is_err(), "{name}");
        assert_eq!(closed.load(SeqCst), MANY, "{name}");
        assert_eq!(time.now() - begin, ms(101), "{name}");
    }
}
