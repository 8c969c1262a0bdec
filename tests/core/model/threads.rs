//! Random programs on two and three threads that share tokens.
//!
//! Which cancel wins depends on who comes first; what is cancelled in the end does not: whatever has a
//! cancelled token above it, and every all whose sources are cancelled. So the reference runs one thread's
//! program after the other, and has to end with the same tokens cancelled. Time limits run out when all
//! threads are done.
//!
//! The exception is `cancel_children`. What was made before the threads began, or by the same thread before
//! the call, is below for sure. What others have made below may have come before the call or after it: such
//! tokens are *open*, and may be cancelled or not.

use super::expected::Expected;
use super::program::{Answer, Kind, Op, Side, Why, World};
use super::real::{Real, RealToken};
use super::seeds;
use cancel_tests::{Rng, watched};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Operations before the threads begin, and of each thread.
const BEFORE: usize = 60;
const LENGTH: usize = 60;

/// Of the callbacks of the first thread; each has numbers of its own.
const FIRST_NUMBER: usize = 1_000_000;

/// Longer than all limits.
const LONG: Duration = Duration::from_secs(1000);

struct Thread {
    program: Vec<Op>,
    real: World<Real>,
    /// The same tokens in the reference.
    tokens: Vec<(usize, Kind)>,
    answers: Vec<Answer>,
}

/// Left out is what depends on who comes first: a cancel with the cause of another token, if that is
/// cancelled; and time limits that are taken away, or run out before all threads are done.
fn operations(rng: &mut Rng, count: usize) -> Vec<Op> {
    let operations = std::iter::repeat_with(|| Op::random(rng));
    let fit = operations.filter(|op| match op {
        Op::HandOn(..) | Op::ClearTimeout(_) | Op::Advance(_) => false,
        Op::CancelAfter(_, limit) => *limit != Duration::MAX,
        _ => true,
    });
    fit.take(count).collect()
}

