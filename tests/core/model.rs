//! Random programs: on the library and on a naive reference, which have to agree after each operation;
//! and on several threads, where they have to agree in the end.
//!
//! ```text
//! CANCEL_MODEL_SEED=12 CANCEL_MODEL_STEPS=20000000 cargo test -p cancel-tests --test token model
//! ```
//!
//! A program that fails is made shorter and printed. Its seed goes into `REGRESSIONS`.

mod clock;
mod expected;
mod program;
mod real;
mod threads;

use cancel_tests::Rng;
use expected::Expected;
use program::{Op, World};
use real::Real;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds of programs that have failed once.
const REGRESSIONS: &[u64] = &[];

/// Operations of a program.
const LENGTH: usize = 400;

fn variable(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: {text}")),
        Err(_) => otherwise,
    }
}

/// The first seed, and how many programs of `length` operations.
fn seeds(steps: u64, length: usize) -> std::ops::Range<u64> {
    let first = variable("CANCEL_MODEL_SEED", 0);
    let programs = variable("CANCEL_MODEL_STEPS", steps).div_ceil(length as u64);
    println!(
        "seeds {first} to {}, {length} operations each",
        first + programs - 1
    );
    first..first + programs
}

struct Both {
    real: World<Real>,
    expected: World<Expected>,
}

impl Both {
    fn new() -> Self {
        Both {
            real: World::new(Real::new(0)),
            expected: World::new(Expected::default()),
        }
    }

    fn step(&mut self, op: &Op, all: bool) {
        assert_eq!(self.real.run(op), self.expected.run(op));
        self.callbacks();
        let reference = &self.expected.side.reference;
        assert_eq!(
            self.real.side.clock.turn(),
            reference.timed().count(),
            "tasks"
        );
        for (real, expected) in self.real.waits.iter().zip(&mut self.expected.waits) {
            assert_eq!(real.counter.wakes(), expected.wakes(reference), "wakes");
            if let Some(result) = &real.result {
                let fate = reference.fate(expected.node);
                assert!(fate.is_some_and(|fate| fate.fits(result)));
            }
        }
        let count = self.real.tokens.len();
        assert_eq!(count, self.expected.tokens.len());
        let checked = if all || op.reaches_others() {
            0
        } else {
            count - 1
        };
        let pairs = self.real.tokens.iter_mut().zip(&self.expected.tokens);
        for ((token, _), (id, _)) in pairs.skip(checked) {
            assert_eq!(token.deadline(), reference.deadline(*id), "node {id}");
            let token = token.get();
            reference.check(*id, token);
            if let Some(fate) = reference.fate(*id) {
                let origin = self.real.side.origins[fate.origin];
                assert_eq!(token.cause().and_then(|why| why.origin()), Some(origin));
            }
        }
    }

    /// Each callback of the tokens that were reached ran once, with their cause; those of one token in
    /// the order of registration.
    fn callbacks(&mut self) {
        let fired = std::mem::take(&mut *self.real.side.fired.lock().unwrap());
        let expected = std::mem::take(&mut self.expected.side.fired);
        assert_eq!(fired.len(), expected.len(), "callbacks");
        let mut last = HashMap::new();
        for (node, number) in expected {
            let at = fired.iter().position(|(n, _)| *n == number);
            let at = at.expect("a callback did not run");
            let fate = self.expected.side.reference.fate(node);
            assert!(fate.is_some_and(|fate| fate.fits(&fired[at].1)));
            assert!(
                last.insert(node, at) < Some(at),
                "of node {node}: out of order"
            );
        }
    }

    fn end(&mut self) {
        let real = self
            .real
            .side
            .forgotten
            .iter()
            .map(|counter| counter.wakes());
        let expected = self.expected.side.forgotten.iter().map(|wait| wait.wakes);
        assert!(real.eq(expected), "wakes of forgotten waits");
    }
}

fn program(seed: u64) -> Vec<Op> {
    let mut rng = Rng::new(seed);
    (0..LENGTH).map(|_| Op::random(&mut rng)).collect()
}

fn run(program: &[Op]) {
    let mut both = Both::new();
    for (at, op) in program.iter().enumerate() {
        both.step(op, at % 16 == 0 || at + 1 == program.len());
    }
    both.end();
}

/// Leaves out whatever a program fails without.
fn shortened(mut program: Vec<Op>) -> Vec<Op> {
    let fails = |program: &[Op]| catch_unwind(AssertUnwindSafe(|| run(program))).is_err();
    let mut size = program.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < program.len() {
            let mut shorter = program.clone();
            shorter.drain(at..(at + size).min(program.len()));
            match fails(&shorter) {
                true => program = shorter,
                false => at += size,
            }
        }
        size /= 2;
    }
    program
}

#[test]
fn random_programs_and_the_reference() {
    // (Critical sections of all threads are one lock, which takes its time.)
    let steps = if cfg!(feature = "std") {
        1_000_000
    } else {
        300_000
    };
    let seeds = REGRESSIONS.iter().copied().chain(seeds(steps, LENGTH));
    for seed in seeds {
        let operations = program(seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&operations))) {
            let shorter = shortened(operations);
            println!("seed {seed}, shortened to {}:", shorter.len());
            shorter.iter().for_each(|op| println!("  {op:?}"));
            std::panic::resume_unwind(panic);
        }
    }
}
