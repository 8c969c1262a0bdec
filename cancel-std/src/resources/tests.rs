//! Limits, with readings that are given.

use super::probe::{Machine, Probe, Reading, What};
use super::*;
use crate::Cancelable;
use cancel_core::block_on;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

const MS: Duration = Duration::from_millis(1);

/// Gives one round of readings after the other, and stays with the last one.
struct Given {
    rounds: Vec<Vec<(What, Option<Reading>)>>,
    looks: Arc<AtomicUsize>,
    threads: Option<std::sync::mpsc::Sender<ThreadId>>,
    asked: usize,
}

fn given(rounds: &[&[(What, Option<Reading>)]]) -> Given {
    Given {
        rounds: rounds.iter().map(|round| round.to_vec()).collect(),
        looks: Arc::default(),
        threads: None,
        asked: 0,
    }
}

impl Probe for Given {
    fn prepare(&mut self, what: &What) -> Result<(), BuildError> {
        match self.rounds[0].iter().any(|(known, _)| known == what) {
            true => Ok(()),
            false => Err(BuildError::new(format!("{what} is unknown"))),
        }
    }

    fn read(&mut self, what: &What) -> Option<Reading> {
        let limits = self.rounds[0].len();
        let round = (self.asked / limits).min(self.rounds.len() - 1);
        self.asked += 1;
        self.looks.fetch_add(1, Ordering::SeqCst);
        if let Some(threads) = &self.threads {
            threads.send(thread::current().id()).unwrap();
        }
        let known = self.rounds[round].iter().find(|(known, _)| known == what);
        known.and_then(|(_, reading)| *reading)
    }
}

fn percent(percent: f64) -> Option<Reading> {
    Some(Reading::Percent(percent))
}

fn space(used: u64, total: u64) -> Option<Reading> {
    Some(Reading::Space { used, total })
}

fn disk(path: &str) -> What {
    What::Disk(path.into())
}

/// What an operation with these limits is told, or "nothing" if it is told nothing for a while.
fn told(limits: Resources, probe: Given) -> String {
    let looks = probe.looks.clone();
    let source = limits.every(MS).build_on(probe).unwrap();
    let op = Cancelable::new().source(source);
    let run = op.run(async |cx| {
        // Three looks more than there are rounds.
        while looks.load(Ordering::SeqCst) < 12 {
            cx.sleep(MS).await;
        }
    });
    match block_on(run) {
        Ok(()) => String::from("nothing"),
        Err(cancelled) => {
            assert_eq!(cancelled.reason(), Reason::Condition);
            cancelled.message().unwrap().to_string()
        }
    }
}

#[test]
fn the_message_says_which_and_how_much() {
    let gib = 1 << 30;
    let cases = [
        (
            Resources::new().disk_above("/", 95.0),
            disk("/"),
            space(962, 1000),
            "disk / at 96.2 %, limit 95 %",
        ),
        (
            Resources::new().disk_left_below("/data", 10 * gib),
            disk("/data"),
            space(100 * gib - 3 * gib / 2, 100 * gib),
            "disk /data has 1.5 GiB left, limit 10 GiB",
        ),
        (
            Resources::new().memory_above(97.5),
            What::Memory,
            space(99, 100),
            "memory at 99.0 %, limit 97.5 %",
        ),
        (
            Resources::new().memory_left_below(gib / 2),
            What::Memory,
            space(gib, gib),
            "memory has 0 bytes left, limit 512 MiB",
        ),
        (
            Resources::new().process_memory_above(gib),
            What::Process,
            space(gib + 1, u64::MAX),
            "process memory at 1 GiB, limit 1 GiB",
        ),
        (
            Resources::new().cpu_above(90.0),
            What::Cpu,
            percent(100.0),
            "CPU at 100.0 %, limit 90 %",
        ),
    ];
    for (limits, what, reading, message) in cases {
        assert_eq!(told(limits, given(&[&[(what, reading)]])), message);
    }
}

#[test]
fn a_limit_that_is_just_reached_is_not_passed() {
    for (limits, what, reading) in [
        (
            Resources::new().memory_above(90.0),
            What::Memory,
            space(90, 100),
        ),
        (
            Resources::new().memory_left_below(10),
            What::Memory,
            space(90, 100),
        ),
        (
            Resources::new().process_memory_above(90),
            What::Process,
            space(90, u64::MAX),
        ),
        (Resources::new().cpu_above(90.0), What::Cpu, percent(90.0)),
        (
            Resources::new().cpu_above(90.0),
            What::Cpu,
            percent(f64::NAN),
        ),
        (Resources::new().memory_above(0.0), What::Memory, None),
        (
            Resources::new().memory_above(0.0),
            What::Memory,
            space(5, 0),
        ),
    ] {
        assert_eq!(told(limits, given(&[&[(what, reading)]])), "nothing");
    }
}

#[test]
fn it_looks_again_until_something_is_passed() {
    let limits = Resources::new().cpu_above(90.0).memory_above(90.0);
    let probe = given(&[
        &[(What::Cpu, None), (What::Memory, space(1, 10))],
        &[(What::Cpu, percent(50.0)), (What::Memory, space(9, 10))],
        &[(What::Cpu, percent(95.0)), (What::Memory, space(5, 10))],
    ]);
    let looks = probe.looks.clone();
    assert_eq!(told(limits, probe), "CPU at 95.0 %, limit 90 %");
    assert_eq!(looks.load(Ordering::SeqCst), 6);
}

#[test]
fn all_that_is_passed_is_named() {
    let limits = Resources::new()
        .disk_above("/", 50.0)
        .cpu_above(99.0)
        .memory_above(50.0);
    let probe = given(&[&[
        (disk("/"), space(6, 10)),
        (What::Cpu, percent(1.0)),
        (What::Memory, space(7, 10)),
    ]]);
    assert_eq!(
        told(limits, probe),
        "disk / at 60.0 %, limit 50 %; memory at 70.0 %, limit 50 %"
    );
}

/// DEFECTS 27: neither is anything read on the executor, nor does it wait there.
#[test]
fn nothing_is_read_on_the_executor() {
    let (tell, told) = std::sync::mpsc::channel();
    let mut probe = given(&[&[(What::Memory, space(9, 10))]]);
    probe.threads = Some(tell);
    let limits = Resources::new().memory_above(50.0);
    let op = Cancelable::new().source(limits.build_on(probe).unwrap());
    block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    let threads: Vec<ThreadId> = told.iter().collect();
    assert_eq!(threads.len(), 1);
    assert_ne!(threads[0], thread::current().id());
}

#[test]
fn what_cannot_be_read_is_refused() {
    let probe = given(&[&[(What::Memory, space(9, 10))]]);
    let limits = Resources::new().memory_above(50.0).cpu_above(50.0);
    let error = limits.build_on::<crate::Std>(probe).unwrap_err();
    assert_eq!(error.to_string(), "CPU is unknown");
}

#[test]
fn the_processors_need_two_looks() {
    let mut machine = Machine::new();
    machine.prepare(&What::Cpu).unwrap();
    assert!(machine.read(&What::Cpu).is_none());
    // Too early for another measurement.
    assert!(machine.read(&What::Cpu).is_none());
}

#[test]
fn sizes_are_for_people() {
    for (bytes, text) in [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (512 << 20, "512 MiB"),
        (1 << 30, "1 GiB"),
        (1 << 40, "1 TiB"),
        (u64::MAX, "16 EiB"),
    ] {
        assert_eq!(Size(bytes).to_string(), text);
    }
}
