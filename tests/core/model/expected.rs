//! The reference's side of a program.

use super::program::{Guard, How, Kind, Side, Via, Why};
use crate::reference::Reference;
use cancel_core::{Instant, Reason};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) reference: Reference,
    /// Cancels so far, and guards that fired: node and cause.
    pub(crate) cancels: Vec<(usize, Why)>,
    /// Callbacks that wait.
    live: Vec<Callback>,
    /// Callbacks that have run since they were looked at last: node and number.
    pub(crate) fired: Vec<(usize, usize)>,
    /// Callbacks whose registrations have ended.
    pub(crate) dropped: Vec<usize>,
    /// Forgotten waits.
    pub(crate) forgotten: Vec<Forgotten>,
    /// Callbacks without a registration: node and number.
    pub(crate) detached: Vec<(usize, usize)>,
    /// Nodes of which `cancel_children` was called.
    pub(crate) stopped: Vec<usize>,
    /// Nodes that other threads have made.
    pub(crate) others: std::ops::Range<usize>,
    pub(crate) now: Instant,
}

#[derive(Clone, Copy)]
pub(crate) struct Callback {
    pub(crate) node: usize,
    pub(crate) number: usize,
    /// Its registration keeps nothing.
    forgotten: bool,
}

pub(crate) struct Wait {
    pub(crate) node: usize,
    /// With its present waker.
    waiting: bool,
    wakes: usize,
    ready: bool,
}

/// How often a wait is woken that nobody has any more: while its token is there.
pub(crate) struct Forgotten {
    node: usize,
    waiting: bool,
    pub(crate) wakes: usize,
}

impl Wait {
    pub(crate) fn wakes(&mut self, reference: &Reference) -> usize {
        if self.waiting && reference.fate(self.node).is_some() {
            (self.waiting, self.wakes) = (false, 1);
        }
        self.wakes
    }
}

impl Expected {
    fn node(&mut self, node: usize, kind: Kind) -> usize {
        if kind == Kind::Static {
            self.reference.retain(node); // for ever
        }
        node
    }

    fn release(&mut self, node: usize) {
        self.reference.release(node);
        let reference = &self.reference;
        self.live
            .retain(|callback| !callback.forgotten || reference.alive(callback.node));
        for wait in &mut self.forgotten {
            wait.waiting &= reference.alive(wait.node);
        }
    }

    fn cancel_node(&mut self, node: usize, reason: Reason, message: Option<&str>) -> bool {
        let won = self.reference.cancel(node, reason, message);
        self.reached();
        won
    }

    /// Callbacks and forgotten waits of tokens that are cancelled now.
    fn reached(&mut self) {
        let reference = &self.reference;
        let (over, live) = std::mem::take(&mut self.live)
            .into_iter()
            .partition::<Vec<_>, _>(|callback| reference.fate(callback.node).is_some());
        self.live = live;
        self.fired
            .extend(over.iter().map(|callback| (callback.node, callback.number)));
        for wait in &mut self.forgotten {
            if wait.waiting && reference.fate(wait.node).is_some() {
                (wait.waiting, wait.wakes) = (false, 1);
            }
        }
    }

    fn callback(&mut self, callback: Callback) -> Callback {
        match self.reference.fate(callback.node).is_some() {
            true => self.fired.push((callback.node, callback.number)),
            false => self.live.push(callback),
        }
        callback
    }
}

impl Side for Expected {
    type Token = usize;
    type Callback = Callback;
    type Wait = Wait;

    fn never(&mut self, kind: Kind) -> usize {
        let node = self.reference.never();
        self.node(node, kind)
    }

    fn root(&mut self, kind: Kind) -> usize {
        let node = self.reference.root();
        self.node(node, kind)
    }

    fn child(&mut self, of: &mut usize, kind: Kind, _: Via) -> usize {
        let node = self.reference.child(*of);
        self.node(node, kind)
    }

    fn another(&mut self, of: &mut usize) -> usize {
        self.reference.retain(*of);
        *of
    }

    fn follow(&mut self, sources: &[&usize], all: bool) -> usize {
        let sources: Vec<usize> = sources.iter().map(|source| **source).collect();
        self.reference.follow(&sources, all)
    }

