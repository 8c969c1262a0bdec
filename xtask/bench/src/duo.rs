//! Two threads that work at the same time, and proof that they did.
//!
//! Both threads live as long as the program, each pinned to a core of its own where that can be
//! done. For a sample they meet at a spin gate, start together, and note when they started and
//! ended. If they did not run side by side for four fifths of the time from the first start to the
//! last end, one of them was preempted, the sample measured serial execution, and it is taken again.

use std::cell::Cell;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What a thread does: so many operations.
pub(crate) type Work = Arc<dyn Fn(u64) + Send + Sync>;

/// Least share of the span in which both threads must have been at work.
const OVERLAP: f64 = 0.8;
/// Spans below this are calibration; a thread's wake-up from the gate alone can spoil their overlap.
const MEANINGFUL: Duration = Duration::from_micros(300);
/// How often a sample is taken again before the best one is accepted.
pub(crate) const RETAKES: u32 = 30;

struct Order {
    operations: u64,
    work: Work,
    gate: Arc<AtomicUsize>,
    answer: Sender<(Instant, Instant)>,
}

/// The two threads.
pub(crate) struct Duo {
    threads: [Sender<Order>; 2],
    pinned: bool,
    retakes: Cell<u64>,
    given_up: Cell<u64>,
}

impl Duo {
    pub(crate) fn new() -> Self {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let mut pinned = cores.len() >= 2;
        let threads = [0, 1].map(|i| {
            let (sender, orders) = channel();
            let (report, done) = channel();
            let core = if cores.len() >= 2 {
                Some(cores[i])
            } else {
                None
            };
            thread::Builder::new()
                .name(format!("duo-{i}"))
                .spawn(move || {
                    let _ = report.send(core.is_some_and(core_affinity::set_for_current));
                    serve(&orders);
                })
                .expect("a thread can be started");
            pinned &= done.recv().unwrap_or(false);
            sender
        });
        Duo {
            threads,
            pinned,
            retakes: Cell::new(0),
            given_up: Cell::new(0),
        }
    }

    /// Whether each thread has a core to itself.
    pub(crate) fn pinned(&self) -> bool {
        self.pinned
    }

    /// Samples that were taken again, and samples for which that did not help.
    pub(crate) fn troubles(&self) -> (u64, u64) {
        (self.retakes.get(), self.given_up.get())
    }

    pub(crate) fn note_retake(&self) {
        self.retakes.set(self.retakes.get() + 1);
    }

    pub(crate) fn note_given_up(&self) {
        self.given_up.set(self.given_up.get() + 1);
    }

    /// Both threads do `operations`; the time from the first start to the last end, in a sample in
    /// which they overlapped.
    pub(crate) fn sample(&self, operations: u64, work: &Work) -> Duration {
        let mut best = (0.0, Duration::ZERO);
        for _ in 0..=RETAKES {
            let [one, two] = self.once(operations, work, work);
            let span = one.1.max(two.1) - one.0.min(two.0);
            let both = one.1.min(two.1).saturating_duration_since(one.0.max(two.0));
            let overlap = both.as_secs_f64() / span.as_secs_f64().max(1e-9);
            if overlap >= OVERLAP || span < MEANINGFUL {
                return span;
            }
            if overlap >= best.0 {
                best = (overlap, span);
            }
            self.note_retake();
        }
        self.note_given_up();
        best.1
    }

    /// One run of two different works, with their starts and ends.
    pub(crate) fn once(&self, operations: u64, one: &Work, two: &Work) -> [(Instant, Instant); 2] {
        let gate = Arc::new(AtomicUsize::new(0));
        let answers = [one, two]
            .map(Arc::clone)
            .into_iter()
            .zip(&self.threads)
            .map(|(work, to)| {
                let (answer, receiver) = channel();
                to.send(Order {
                    operations,
                    work,
                    gate: Arc::clone(&gate),
                    answer,
                })
                .expect("the threads run until the program ends");
                receiver
            });
        let answers: Vec<Receiver<(Instant, Instant)>> = answers.collect();
        [0, 1].map(|i| {
            answers[i]
                .recv()
                .expect("the work of a thread does not panic")
        })
    }
}

fn serve(orders: &Receiver<Order>) {
    while let Ok(Order {
        operations,
        work,
        gate,
        answer,
    }) = orders.recv()
    {
        // AcqRel: whoever passes the gate has seen the other arrive.
        gate.fetch_add(1, Ordering::AcqRel);
        let mut spins = 0_u32;
        while gate.load(Ordering::Acquire) < 2 {
            hint::spin_loop();
            spins += 1;
            if spins % (1 << 16) == 0 {
                thread::yield_now(); // one core for both threads, or a long wait for the other
            }
        }
        let start = Instant::now();
        work(operations);
        let end = Instant::now();
        let _ = answer.send((start, end));
    }
}