fn run(seed: u64, count: usize) {
    let mut rng = Rng::new(seed);
    let (mut real, mut expected) = (World::new(Real::new(0)), World::new(Expected::default()));
    for op in &operations(&mut rng, BEFORE) {
        // (Only a few cancels, or nothing is left to be done.)
        if matches!(op, Op::Cancel(..) | Op::CancelChildren(..) | Op::Guard(..)) && !rng.one_in(8) {
            continue;
        }
        assert_eq!(real.run(op), expected.run(op));
    }
    let mut threads: Vec<Thread> = (0..count)
        .map(|at| {
            let mut real = World::new(Real::new(at as u64 + 1));
            real.numbers = FIRST_NUMBER * (at + 1);
            Thread {
                program: operations(&mut rng, LENGTH),
                real,
                tokens: Vec::new(),
                answers: Vec::new(),
            }
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
                    thread.real.side.clock.turn();
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

/// What a thread's program comes to in the reference.
struct Replayed {
    world: World<Expected>,
    /// Callbacks that were unregistered, and whether they said that they would never run.
    unregistered: Vec<(usize, bool)>,
    /// Nodes that it has made.
    made: Range<usize>,
    /// Nodes of which it has called `cancel_children`.
    stopped: Vec<usize>,
}

/// The cancels that have won, by node.
type Won = HashMap<usize, Why>;

/// Runs the programs in the reference, one after the other.
fn replay(
    seed: u64,
    expected: &mut World<Expected>,
    threads: &mut [Thread],
) -> (Vec<Replayed>, Won) {
    let mut won = Won::new();
    let mut replayed = Vec::new();
    let before = expected.side.reference.count();
    expected.side.stopped.clear();
    for (at, thread) in threads.iter_mut().enumerate() {
        let mut world = World {
            side: std::mem::take(&mut expected.side),
            tokens: std::mem::take(&mut thread.tokens),
            callbacks: Vec::new(),
            waits: Vec::new(),
            numbers: FIRST_NUMBER * (at + 1),
        };
        world.side.fired.clear();
        let first = world.side.reference.count();
        world.side.others = before..first;
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
        let stopped = std::mem::take(&mut world.side.stopped);
        expected.side = std::mem::take(&mut world.side);
        replayed.push(Replayed {
            made: first..expected.side.reference.count(),
            world,
            unregistered,
            stopped,
        });
    }
    (replayed, won)
}

/// Nodes of which nobody knows whether they are cancelled in the end.
fn open(expected: &World<Expected>, replayed: &[Replayed]) -> HashSet<usize> {
    let reference = &expected.side.reference;
    let stopped: Vec<usize> = replayed
        .iter()
        .flat_map(|thread| thread.stopped.iter().copied())
        .collect();
    let below = |id| stopped.iter().any(|root| reference.was_below(id, *root));
    replayed
        .iter()
        .flat_map(|thread| thread.made.clone())
        .filter(|id| reference.fate(*id).is_none() && below(*id))
        .collect()
}

fn compare(
    seed: u64,
    mut real: World<Real>,
    mut expected: World<Expected>,
    mut threads: Vec<Thread>,
) {
    let (mut replayed, won) = replay(seed, &mut expected, &mut threads);
    // One task for each limit that is left.
    let worlds = || threads.iter().map(|thread| &thread.real).chain([&real]);
    let tasks: usize = worlds().map(|world| world.side.clock.turn()).sum();
    let unsure = open(&expected, &replayed);
    let timed: Vec<usize> = expected.side.reference.timed().collect();
    let sure = timed.iter().filter(|id| !unsure.contains(id)).count();
    assert!(
        (sure..=timed.len()).contains(&tasks),
        "seed {seed}: {tasks} tasks"
    );

    expected.side.advance(LONG);
    worlds().for_each(|world| world.side.clock.advance(LONG));
    let left: usize = worlds().map(|world| world.side.clock.turn()).sum();
    assert_eq!(left, 0, "seed {seed}: tasks");
    let open = open(&expected, &replayed);

    let reference = &expected.side.reference;
    let mut all = Vec::new();
    for (thread, replayed) in threads.iter_mut().zip(&mut replayed) {
        compare_thread(seed, thread, replayed, &expected, &won, &open);
        all.extend(numbers(&thread.real.side));
    }
    all.extend(numbers(&real.side));
    let ran = |number: usize| all.contains(&number);
    // Those whose tokens have been there all the time.
    for (node, number) in &expected.side.detached {
        if reference.is_held(*node) && !open.contains(node) {
            let cancelled = reference.fate(*node).is_some();
            assert_eq!(ran(*number), cancelled, "seed {seed}: callback {number}");
        }
    }
    for (callback, _) in &expected.callbacks {
        let cancelled = reference.fate(callback.node).is_some();
        if !open.contains(&callback.node) {
            let number = callback.number;
            assert_eq!(ran(number), cancelled, "seed {seed}: callback {number}");
        }
    }
    for ((token, _), (id, _)) in real.tokens.iter_mut().zip(&expected.tokens) {
        let fate = reference.fate(*id);
        assert_eq!(token.get().is_cancelled(), fate.is_some(), "seed {seed}");
    }
}

/// The callbacks that have run, each once.
fn numbers(side: &Real) -> HashSet<usize> {
    let fired = side.fired.lock().unwrap();
    let numbers: HashSet<usize> = fired.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers.len(), fired.len(), "a callback ran twice");
    numbers
}

fn compare_thread(
    seed: u64,
    thread: &mut Thread,
    replayed: &mut Replayed,
    expected: &World<Expected>,
    won: &Won,
    open: &HashSet<usize>,
) {
    let reference = &expected.side.reference;
    let world = &replayed.world;
    let pairs = thread.real.tokens.iter_mut().zip(&world.tokens);
    for ((token, _), (id, _)) in pairs {
        let (token, fate) = (token.get(), reference.fate(*id));
        assert!(
            token.is_cancelled() == fate.is_some() || open.contains(id),
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
                // Before the threads began, by a guard, or by its time limit.
                let mut asked = expected.side.cancels.iter();
                let asked = asked.any(|(node, _)| node == id);
                let late = cause.limit().is_some() && reference.was_timed(*id);
                assert!(asked || late, "seed {seed}: node {id}: {cause:?}");
            }
            None => {}
        }
    }
    for (real, expected) in thread.real.waits.iter_mut().zip(&world.waits) {
        let fate = reference.fate(expected.node);
        let (wakes, ready) = (real.counter.wakes(), real.result.is_some());
        assert!(wakes <= 1, "seed {seed}");
        let may_be = fate.is_some() || open.contains(&expected.node);
        assert!(may_be || (wakes == 0 && !ready), "seed {seed}");
        // Pending and cancelled: woken.
        if real.polled && !ready && fate.is_some() {
            assert_eq!(wakes, 1, "seed {seed}: a wake-up is lost");
        }
    }
    let numbers = numbers(&thread.real.side);
    // Those whose registrations are still there.
    for (callback, _) in &world.callbacks {
        let (number, fate) = (callback.number, reference.fate(callback.node));
        if !open.contains(&callback.node) {
            let has_run = numbers.contains(&number);
            assert_eq!(has_run, fate.is_some(), "seed {seed}: callback {number}");
        }
    }
    for (number, never) in &replayed.unregistered {
        let has_run = numbers.contains(number);
        assert_eq!(has_run, !*never, "seed {seed}: callback {number}");
    }
    for counter in &thread.real.side.forgotten {
        assert!(counter.wakes() <= 1, "seed {seed}");
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
