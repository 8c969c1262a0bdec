//! Ways to cancel, and work that uses everything.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelled, Reason, current_id, current_token, generic};
use smol::stream::{self, Stream, StreamExt};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub(crate) type Cx = generic::Cx<VirtualTime>;
pub(crate) type Op = generic::Operation<VirtualTime>;
pub(crate) type Setup = generic::Cancelable<VirtualTime>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLI: Duration = Duration::from_millis(1);

/// How an operation is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Cancel,
    Timeout,
    Force,
    Parent,
}

pub(crate) const WAYS: [Way; 4] = [Way::Cancel, Way::Timeout, Way::Force, Way::Parent];

/// An operation, and what cancels it.
pub(crate) struct Stage {
    pub(crate) time: VirtualTime,
    pub(crate) parent: Op,
    pub(crate) way: Way,
}

impl Stage {
    pub(crate) fn new(way: Way) -> Self {
        let time = VirtualTime::new();
        let parent = time.operation().build();
        Stage { time, parent, way }
    }

    /// It is cancelled after half a second at the latest, if that is by timeout.
    pub(crate) fn setup(&self) -> Setup {
        let op = self.parent.child();
        match self.way {
            Way::Timeout => op.timeout(SECOND / 2),
            _ => op,
        }
    }

    pub(crate) fn reason(&self) -> Reason {
        match self.way {
            Way::Timeout => Reason::Timeout,
            Way::Parent => Reason::Parent,
            Way::Cancel | Way::Force => Reason::Manual,
        }
    }

    /// Cancels it now.
    pub(crate) fn trigger(&self, op: &Op) {
        match self.way {
            Way::Cancel => drop(op.cancel()),
            Way::Timeout => {
                self.time.advance(SECOND / 2);
                assert!(op.is_cancelled());
            }
            Way::Force => drop(op.force()),
            Way::Parent => drop(self.parent.cancel()),
        }
    }

    /// Runs `run`, and cancels `op` after half a second.
    pub(crate) fn run_and_cancel<T>(&self, op: &Op, run: impl Future<Output = T>) -> T {
        self.time.block_on(async {
            let later = async {
                cancel_std::Timer::sleep(&self.time, SECOND / 2)
                    .await
                    .unwrap();
                match self.way {
                    Way::Timeout => {} // by itself
                    _ => self.trigger(op),
                }
            };
            futures_util::future::join(run, later).await.0
        })
    }
}

/// Whether the work that `cx` belongs to is live, whatever is around it.
pub(crate) fn assert_live(cx: &Cx) {
    assert_eq!(cx.check(), Ok(()));
    assert!(!cx.is_cancelled());
    assert!(!cx.token().is_cancelled());
    assert_eq!((cx.deadline(), cx.remaining()), (None, None));
    let token = current_token().unwrap();
    assert!(!token.is_cancelled());
    assert!(token.id() == cx.token().id());
    assert_eq!(current_id(), Some(cx.id()));
    let current = Cx::current().unwrap();
    assert_eq!(current.check(), Ok(()));
    assert_eq!(current.id(), cx.id());
}

/// Zero to four, one in a second.
fn numbers(cx: &Cx) -> Pin<Box<dyn Stream<Item = i32> + Send + '_>> {
    Box::pin(stream::unfold(0, move |n| async move {
        cx.sleep(SECOND).await;
        (n < 5).then_some((n, n + 1))
    }))
}

/// Work of some seconds that uses everything there is. It must not be cancelled.
pub(crate) async fn ordinary(cx: &Cx) {
    assert_live(cx);
    cx.sleep(SECOND).await; // (a cancel comes after half of it)
    assert_live(cx);
    cx.checkpoint().await.unwrap();

    // Children, with limits of their own.
    let child = cx.child().timeout(1000 * SECOND).build();
    let run = child.run(async |cx| {
        assert_eq!(cx.remaining(), Some(1000 * SECOND));
        cx.sleep(SECOND).await;
        cx.check()
    });
    assert_eq!(run.await, Ok(Ok(())));
    assert_eq!(child.context().parent_id(), Some(cx.id()));
    let limited = cx.child().timeout(SECOND);
    let late = limited.run(async |cx| cx.sleep(Duration::MAX).await);
    assert_eq!(late.await.unwrap_err().reason(), Reason::Timeout);

    // A scope that the user cancels.
    let part = cx.child().build();
    let cancelled = part.run(async |cx| {
        cx.cancel_with("only this one");
        cx.sleep(Duration::MAX).await;
    });
    assert_eq!(
        cancelled.await.unwrap_err().message(),
        Some("only this one")
    );

    // A group.
    let group = cx.child().run_group(async |group| {
        let tasks = [1, 2].map(|n| {
            group.spawn(move |cx| async move {
                cx.sleep(n * SECOND).await;
                n
            })
        });
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(group.await, Ok(3));

    // Threads.
    let in_thread = cx.run_in_thread(|cx| -> Result<u32, Cancelled> {
        assert_live(cx);
        cx.sleep_blocking(SECOND)?;
        cx.child().run_blocking(|cx| cx.sleep_blocking(SECOND))??;
        Ok(7)
    });
    assert_eq!(in_thread.await, Ok(Ok(7)));

    // Streams, also in chunks.
    assert_eq!(
        cx.stream(numbers(cx)).collect::<Vec<_>>().await,
        [0, 1, 2, 3, 4]
    );
    let chunks = cx.stream(numbers(cx)).chunks(2).collect::<Vec<_>>();
    assert_eq!(chunks.await, [vec![0, 1], vec![2, 3], vec![4]]);

    // A shield in it.
    let five = cx.shield(async |cx| {
        assert_live(cx);
        cx.sleep(SECOND).await;
        5
    });
    assert_eq!(five.await, 5);
    let limited = cx.shield_within(SECOND, async |cx| cx.sleep(Duration::MAX).await);
    assert_eq!(limited.await.unwrap_err().reason(), Reason::Timeout);
    assert_live(cx);
}
