//! Threads that meet: all work on what one of them has made, then that one looks at the result.

use crate::Config;
use cancel_tests::Rng;
use cancel_tests::spin::Spin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// A barrier made of one counter.
struct Gate {
    arrived: AtomicUsize,
    threads: usize,
}

impl Gate {
    fn wait(&self) {
        let before = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (before / self.threads + 1) * self.threads;
        let mut spins = 0;
        while self.arrived.load(Ordering::Acquire) < all {
            spins += 1;
            match spins < 200 {
                true => std::hint::spin_loop(),
                false => thread::yield_now(),
            }
        }
    }
}

/// At least one round; then until the time is over.
pub(crate) fn rounds<R: Send + Sync>(
    config: Config,
    make: impl Fn(&mut Rng) -> R + Sync,
    act: impl Fn(&R, usize, &mut Rng) + Sync,
    look: impl Fn(R) + Sync,
) {
    let start = Instant::now();
    let round: Spin<Option<Arc<R>>> = Spin::new(None);
    let gate = Gate {
        arrived: AtomicUsize::new(0),
        threads: config.threads,
    };
    let (round, gate, make, act, look) = (&round, &gate, &make, &act, &look);
    let body = move |me: usize| {
        let mut rng = Rng::new(me as u64);
        let mut first = true;
        loop {
            if me == 0 && (first || start.elapsed() < config.time) {
                drop(round.replace(Some(Arc::new(make(&mut rng)))));
            }
            first = false;
            gate.wait();
            let Some(mine) = round.with(|round| round.clone()) else {
                return;
            };
            act(&mine, me, &mut rng);
            drop(mine);
            gate.wait();
            if me == 0 {
                let all = round.replace(None).and_then(Arc::into_inner);
                look(all.expect("the others have let go"));
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..config.threads)
            .map(|me| scope.spawn(move || body(me)))
            .collect();
        // For real, not by the scope's count: their memory is gone afterwards.
        threads.into_iter().for_each(|t| t.join().expect("joined"));
    });
}

/// A short wait of random length, so that the threads meet in ever other places.
pub(crate) fn dither(rng: &mut Rng) {
    (0..rng.below(400)).for_each(|_| std::hint::spin_loop());
}
