//! Random programs on two and three threads that share tokens.
//!
//! Which cancel wins depends on who comes first; what is cancelled in the end does not: whatever has a
//! cancelled token above it, and every all whose sources are cancelled. So the reference runs one thread's
//! program after the other, and has to end with the same tokens cancelled.

use super::expected::Expected;
use super::program::{Answer, Kind, Op, Why, World};
use super::real::{Real, RealToken};
use super::seeds;
use cancel_tests::{Rng, watched};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Operations before the threads begin, and of each thread.
const BEFORE: usize = 60;
const LENGTH: usize = 60;

struct Thread {
    program: Vec<Op>,
    real: World<Real>,
    /// The same tokens in the reference.
    tokens: Vec<(usize, Kind)>,
    answers: Vec<Answer>,
}

/// Two are left out: what is below a token when `cancel_children` comes is a matter of luck, and so is whether a
/// token is cancelled whose cause is to be handed on.
fn operations(rng: &mut Rng, count: usize) -> Vec<Op> {
    let operations = std::iter::repeat_with(|| Op::random(rng));
    let fit = operations.filter(|op| !matches!(op, Op::CancelChildren(..) | Op::HandOn(..)));
    fit.take(count).collect()
}

fn run(seed: u64, count: usize) {
    let mut rng = Rng::new(seed);
    let (mut real, mut expected) = (World::new(Real::new(0)), World::new(Expected::default()));
    for op in &operations(&mut rng, BEFORE) {
        // (Only a few cancels, or nothing is left to be done.)
        if matches!(op, Op::Cancel(..) | Op::Guard(..)) && !rng.one_in(8) {
            continue;
        }
        assert_eq!(real.run(op), expected.run(op));
    }
    let mut threads: Vec<Thread> = (0..count)
        .map(|at| Thread {
            program: operations(&mut rng, LENGTH),
            real: World::new(Real::new(at as u64 + 1)),
            tokens: Vec::new(),
            answers: Vec::new(),
        })
        .collect();
    deal(&mut rng, &mut real, &mut expected, &mut threads);

    let ready = Arc::new(AtomicUsize::new(0));
    let running: Vec<_> = threads
        .into_iter()
        .map(|mut thread| {
            let ready = ready.clone();
            std::thread::spawn(move || {
                ready.fetch_add(1, SeqCst);
                while ready.load(SeqCst) < count {
                    std::thread::yield_now();
                }
                for op in &thread.program {
                    thread.answers.push(thread.real.run(op));
                }
                thread
            })
        })
        .collect();
    let threads: Vec<Thread> = running
        .into_iter()
        .map(|thread| thread.join().unwrap_or_else(|_| panic!("seed {seed}")))
        .collect();
    compare(seed, real, expected, threads);
}

/// Gives the tokens to some of the threads each. Those in place stay, the others' handles go.
fn deal(
    rng: &mut Rng,
    real: &mut World<Real>,
    expected: &mut World<Expected>,
    threads: &mut [Thread],
) {
    for thread in threads.iter_mut() {
        // The two that are never cancelled, which the new world has made itself.
        thread.tokens.extend(&expected.tokens[..2]);
    }
    for at in 2..real.tokens.len() {
        for thread in threads.iter_mut() {
            let (token, kind) = &real.tokens[at];
            let handle: Option<RealToken> = token.handle();
            if let Some(handle) = handle.filter(|_| !rng.one_in(3)) {
                let id = expected.tokens[at].0;
                expected.side.reference.retain(id);
                thread.real.tokens.push((handle, *kind));
                thread.tokens.push((id, *kind));
            }
        }
    }
    let goes = |kind: Kind| kind != Kind::InPlace;
    for at in (2..real.tokens.len()).rev() {
        if goes(real.tokens[at].1) {
            // As `Op::Drop` counts.
            assert_eq!(real.run(&Op::Drop(at - 2)), expected.run(&Op::Drop(at - 2)));
        }
    }
}

