//! Rows of registries beside what one writes without: a `HashMap` of handles under a `Mutex`, with the
//! standard library's hasher.

use std::collections::HashMap;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Instant;

use cancel_std::{Cancelable, Filter, Operation, OperationId, Registry, Status};

use crate::harness::{Contestant, Row, looped, sampled};
use crate::peers::{HASH_MAP, HASH_MAP_ASKED, OURS};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "registry: register and unregister an operation, among 1,000",
        reference: HASH_MAP,
        build: |_| in_and_out(),
    },
    Row {
        name: "registry: list those of 100,000 operations that have a status and a parent: 100 of them",
        reference: HASH_MAP,
        build: |_| list(few),
    },
    Row {
        name: "registry: list those of 100,000 operations that have a name: 1 of them",
        reference: HASH_MAP,
        build: |_| list(by_name),
    },
    Row {
        name: "registry: count all of 100,000 operations that have a status",
        reference: HASH_MAP,
        build: |_| list(count),
    },
    Row {
        name: "registry: list all of 100,000 operations",
        reference: HASH_MAP,
        build: |_| list(all),
    },
];

const OTHERS: usize = 1000;
const FRESH: u64 = 1000;
const ALIVE: usize = 100_000;

type Map = HashMap<OperationId, Operation>;

fn operations(number: usize) -> Vec<Operation> {
    (0..number).map(|_| Cancelable::new().build()).collect()
}

fn mapped(operations: &[Operation]) -> Map {
    let pairs = operations.iter().map(|op| (op.id(), op.clone()));
    pairs.collect()
}

/// Of operations that have never been registered; they are made and dropped outside of the time.
fn in_and_out() -> Vec<Contestant> {
    let others = operations(OTHERS);
    let map = Mutex::new(mapped(&others));
    let registry = Registry::new();
    for op in &others {
        op.register(&registry);
    }
    vec![
        sampled(OURS, FRESH, move || {
            let _others = &others;
            let fresh = operations(FRESH as usize);
            let start = Instant::now();
            for op in &fresh {
                op.register(black_box(&registry));
                black_box(registry.remove(op.id()));
            }
            start.elapsed()
        }),
        sampled(HASH_MAP, FRESH, move || {
            let fresh = operations(FRESH as usize);
            let start = Instant::now();
            for op in &fresh {
                let lock = || black_box(&map).lock().expect("nobody panics in there");
                black_box(lock().insert(op.id(), op.clone()));
                black_box(lock().remove(&op.id()));
            }
            start.elapsed()
        }),
    ]
}

struct Crowd {
    registry: Registry,
    family: OperationId,
    _alive: (Operation, Vec<Operation>),
    map: Mutex<Map>,
}

/// Every thousandth is a child of one parent; one has a name.
fn crowd() -> Rc<Crowd> {
    let registry = Registry::new();
    let parent = Cancelable::new().build();
    let one = |n: usize| {
        let op = match n % 1000 {
            0 => Cancelable::new().parent(&parent),
            _ => Cancelable::new(),
        };
        let op = op.name(match n {
            50_500 => "the one",
            _ => "fetch",
        });
        op.register(&registry).build()
    };
    let alive: Vec<Operation> = (0..ALIVE).map(one).collect();
    let map = Mutex::new(mapped(&alive));
    Rc::new(Crowd {
        registry,
        family: parent.id(),
        _alive: (parent, alive),
        map,
    })
}

fn few(crowd: &Crowd) -> usize {
    let filter = Filter::new().status(Status::Pending).parent(crowd.family);
    let found = black_box(crowd.registry.list(black_box(&filter)));
    assert_eq!(found.len(), ALIVE / 1000);
    found.len()
}

fn by_name(crowd: &Crowd) -> usize {
    let filter = Filter::new().name("the one");
    let found = black_box(crowd.registry.list(black_box(&filter)));
    assert_eq!(found.len(), 1);
    found.len()
}

fn count(crowd: &Crowd) -> usize {
    let filter = Filter::new().status(Status::Pending);
    crowd.registry.count(black_box(&filter))
}

fn all(crowd: &Crowd) -> usize {
    black_box(crowd.registry.list(&Filter::new())).len()
}

/// Per call, not per operation.
fn list(ours: fn(&Crowd) -> usize) -> Vec<Contestant> {
    let crowd = crowd();
    let (walked, asked) = (crowd.clone(), crowd.clone());
    vec![
        looped(OURS, move || {
            black_box(ours(&crowd));
        }),
        looped(HASH_MAP, move || {
            let map = walked.map.lock().expect("nobody panics in there");
            for entry in &*map {
                black_box(entry);
            }
        }),
        // What a filter has to do in any case, if the map holds nothing but handles.
        looped(HASH_MAP_ASKED, move || {
            let map = asked.map.lock().expect("nobody panics in there");
            let found = map.values().filter(|op| op.status() == Status::Running);
            black_box(found.count());
        }),
    ]
}
