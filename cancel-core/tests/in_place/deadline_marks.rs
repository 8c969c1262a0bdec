//! Whom a change of a deadline wakes: those who were waiting when it was made, and nobody else.

use crate::clock::Clock;
use crate::support::Wakes;
use cancel_core::{Deadline, UntilDeadline};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

type Source = Pin<Box<UntilDeadline<'static, Clock>>>;

/// Polls its source as soon as it is woken, and moves the deadline first if it is to.
struct Eager {
    deadline: &'static Deadline<'static, Clock>,
    moves: Mutex<u32>,
    source: Mutex<Option<Source>>,
    wakes: Arc<Wakes>,
}

impl Eager {
    fn new(
        deadline: &'static Deadline<'static, Clock>,
        moves: u32,
        wakes: &Arc<Wakes>,
    ) -> Arc<Self> {
        let eager = Arc::new(Eager {
            deadline,
            moves: Mutex::new(moves),
            source: Mutex::new(Some(Box::pin(deadline.source()))),
            wakes: wakes.clone(),
        });
        eager.clone().poll();
        eager
    }

    fn poll(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut source = self.source.lock().unwrap();
        let polled = source
            .as_mut()
            .unwrap()
            .as_mut()
            .poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }

    /// (Its waker is in the list, which would keep it.)
    fn end(&self) {
        drop(self.source.lock().unwrap().take());
    }
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        self.wakes.clone().wake();
        self.clone().poll();
        let moves = {
            let mut moves = self.moves.lock().unwrap();
            *moves = moves.saturating_sub(1);
            *moves > 0
        };
        if moves {
            self.deadline.set_timeout(2 * SECOND);
        }
    }
}

fn deadline() -> &'static Deadline<'static, Clock> {
    Box::leak(Box::new(Deadline::new(Clock::new()).timeout(SECOND)))
}

/// However many sources there are that do not wait, forgotten ones among them.
#[test]
fn x67_a_source_that_has_seen_the_change_is_not_woken_again() {
    let deadline = deadline();
    let (wakes, _) = Wakes::new();
    let idle: Vec<_> = (0..10).map(|_| deadline.source()).collect();
    (0..10).for_each(|_| std::mem::forget(deadline.source()));
    let eager = [1, 1, 1].map(|_| Eager::new(deadline, 0, &wakes));
    for round in 1..=5 {
        deadline.set_timeout(SECOND);
        assert_eq!(wakes.count(), 3 * round);
    }
    eager.iter().for_each(|eager| eager.end());
    deadline.set_timeout(SECOND);
    assert_eq!(wakes.count(), 15);
    drop(idle);
}

/// Changes inside of changes: each wakes those who were waiting when it was made, and the last one
/// all of them.
#[test]
fn x67_a_change_takes_out_the_marks_of_those_around_it() {
    let deadline = deadline();
    let (wakes, _) = Wakes::new();
    let eager = [0, 4, 3, 0].map(|moves| Eager::new(deadline, moves, &wakes));
    deadline.set_timeout(SECOND);
    assert!(wakes.count() >= 4);
    assert_eq!(deadline.remaining(), Some(2 * SECOND));
    // No mark is left in the list.
    for round in 1..=3 {
        let before = wakes.count();
        deadline.set_timeout(SECOND);
        assert_eq!(wakes.count(), before + 4, "{round}");
    }
    eager.iter().for_each(|eager| eager.end());
    let mut last = Box::pin(deadline.source());
    let (count, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    assert!(last.as_mut().poll(&mut cx).is_pending());
    deadline.set_timeout(Duration::ZERO);
    assert_eq!(count.count(), 1);
    assert!(last.as_mut().poll(&mut cx).is_ready());
}