    fn child_following(&mut self, of: &usize, others: &[&usize]) -> usize {
        let others: Vec<usize> = others.iter().map(|other| **other).collect();
        self.reference.child_following(*of, &others)
    }

    fn drop_token(&mut self, token: usize) {
        self.release(token);
    }

    fn cancel(&mut self, all: &mut [(usize, Kind)], at: usize, why: &Why) -> bool {
        let node = all[at].0;
        self.cancels.push((node, why.clone()));
        self.cancel_node(node, why.reason, why.message.as_deref())
    }

    fn cancel_children(&mut self, of: &mut usize, why: &Why) -> bool {
        let message = why.message.as_deref();
        self.stopped.push(*of);
        let others = self.others.clone();
        let surely = |id| !others.contains(&id);
        let live = self
            .reference
            .cancel_children(*of, why.reason, message, surely);
        self.reached();
        live
    }

    fn hand_on(&mut self, all: &mut [(usize, Kind)], from: usize, to: usize) -> bool {
        let won = self.reference.hand_on(all[from].0, all[to].0);
        self.reached();
        won
    }

    fn guard(&mut self, of: &mut usize, guard: &Guard) {
        if let Some(why) = guard.fires() {
            self.cancel_node(*of, why.reason, why.message.as_deref());
            self.cancels.push((*of, why));
        }
    }

    fn on_cancel(&mut self, of: &mut usize, _: Via, number: usize) -> Callback {
        self.reference.retain(*of);
        self.callback(Callback {
            node: *of,
            number,
            forgotten: false,
        })
    }

    fn forgotten_callback(&mut self, of: &mut usize, number: usize) {
        self.detached.push((*of, number));
        self.callback(Callback {
            node: *of,
            number,
            forgotten: true,
        });
    }

    fn drop_callback(&mut self, callback: Callback, how: How) -> Option<bool> {
        self.dropped.push(callback.number);
        if how == How::Detach {
            self.detached.push((callback.node, callback.number));
        }
        let at = self
            .live
            .iter()
            .position(|live| live.number == callback.number);
        match (at, how) {
            (Some(at), How::Detach) => self.live[at].forgotten = true,
            (Some(at), _) => drop(self.live.remove(at)),
            (None, _) => {}
        }
        self.release(callback.node);
        matches!(how, How::Unregister | How::UnregisterAndWait).then_some(at.is_some())
    }

    fn wait(&mut self, of: &mut usize, _: Via) -> Wait {
        self.reference.retain(*of);
        Wait {
            node: *of,
            waiting: false,
            wakes: 0,
            ready: false,
        }
    }

    fn forgotten_wait(&mut self, of: &mut usize) {
        self.forgotten.push(Forgotten {
            node: *of,
            waiting: self.reference.fate(*of).is_none(),
            wakes: 0,
        });
    }

    fn poll(&mut self, wait: &mut Wait, fresh: bool) -> bool {
        if fresh {
            (wait.waiting, wait.wakes) = (false, 0);
        }
        if !wait.ready {
            wait.wakes(&self.reference);
            wait.ready = self.reference.fate(wait.node).is_some();
            wait.waiting = !wait.ready;
        }
        wait.ready
    }

    fn drop_wait(&mut self, wait: Wait) {
        self.release(wait.node);
    }

    fn with_timeout(&mut self, limit: Duration) -> usize {
        let mut node = self.root(Kind::Shared);
        self.cancel_after(&mut node, limit);
        node
    }

    fn child_with_timeout(&mut self, of: &mut usize, limit: Duration) -> usize {
        let mut node = self.child(of, Kind::Shared, Via::Token);
        self.cancel_after(&mut node, limit);
        node
    }

    fn cancel_after(&mut self, of: &mut usize, limit: Duration) {
        self.reference.cancel_after(*of, self.now, limit);
        self.reached();
    }

    fn clear_timeout(&mut self, of: &mut usize) {
        self.reference.clear_timeout(*of);
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        while self.reference.time_out(self.now).is_some() {}
        self.reached();
    }
}
