//! Trees of tokens, and the rows of dropping them.
//!
//! A tree is the list of its handles in the order of their creation, root first. That is also the
//! order in which they are dropped, as a `Vec` does it: the root goes while its children live.

use std::time::Instant;

use almost_enough::ChildStopper;
use cancel_core::CancelToken;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::cancel::armed;
use crate::harness::{Contestant, Row, batched, sampled};
use crate::peers::{TOKIO_UTIL, Tree, Wait};

/// Children of a wide tree.
pub(crate) const CHILDREN: u64 = 100_000;
/// Nodes of a chain.
pub(crate) const DEPTH: u64 = 100_000;
/// Nodes of a tree of six levels, ten children each.
pub(crate) const TREE: u64 = 111_111;
/// Children that have a waiter each.
pub(crate) const WAITED_CHILDREN: u64 = 10_000;

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "drop 100,000 children, per node",
        reference: TOKIO_UTIL,
        build: |_| {
            vec![
                dropped::<CancelToken>(CHILDREN, || wide(CHILDREN)),
                dropped::<CancellationToken>(CHILDREN, || wide(CHILDREN)),
                dropped::<ChildStopper>(CHILDREN, || wide(CHILDREN)),
            ]
        },
    },
    Row {
        name: "drop a chain of 100,000, per node",
        reference: TOKIO_UTIL,
        // Without almost-enough, which takes a chain down by recursion: the stack ends before it.
        build: |_| {
            vec![
                dropped::<CancelToken>(DEPTH, || chain(DEPTH)),
                dropped::<CancellationToken>(DEPTH, || chain(DEPTH)),
            ]
        },
    },
    Row {
        name: "drop a 10-ary tree of 111,111, per node",
        reference: TOKIO_UTIL,
        build: |_| {
            vec![
                dropped::<CancelToken>(TREE, tenfold),
                dropped::<CancellationToken>(TREE, tenfold),
                dropped::<ChildStopper>(TREE, tenfold),
            ]
        },
    },
    Row {
        name: "drop a 10-ary tree of 111,111 created level by level, per node",
        reference: TOKIO_UTIL,
        build: |_| {
            vec![
                dropped::<CancelToken>(TREE, levelled),
                dropped::<CancellationToken>(TREE, levelled),
                dropped::<ChildStopper>(TREE, levelled),
            ]
        },
    },
    Row {
        name: "drop 10,000 children with a waiter each, per child",
        reference: TOKIO_UTIL,
        build: waited_children,
    },
];

/// A root with so many children.
pub(crate) fn wide<T: Tree>(children: u64) -> Vec<T> {
    let mut nodes = Vec::with_capacity(children as usize + 1);
    nodes.push(T::new());
    for _ in 0..children {
        nodes.push(nodes[0].child());
    }
    nodes
}

/// Each node the child of the one before.
pub(crate) fn chain<T: Tree>(length: u64) -> Vec<T> {
    let mut nodes = Vec::with_capacity(length as usize);
    nodes.push(T::new());
    for i in 1..length as usize {
        nodes.push(nodes[i - 1].child());
    }
    nodes
}

/// Ten children to each node, depth first, as nested operations come about: a node's first child has
/// all its descendants before the second is created.
pub(crate) fn tenfold<T: Tree>() -> Vec<T> {
    fn grow<T: Tree>(nodes: &mut Vec<T>, parent: usize, levels: u32) {
        if levels == 0 {
            return;
        }
        for _ in 0..10 {
            nodes.push(nodes[parent].child());
            grow(nodes, nodes.len() - 1, levels - 1);
        }
    }
    let mut nodes = Vec::with_capacity(TREE as usize);
    nodes.push(T::new());
    grow(&mut nodes, 0, 5);
    nodes
}

/// The same tree created level by level: family and neighbours in memory are no longer the same.
pub(crate) fn levelled<T: Tree>() -> Vec<T> {
    let mut nodes = Vec::with_capacity(TREE as usize);
    nodes.push(T::new());
    for i in 1..TREE as usize {
        nodes.push(nodes[(i - 1) / 10].child());
    }
    nodes
}

fn dropped<T: Tree>(nodes: u64, build: fn() -> Vec<T>) -> Contestant {
    batched(T::NAME, nodes, build, |mut nodes: Vec<T>| {
        nodes.clear();
        nodes
    })
}

/// First the waits, then the tokens; not the boxes that hold the waits.
fn waited_children(_: &Env) -> Vec<Contestant> {
    fn family<T: Tree + Wait>() -> Contestant {
        sampled(T::NAME, WAITED_CHILDREN, || {
            let mut nodes: Vec<T> = wide(WAITED_CHILDREN);
            let mut waits: Vec<_> = nodes[1..].iter().map(armed).collect();
            let start = Instant::now();
            for wait in &mut waits {
                wait.as_mut().set(None);
            }
            let time = start.elapsed();
            drop(waits);
            let start = Instant::now();
            nodes.clear();
            time + start.elapsed()
        })
    }
    vec![family::<CancelToken>(), family::<CancellationToken>()]
}
