//! The naive reference: what the tokens of one thread should be after each operation.
//!
//! Nothing is linked here; each question walks over all nodes. Nodes are numbers, in the order in
//! which they were made. A source is made before its dependents, and adoption replaces a source by
//! one of its own, so sources have the smaller numbers.

use cancel_core::{Cancelled, Reason};

/// The cancel that reached a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) root: Reason,
    pub(crate) message: Option<String>,
    /// An any/all that two paths of one cancel reach may take the flag from either.
    pub(crate) inherited: Vec<bool>,
    /// The token that was asked first.
    pub(crate) origin: usize,
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
}

#[derive(Debug, Default)]
pub(crate) struct Reference {
    nodes: Vec<Node>,
}

impl Reference {
    pub(crate) fn new() -> Self {
        Reference::default()
    }

    fn push(&mut self, above: Above, fate: Option<Fate>) -> usize {
        self.nodes.push(Node {
            above,
            handles: 1,
            gone: false,
            never: false,
            fate,
        });
        self.nodes.len() - 1
    }

    pub(crate) fn root(&mut self) -> usize {
        self.push(Above::Child(None), None)
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
            ),
            None => {
                let parent = (!parent_node.never).then_some(parent);
                self.push(Above::Child(parent), None)
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
        for (source, parent) in sources {
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
        self.push(Above::Links(links, missing), fate)
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
        if self.nodes[root].fate.is_some() || self.nodes[root].never {
            return false;
        }
        let fate = Fate {
            root: reason,
            message: message.map(str::to_owned),
            inherited: vec![false],
            origin: root,
        };
        self.nodes[root].fate = Some(fate.clone());
        self.spread(root, &fate, true);
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
        self.spread(to, &fate, true);
        true
    }

    /// True if something below was live.
    pub(crate) fn cancel_children(
        &mut self,
        root: usize,
        reason: Reason,
        message: Option<&str>,
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
        };
        self.spread(root, &fate, false);
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

    /// To everything that depends on `root`, or (not `whole`) only to what is below it.
    fn spread(&mut self, root: usize, cause: &Fate, whole: bool) {
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
                    if source.is_some_and(|s| new.contains(&s)) {
                        *source = None;
                        inherited.push(true);
                    }
                }
                Above::Links(links, missing) => {
                    for link in links {
                        let Some(source) = link.source.filter(|s| new.contains(s)) else {
                            continue;
                        };
                        if source == root && !whole && !link.parent {
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
