//! The naive reference: what the tokens of one thread should be after each operation.
//!
//! Nothing is linked here; each question walks over all nodes. Nodes are numbers, in the order in
//! which they were made. A source is made before its dependents, and adoption replaces a source by
//! one of its own, so sources have the smaller numbers.

mod time;

use cancel_core::{Cancelled, Reason};
use std::time::Duration;
use time::Timeout;

/// The cancel that reached a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) root: Reason,
    pub(crate) message: Option<String>,
    /// An any/all that two paths of one cancel reach may take the flag from either.
    pub(crate) inherited: Vec<bool>,
    /// The token that was asked first.
    pub(crate) origin: usize,
    /// Of a timeout.
    pub(crate) limit: Option<Duration>,
}

impl Fate {
    pub(crate) fn fits(&self, actual: &Cancelled) -> bool {
        let reason = if actual.is_inherited() {
            Reason::Parent
        } else {
            self.root
        };
        actual.root_reason() == self.root
            && actual.message() == self.message.as_deref()
            && actual.limit() == self.limit
            && self.inherited.contains(&actual.is_inherited())
            && actual.reason() == reason
    }
}

#[derive(Debug)]
struct Link {
    /// `None`: fired, gone, or never to fire.
    source: Option<usize>,
    /// It stands for a parent, so what comes from there is inherited.
    parent: bool,
}

#[derive(Debug)]
enum Above {
    /// `None`: a root, or its last ancestor is gone.
    Child(Option<usize>),
    /// Sources that it waits for, and how many must fire.
    Links(Vec<Link>, usize),
}

#[derive(Debug)]
struct Node {
    above: Above,
    handles: usize,
    gone: bool,
    never: bool,
    fate: Option<Fate>,
    /// Means something while the node is there and live.
    timeout: Option<Timeout>,
    was_timed: bool,
    /// What it was made of, and whether as a child of that.
    made_of: Vec<(usize, bool)>,
}

#[derive(Debug, Default)]
pub(crate) struct Reference {
    nodes: Vec<Node>,
    /// Time limits so far.
    limits: usize,
}

impl Reference {
    pub(crate) fn new() -> Self {
        Reference::default()
    }

    fn push(&mut self, above: Above, fate: Option<Fate>, made_of: Vec<(usize, bool)>) -> usize {
        self.nodes.push(Node {
            made_of,
            timeout: None,
            was_timed: false,
            above,
            handles: 1,
            gone: false,
            never: false,
            fate,
        });
        self.nodes.len() - 1
    }

    pub(crate) fn root(&mut self) -> usize {
        self.push(Above::Child(None), None, Vec::new())
    }

    pub(crate) fn never(&mut self) -> usize {
        let id = self.root();
        self.nodes[id].never = true;
        id
    }

    pub(crate) fn child(&mut self, parent: usize) -> usize {
        let parent_node = &self.nodes[parent];
        match parent_node.fate.clone() {
            Some(fate) => self.push(
                Above::Child(None),
                Some(Fate {
                    inherited: vec![true],
                    ..fate
                }),
                vec![(parent, true)],
            ),
            None => {
                let above = (!parent_node.never).then_some(parent);
                self.push(Above::Child(above), None, vec![(parent, true)])
            }
        }
    }

    pub(crate) fn follow(&mut self, sources: &[usize], all: bool) -> usize {
        let missing = if all { sources.len() } else { 1 };
        self.link(sources.iter().map(|&source| (source, false)), missing)
    }

    pub(crate) fn child_following(&mut self, parent: usize, others: &[usize]) -> usize {
        if others.is_empty() {
            return self.child(parent);
        }
        let others = others.iter().map(|&source| (source, false));
        self.link([(parent, true)].into_iter().chain(others), 1)
    }

    fn link(&mut self, sources: impl Iterator<Item = (usize, bool)>, mut missing: usize) -> usize {
        let (mut links, mut fate) = (Vec::new(), None);
        let made_of: Vec<(usize, bool)> = sources.collect();
        for &(source, parent) in &made_of {
            let node = &self.nodes[source];
            if let Some(of_source) = &node.fate {
                if missing == 1 && fate.is_none() {
                    let mut own = of_source.clone();
                    if parent {
                        own.inherited = vec![true];
                    }
                    fate = Some(own);
                }
                missing -= usize::from(missing > 0);
            } else if !node.never {
                let source = Some(source);
                links.push(Link { source, parent });
            }
        }
        self.push(Above::Links(links, missing), fate, made_of)
    }

    pub(crate) fn retain(&mut self, id: usize) {
        self.nodes[id].handles += 1;
    }

    /// A handle is dropped.
    pub(crate) fn release(&mut self, id: usize) {
        self.nodes[id].handles -= 1;
        if self.nodes[id].handles > 0 || self.nodes[id].never {
            return;
        }
        // A node with one source, or none, goes; an any/all stays for those who depend on it
        // (whether it goes without any, nobody can see).
        if let Above::Child(heir) = self.nodes[id].above {
            self.nodes[id].gone = true;
            for node in &mut self.nodes {
                match &mut node.above {
                    Above::Child(source) if *source == Some(id) => *source = heir,
                    Above::Child(_) => {}
                    Above::Links(links, _) => {
                        for link in links.iter_mut().filter(|l| l.source == Some(id)) {
                            link.source = heir;
                            // It would have inherited through the one that is gone.
                            link.parent = true;
                        }
                    }
                }
            }
        }
    }

    /// True if it wins.
    pub(crate) fn cancel(&mut self, root: usize, reason: Reason, message: Option<&str>) -> bool {
        self.cancel_or_time_out(root, reason, message, None)
    }

