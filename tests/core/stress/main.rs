//! Threads that do everything at once to the same tokens, for a while.
//!
//! ```text
//! CANCEL_STRESS_SECONDS=60 CANCEL_STRESS_THREADS=4 cargo test -p cancel-tests --test stress [name]
//! ```
//!
//! No test harness: the compiled file runs as it is under valgrind and the sanitizers. Threads meet
//! through atomics alone (no lock or barrier of std, which ThreadSanitizer would not see through),
//! nothing is forgotten, and at the end every allocation is gone.

use cancel_tests::alloc::{Counting, live};
use std::thread;
use std::time::{Duration, Instant};

mod forest;
mod limits;
mod rounds;
mod trees;
mod waits;

/// Whether a cancel waits for others at work below it. Without `std` nobody waits (see `Token`).
const STRICT: bool = cfg!(feature = "std");

#[global_allocator]
static ALLOC: Counting = Counting;

/// How long and with how many threads.
#[derive(Clone, Copy)]
struct Config {
    time: Duration,
    threads: usize,
}

type Scenario = (&'static str, fn(Config));

const SCENARIOS: &[Scenario] = &[
    ("forest", forest::forest),
    ("trees", trees::trees),
    ("followers", trees::followers),
    ("loops", trees::loops),
    ("pinned", trees::pinned),
    ("wakeups", waits::wakeups),
    ("callbacks", waits::callbacks),
    ("hooks", waits::hooks),
];

fn variable(name: &str, otherwise: f64) -> f64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: {text}")),
        Err(_) => otherwise,
    }
}

fn run(wanted: &[&'static Scenario], config: Config) {
    let still = Config {
        time: Duration::ZERO,
        ..config
    };
    // Once around before counting: std keeps some memory for later.
    wanted.iter().for_each(|(_, scenario)| scenario(still));
    for (name, scenario) in wanted {
        let before = live();
        scenario(config);
        assert_eq!(live(), before, "{name}: left in memory");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = |name: &str| filter.is_none_or(|filter| name.contains(filter.as_str()));
    let wanted: Vec<&'static Scenario> =
        SCENARIOS.iter().filter(|(name, _)| chosen(name)).collect();
    if wanted.is_empty() {
        return;
    }
    let seconds = variable("CANCEL_STRESS_SECONDS", 2.0);
    let config = Config {
        time: Duration::from_secs_f64(seconds / wanted.len() as f64),
        threads: (variable("CANCEL_STRESS_THREADS", 4.0) as usize).max(2),
    };

    // Other threads would wait for the one that panics.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        hook(panic);
        std::process::abort();
    }));
    let bound = Duration::from_secs_f64(seconds * 2.0 + 300.0);
    // Not a scope: that makes std keep a handle of the main thread, which valgrind reports.
    let test = thread::spawn(move || run(&wanted, config));
    let start = Instant::now();
    while !test.is_finished() {
        thread::sleep(Duration::from_millis(5));
        if start.elapsed() > bound {
            eprintln!("hangs (over {bound:?})");
            std::process::abort();
        }
    }
    test.join().expect("panics abort");
}
