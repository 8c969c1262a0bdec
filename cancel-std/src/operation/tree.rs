//! The sources of a running operation: a tree of any-of and all-of, kept flat.
//!
//! Compositions may be nested deeper than the stack, so nothing here calls itself. The leaves lie in
//! their order in one list, and each node knows which part of it is below.
//!
//! * T1: A node counts the children that have still to fire: one for any-of, all for all-of. Each child
//!   is counted once, when it fires for the first time.
//! * T2: An item of a leaf goes up until an all-of still waits for others: there it stops. What comes out
//!   at the root is a request.
//! * T3: A leaf whose item has stopped is not asked again before the next request. So its further items
//!   (a second signal, say) are kept for that time.
//! * T4: A leaf that ends without an item never fires, nor does an all-of that waits for it, nor an any-of
//!   of nothing else. What is below such a node is dropped.

use super::Runtime;
use super::base::{Cx, Kind, Operation, Source, Started, Trigger};
use crate::basics::panics::Quiet;
use cancel_core::{Cause, Instant};
use std::mem::replace;
use std::ops::Range;
use std::task::{Context, Poll};
use std::vec::IntoIter;

pub(super) struct Tree<R> {
    leaves: Vec<Leaf<R>>,
    nodes: Vec<Node>,
}

struct Leaf<R> {
    node: usize,
    state: LeafState<R>,
    fired: bool,
    /// See T3.
    stopped: bool,
}

enum LeafState<R> {
    Waiting(Quiet<Trigger<R>>),
    Started(Started),
    Over,
}

/// An any-of that is the root.
const ROOT: usize = 0;

struct Node {
    node: usize,
    all: bool,
    life: Chance,
    /// See T1.
    missing: usize,
    /// The children that have fired, or may.
    alive: usize,
    leaves: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chance {
    Waiting,
    Fired,
    /// See T4.
    Never,
}

impl Node {
    fn new(node: usize, all: bool, children: usize, first_leaf: usize) -> Node {
        Node {
            node,
            all,
            life: Chance::Waiting,
            missing: match all {
                true => children,
                false => 1,
            },
            alive: children,
            leaves: first_leaf..first_leaf,
        }
    }
}

impl<R: Runtime> Tree<R> {
    /// Fires when one of `sources` does.
    pub(super) fn new(sources: Vec<Source<R>>) -> Tree<R> {
        let mut tree = Tree {
            leaves: Vec::with_capacity(sources.len()),
            nodes: vec![Node::new(ROOT, false, sources.len(), 0)],
        };
        let mut empty = Vec::new();
        let mut open: Vec<(usize, IntoIter<Source<R>>)> = vec![(ROOT, sources.into_iter())];
        while let Some((at, children)) = open.last_mut() {
            let at = *at;
            let Some(source) = children.next() else {
                tree.nodes[at].leaves.end = tree.leaves.len();
                open.pop();
                continue;
            };
            let (all, mut children) = match source.kind {
                Kind::One(trigger) => {
                    tree.push(at, LeafState::Waiting(Quiet::new(trigger)));
                    continue;
                }
                Kind::Any(children) => (false, children),
                Kind::All(children, _) => (true, children),
                Kind::Cancelable(_) => unreachable!("taken apart by `Source::all`"),
            };
            let children = children.take();
            if children.is_empty() {
                empty.push(tree.leaves.len());
                tree.push(at, LeafState::Over);
                continue;
            }
            let node = tree.enter(at, all, children.len());
            open.push((node, children.into_iter()));
        }
        for leaf in empty {
            tree.ended(leaf);
        }
        tree
    }

    fn push(&mut self, node: usize, state: LeafState<R>) {
        self.leaves.push(Leaf {
            node,
            state,
            fired: false,
            stopped: false,
        });
    }

    /// A composition below the node `at`: a node of its own, if it is not of the same kind.
    fn enter(&mut self, at: usize, all: bool, children: usize) -> usize {
        let node = &mut self.nodes[at];
        if node.all != all {
            self.nodes
                .push(Node::new(at, all, children, self.leaves.len()));
            return self.nodes.len() - 1;
        }
        node.alive += children - 1;
        if all {
            node.missing += children - 1;
        }
        at
    }

    /// The cause, if what fired before the start is enough: tokens, and times that are over. Asks them
    /// alone; nothing is started for that.
    pub(super) fn fired_before(&mut self, op: &Operation<R>, now: Instant) -> Option<Cause> {
        for index in 0..self.leaves.len() {
            let LeafState::Waiting(source) = &mut self.leaves[index].state else {
                continue;
            };
            if let Some(cause) = source.get().fired_before(op, now) {
                self.leaves[index].state = LeafState::Over; // (that was all that it had to say)
                if self.fired(index) {
                    return Some(cause);
                }
            }
        }
        None
    }

    pub(super) fn start(&mut self, cx: &Cx<R>) {
        for leaf in &mut self.leaves {
            leaf.state = match replace(&mut leaf.state, LeafState::Over) {
                LeafState::Waiting(source) => LeafState::Started(source.into_inner().start(cx)),
                other => other,
            };
        }
    }

    /// The next request.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Cause> {
        for index in 0..self.leaves.len() {
            let leaf = &mut self.leaves[index];
            let LeafState::Started(source) = &mut leaf.state else {
                continue;
            };
            if leaf.stopped {
                continue;
            }
            match source.as_mut().poll_next(cx) {
                Poll::Pending => {}
                Poll::Ready(Some(cause)) if self.fired(index) => {
                    self.leaves.iter_mut().for_each(|leaf| leaf.stopped = false);
                    return Poll::Ready(cause);
                }
                Poll::Ready(Some(_)) => self.leaves[index].stopped = true,
                Poll::Ready(None) => self.ended(index),
            }
        }
        Poll::Pending
    }

    /// A leaf has given an item. Whether that is a request (T2).
    fn fired(&mut self, leaf: usize) -> bool {
        let leaf = &mut self.leaves[leaf];
        let mut counted = replace(&mut leaf.fired, true);
        let mut at = leaf.node;
        loop {
            let node = &mut self.nodes[at];
            if !counted && node.missing > 0 {
                node.missing -= 1;
            }
            if node.missing > 0 {
                return false;
            }
            counted = replace(&mut node.life, Chance::Fired) == Chance::Fired;
            if at == ROOT {
                return true;
            }
            at = node.node;
        }
    }

    /// A leaf has no more items (T4).
    fn ended(&mut self, leaf: usize) {
        self.leaves[leaf].state = LeafState::Over;
        if self.leaves[leaf].fired {
            return;
        }
        let mut at = self.leaves[leaf].node;
        let mut gone = leaf..leaf + 1;
        loop {
            let node = &mut self.nodes[at];
            if node.life != Chance::Waiting {
                return;
            }
            node.alive -= 1;
            if !node.all && node.alive > 0 {
                return;
            }
            node.life = Chance::Never;
            let (below, up) = (node.leaves.clone(), node.node);
            for index in (below.start..gone.start).chain(gone.end..below.end) {
                self.leaves[index].state = LeafState::Over;
            }
            if at == ROOT {
                return;
            }
            gone = below;
            at = up;
        }
    }
}
