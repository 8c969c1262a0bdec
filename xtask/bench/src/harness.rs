//! Sampling and statistics.
//!
//! A *row* asks one question of several *contestants*. They are sampled in one process in
//! alternation: a round takes one sample of each, in an order that is shuffled anew for every round,
//! so that whatever disturbs the machine (clock changes, neighbours, a filling heap) meets all of
//! them alike. A contestant's figure is the median of its samples. Its ratio is the **median of the
//! rounds' ratios**, each of two samples that were taken within milliseconds of each other.

use std::time::{Duration, Instant};

use crate::Env;
use crate::alloc::tidy;

/// Runs as many units of work as it is told and returns the time that they took, set-up excluded.
pub(crate) type Sampler = Box<dyn FnMut(u64) -> Duration>;

/// One library in one row.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Operations in a unit of work: figures are per operation.
    pub(crate) per_unit: u64,
    pub(crate) sampler: Sampler,
}

/// One line of the table before it is measured.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The contestant that ratios are taken to.
    pub(crate) reference: &'static str,
    pub(crate) build: fn(&Env) -> Vec<Contestant>,
}

/// How long and how often to sample.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) sample: Duration,
}

/// What came out for one contestant.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) ns: f64,
    pub(crate) ratio: f64,
    /// First and third quartile of the rounds' ratios.
    pub(crate) quartiles: (f64, f64),
}

/// A measured row.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) figures: Vec<Figure>,
}

impl Measured {
    /// The figure of a contestant, if it takes part in the row.
    pub(crate) fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

/// A contestant that does one operation in a tight loop.
pub(crate) fn looped<F: FnMut() + 'static>(name: &'static str, mut operation: F) -> Contestant {
    let sampler = move |units: u64| {
        let start = Instant::now();
        for _ in 0..units {
            operation();
        }
        start.elapsed()
    };
    Contestant {
        name,
        per_unit: 1,
        sampler: Box::new(sampler),
    }
}

/// A contestant of which only `timed` counts: not `setup`, nor the drop of what `timed` returns.
pub(crate) fn batched<S: 'static, R>(
    name: &'static str,
    per_unit: u64,
    mut setup: impl FnMut() -> S + 'static,
    mut timed: impl FnMut(S) -> R + 'static,
) -> Contestant {
    sampled(name, per_unit, move || {
        let state = setup();
        let start = Instant::now();
        let rest = timed(state);
        let time = start.elapsed();
        drop(rest);
        time
    })
}

/// A contestant that times each unit of its work by itself, on a tidy heap.
pub(crate) fn sampled(
    name: &'static str,
    per_unit: u64,
    mut unit: impl FnMut() -> Duration + 'static,
) -> Contestant {
    let mut tidy_unit = move || {
        tidy();
        unit()
    };
    let sampler = move |units: u64| (0..units).map(|_| tidy_unit()).sum();
    Contestant {
        name,
        per_unit,
        sampler: Box::new(sampler),
    }
}

/// Finds the units of work that fill a sample; warms up on the way.
fn calibrate(sampler: &mut Sampler, sample: Duration) -> u64 {
    let mut units = 1;
    loop {
        let time = sampler(units);
        if time >= sample {
            return units;
        }
        // A tenth more than it takes, in steps of at most a hundred: the first samples are cold.
        let grow = 1.1 * sample.as_secs_f64() / time.as_secs_f64().max(1e-9);
        units = (units as f64 * grow.clamp(1.2, 100.0)).ceil() as u64;
    }
}

/// Measures a row.
pub(crate) fn measure(row: &Row, env: &Env, effort: Effort) -> Measured {
    let mut contestants = (row.build)(env);
    let units: Vec<u64> = contestants
        .iter_mut()
        .map(|c| calibrate(&mut c.sampler, effort.sample))
        .collect();

    let mut samples = vec![Vec::with_capacity(effort.rounds); contestants.len()];
    let mut order: Vec<usize> = (0..contestants.len()).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..effort.rounds {
        random.shuffle(&mut order);
        for &i in &order {
            let time = (contestants[i].sampler)(units[i]);
            let operations = units[i] * contestants[i].per_unit;
            samples[i].push(time.as_secs_f64() * 1e9 / operations as f64);
        }
    }

    let reference = contestants
        .iter()
        .position(|contestant| contestant.name == row.reference)
        .expect("every row has its reference among the contestants");
    let figures = contestants
        .iter()
        .zip(&samples)
        .map(|(contestant, own)| {
            let ratios: Vec<f64> = own
                .iter()
                .zip(&samples[reference])
                .map(|(own, other)| own / other)
                .collect();
            Figure {
                name: contestant.name,
                ns: quantile(own, 0.5),
                ratio: quantile(&ratios, 0.5),
                quartiles: (quantile(&ratios, 0.25), quantile(&ratios, 0.75)),
            }
        })
        .collect();
    Measured {
        name: row.name,
        reference: row.reference,
        figures,
    }
}

/// The sample at `share` of the sorted samples; 0.5 is the median of an odd number of them.
fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// xorshift64: the same shuffles in every run.
struct Random(u64);

impl Random {
    fn shuffle(&mut self, order: &mut [usize]) {
        for i in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            order.swap(i, (self.0 % (i as u64 + 1)) as usize);
        }
    }
}