fn compare(
    seed: u64,
    mut real: World<Real>,
    mut expected: World<Expected>,
    mut threads: Vec<Thread>,
) {
    // The cancels that won, by node.
    let mut won: HashMap<usize, Why> = HashMap::new();
    let mut replayed = Vec::new();
    for thread in &mut threads {
        let mut world = World {
            side: std::mem::take(&mut expected.side),
            tokens: std::mem::take(&mut thread.tokens),
            callbacks: Vec::new(),
            waits: Vec::new(),
            numbers: 0,
        };
        world.side.fired.clear();
        let mut unregistered = Vec::new();
        for (op, answer) in thread.program.iter().zip(&thread.answers) {
            let (tried, dropped) = (world.side.cancels.len(), world.side.dropped.len());
            world.run(op);
            if let Answer::Won(true) = answer {
                let (node, why) = world.side.cancels[tried].clone();
                assert!(won.insert(node, why).is_none(), "seed {seed}: two have won");
            }
            if let Answer::Unregistered(never) = *answer {
                unregistered.push((world.side.dropped[dropped], never));
            }
        }
        expected.side = std::mem::take(&mut world.side);
        replayed.push((world, unregistered));
    }
    let reference = &expected.side.reference;
    let all = threads.iter_mut().zip(&mut replayed);
    for (thread, (world, unregistered)) in all {
        let pairs = thread.real.tokens.iter_mut().zip(&world.tokens);
        for ((token, _), (id, _)) in pairs {
            let (token, fate) = (token.get(), reference.fate(*id));
            assert_eq!(
                token.is_cancelled(),
                fate.is_some(),
                "seed {seed}: node {id}"
            );
            let Some(cause) = token.cause() else { continue };
            // By its own cancel, with that one's cause; or through others.
            match won.get(id) {
                Some(why) => {
                    assert!(!cause.is_inherited(), "seed {seed}: node {id}");
                    assert_eq!(cause.root_reason(), why.reason, "seed {seed}: node {id}");
                    assert_eq!(cause.message(), why.message.as_deref());
                }
                None if reference.is_plain(*id) && !cause.is_inherited() => {
                    // Before the threads began, or by a guard.
                    let mut asked = expected.side.cancels.iter();
                    let asked = asked.any(|(node, _)| node == id);
                    assert!(asked, "seed {seed}: node {id}: {cause:?}");
                }
                None => {}
            }
        }
        for (real, expected) in thread.real.waits.iter_mut().zip(&world.waits) {
            let fate = reference.fate(expected.node);
            let (wakes, ready) = (real.counter.wakes(), real.result.is_some());
            assert!(wakes <= 1 && (fate.is_some() || wakes == 0), "seed {seed}");
            assert!(!ready || fate.is_some(), "seed {seed}");
            // Pending and cancelled: woken.
            if real.polled && !ready && fate.is_some() {
                assert_eq!(wakes, 1, "seed {seed}: a wake-up is lost");
            }
        }
        let fired = thread.real.side.fired.lock().unwrap();
        let mut numbers: Vec<usize> = fired.iter().map(|(number, _)| *number).collect();
        numbers.sort();
        let count = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), count, "seed {seed}: a callback ran twice");
        // Those whose registrations are still there.
        for (callback, _) in &world.callbacks {
            let (number, fate) = (callback.number, reference.fate(callback.node));
            let has_run = numbers.contains(&number);
            assert_eq!(has_run, fate.is_some(), "seed {seed}: callback {number}");
        }
        for (number, never) in unregistered {
            let has_run = numbers.contains(number);
            assert_eq!(has_run, !*never, "seed {seed}: callback {number}");
        }
        for counter in &thread.real.side.forgotten {
            assert!(counter.wakes() <= 1, "seed {seed}");
        }
    }
    for ((token, _), (id, _)) in real.tokens.iter_mut().zip(&expected.tokens) {
        let fate = reference.fate(*id);
        assert_eq!(token.get().is_cancelled(), fate.is_some(), "seed {seed}");
    }
}

fn random_programs(threads: usize, steps: u64) {
    let name = format!("random programs on {threads} threads");
    watched(&name, move || {
        for seed in seeds(steps, threads * LENGTH) {
            run(seed, threads);
        }
    });
}

#[test]
fn random_programs_on_two_threads() {
    random_programs(2, 100_000);
}

#[test]
fn random_programs_on_three_threads() {
    random_programs(3, 100_000);
}
