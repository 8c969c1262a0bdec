//! Random changes of nested deadlines, against three moments in an array.

use crate::clock::Clock;
use crate::random::Random;
use crate::support::Wakes;
use cancel_core::{Cancelled, Deadline, Instant, Reason, Timer, Token, UntilDeadline};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// When each runs out, and of a timeout how long it is. The first is the outermost.
#[derive(Clone, Copy)]
struct Expected {
    at: [Instant; 3],
    limit: [Option<Duration>; 3],
}

impl Expected {
    /// The earliest of those that hold for a level: of equal ones the outermost.
    fn earliest(&self, level: usize) -> usize {
        let levels = 0..=level;
        levels.min_by_key(|one| self.at[*one]).expect("not empty")
    }

    /// What a timeout says to a level.
    fn check(&self, all: &[&Deadline<'_, Clock>; 3], level: usize, why: &Cancelled) {
        let whose = self.earliest(level);
        assert_eq!(why.root_reason(), Reason::Timeout);
        assert_eq!(why.is_inherited(), whose != level);
        for (one, deadline) in all.iter().enumerate() {
            assert_eq!(why.is_from(*deadline), one == whose);
        }
        if cfg!(feature = "alloc") {
            assert_eq!(limit(why), self.limit[whose]);
        }
    }
}

#[cfg(feature = "alloc")]
fn limit(why: &Cancelled) -> Option<Duration> {
    why.limit()
}

#[cfg(not(feature = "alloc"))]
fn limit(_: &Cancelled) -> Option<Duration> {
    None
}

struct Source<'d> {
    level: usize,
    source: Pin<Box<UntilDeadline<'d, Clock>>>,
    /// Since its last poll.
    wakes: Arc<Wakes>,
    polled: bool,
    /// Of its own deadline, at its last poll.
    until: Instant,
    /// Its own deadline was moved since.
    moved: bool,
}

impl Source<'_> {
    /// It has been woken if a poll would show something new, and for nothing else.
    fn look(&self, expected: &Expected, now: Instant) {
        if self.polled {
            let due = expected.at[self.level] <= now;
            let over = self.until <= now;
            let woken = self.wakes.count() > 0;
            assert!(woken || !(due || over || self.moved), "not woken");
            assert!(!woken || over || self.moved, "woken for nothing");
        }
    }
}

fn round(seed: u64) {
    let mut random = Random::new(seed);
    let clock = Clock::new();
    let mut expected = Expected {
        at: [Instant::FAR_FUTURE; 3],
        limit: [None; 3],
    };
    let first = Deadline::new(clock);
    let second = Deadline::nested(&first);
    let third = Deadline::nested(&second);
    let all = [&first, &second, &third];
    let mut sources: Vec<Source<'_>> = Vec::new();
    for _ in 0..200 {
        let (level, now) = (random.below(3), clock.now());
        let length = SECOND * random.below(6) as u32;
        let mut set = |at, limit| {
            (expected.at[level], expected.limit[level]) = (at, limit);
            let moved = sources.iter_mut().filter(|source| source.level == level);
            moved.for_each(|source| source.moved = true);
        };
        match random.below(12) {
            0..2 => {
                all[level].set_timeout(length);
                set(now + length, Some(length));
            }
            2 => {
                all[level].set_deadline(now + length);
                set(now + length, None);
            }
            3 => {
                all[level].set_deadline(None);
                set(Instant::FAR_FUTURE, None);
            }
            4 if random.below(2) == 0 => clock.advance(SECOND),
            4..6 => sources.push(Source {
                level,
                source: Box::pin(all[level].source()),
                wakes: Arc::default(),
                polled: false,
                until: Instant::FAR_FUTURE,
                moved: false,
            }),
            6 if !sources.is_empty() => {
                drop(sources.swap_remove(random.below(sources.len())));
            }
            7..11 if !sources.is_empty() => {
                let at = random.below(sources.len());
                let source = &mut sources[at];
                let (wakes, waker) = Wakes::new();
                let poll = source
                    .source
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker));
                let own = expected.at[source.level];
                (source.wakes, source.until) = (wakes, own);
                (source.polled, source.moved) = (true, false);
                assert_eq!(poll.is_ready(), own <= now, "seed {seed}");
                if let Poll::Ready(cause) = poll {
                    expected.check(&all, source.level, &cause.into());
                    drop(sources.swap_remove(at));
                }
            }
            _ => {
                let checked = all[level].check(Token::never());
                let earliest = expected.at[expected.earliest(level)];
                assert_eq!(checked.is_err(), earliest <= now, "seed {seed}");
                if let Err(why) = checked {
                    expected.check(&all, level, &why);
                }
                let deadline = (earliest != Instant::FAR_FUTURE).then_some(earliest);
                assert_eq!(all[level].deadline(), deadline, "seed {seed}");
                assert_eq!(all[level].remaining(), deadline.map(|at| at - now));
            }
        }
        let now = clock.now();
        sources
            .iter()
            .for_each(|source| source.look(&expected, now));
    }
}

#[test]
fn as_three_moments_in_an_array() {
    (1..400).for_each(round);
}