    fn cancel_or_time_out(
        &mut self,
        root: usize,
        reason: Reason,
        message: Option<&str>,
        limit: Option<Duration>,
    ) -> bool {
        if self.nodes[root].fate.is_some() || self.nodes[root].never {
            return false;
        }
        let fate = Fate {
            root: reason,
            message: message.map(str::to_owned),
            inherited: vec![false],
            origin: root,
            limit,
        };
        self.nodes[root].fate = Some(fate.clone());
        self.spread(root, &fate, None);
        true
    }

    /// Cancels a token with what another one says. True if it wins.
    pub(crate) fn hand_on(&mut self, from: usize, to: usize) -> bool {
        if self.nodes[to].fate.is_some() || self.nodes[to].never {
            return false;
        }
        let Some(fate) = self.nodes[from].fate.clone() else {
            return false;
        };
        let fate = Fate {
            inherited: vec![false],
            ..fate
        };
        self.nodes[to].fate = Some(fate.clone());
        self.spread(to, &fate, None);
        true
    }

    /// True if something below was live. Other threads may add to what is below: `surely` tells what was
    /// there.
    pub(crate) fn cancel_children(
        &mut self,
        root: usize,
        reason: Reason,
        message: Option<&str>,
        surely: impl Fn(usize) -> bool,
    ) -> bool {
        if self.nodes[root].fate.is_some() || self.nodes[root].never {
            return false;
        }
        let below = |node: &Node| match &node.above {
            Above::Child(source) => *source == Some(root),
            Above::Links(links, _) => links.iter().any(|l| l.parent && l.source == Some(root)),
        };
        let live = (0..self.nodes.len()).any(|id| {
            let node = &self.nodes[id];
            node.fate.is_none() && below(node) && self.alive(id)
        });
        let fate = Fate {
            root: reason,
            message: message.map(str::to_owned),
            inherited: Vec::new(),
            origin: root,
            limit: None,
        };
        self.spread(root, &fate, Some(&surely));
        live
    }

    /// Whether a node is kept by a handle, or (an any/all) by something that depends on it.
    pub(crate) fn alive(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        if let Above::Child(_) = node.above {
            return !node.gone;
        }
        node.handles > 0
            || (id + 1..self.nodes.len()).any(|below| {
                let depends = match &self.nodes[below].above {
                    Above::Child(source) => *source == Some(id),
                    Above::Links(links, _) => links.iter().any(|l| l.source == Some(id)),
                };
                depends && self.alive(below)
            })
    }

    /// To everything that depends on `root`, or only to what is below it (by one of those in `below`).
    fn spread(&mut self, root: usize, cause: &Fate, below: Option<&dyn Fn(usize) -> bool>) {
        let fate = |inherited: Vec<bool>| Fate {
            inherited,
            ..cause.clone()
        };
        let mut new = vec![root];
        // Sources come before their dependents, so one pass is enough.
        for id in root + 1..self.nodes.len() {
            let mut inherited = Vec::new();
            let mut node = std::mem::replace(&mut self.nodes[id].above, Above::Child(None));
            match &mut node {
                Above::Child(source) => {
                    let takes = |s| s != root || below.is_none_or(|below| below(id));
                    if source.is_some_and(|s| new.contains(&s) && takes(s)) {
                        *source = None;
                        inherited.push(true);
                    }
                }
                Above::Links(links, missing) => {
                    for link in links {
                        let Some(source) = link.source.filter(|s| new.contains(s)) else {
                            continue;
                        };
                        if source == root && below.is_some_and(|below| !link.parent || !below(id)) {
                            continue;
                        }
                        link.source = None;
                        *missing = missing.saturating_sub(1);
                        if link.parent {
                            inherited.push(true);
                        } else if let Some(fate) = &self.nodes[source].fate {
                            inherited.extend(fate.inherited.iter().copied());
                        }
                    }
                    if *missing > 0 {
                        inherited.clear();
                    }
                }
            }
            self.nodes[id].above = node;
            if !inherited.is_empty() && self.nodes[id].fate.is_none() {
                self.nodes[id].fate = Some(fate(inherited));
                new.push(id);
            }
        }
    }

    /// Whether it was made below `root`, as a child or of something that is below.
    pub(crate) fn was_below(&self, id: usize, root: usize) -> bool {
        let mut made_of = self.nodes[id].made_of.iter();
        made_of.any(|&(source, child)| child && source == root || self.was_below(source, root))
    }

    /// Nodes so far.
    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it has a handle.
    pub(crate) fn is_held(&self, id: usize) -> bool {
        self.nodes[id].handles > 0
    }

    /// Whether it has one source, or none.
    pub(crate) fn is_plain(&self, id: usize) -> bool {
        matches!(self.nodes[id].above, Above::Child(_))
    }

    pub(crate) fn fate(&self, id: usize) -> Option<&Fate> {
        self.nodes[id].fate.as_ref()
    }

    /// Compares a handle with its node.
    pub(crate) fn check(&self, id: usize, actual: &cancel_core::Token) {
        assert!(!self.nodes[id].gone);
        assert_eq!(actual.is_cancelled(), self.fate(id).is_some(), "node {id}");
        match (self.fate(id), actual.cause()) {
            (None, None) => {}
            (Some(fate), Some(cause)) => {
                assert!(fate.fits(&cause), "node {id}: {fate:?}, not {cause:?}")
            }
            (fate, cause) => panic!("node {id}: {fate:?}, not {cause:?}"),
        }
    }
}
