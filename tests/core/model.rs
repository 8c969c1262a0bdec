//! Random operations against the reference.

use crate::reference::Reference;
use cancel_core::{CancelToken, Cancelled, Cause, Reason, Registration, WaitForCancel};
use cancel_tests::{Counter, Rng};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

const REASONS: [Reason; 9] = [
    Reason::Manual,
    Reason::Timeout,
    Reason::Signal(15),
    Reason::Condition,
    Reason::Parent,
    Reason::Error,
    Reason::Dropped,
    Reason::Shutdown,
    Reason::Custom(u16::MAX),
];

type Fired = Arc<Mutex<Vec<(usize, Cancelled)>>>;

struct Callback {
    registration: Registration<CancelToken>,
    node: usize,
    number: usize,
}

struct Wait {
    future: Pin<Box<WaitForCancel<CancelToken>>>,
    node: usize,
    counter: Arc<Counter>,
    /// Has been polled while the token was live.
    waiting: bool,
    wakes: usize,
}

/// The tokens under test beside the reference.
struct World {
    rng: Rng,
    model: Reference,
    handles: Vec<(CancelToken, usize)>,
    callbacks: Vec<Callback>,
    waits: Vec<Wait>,
    fired: Fired,
    /// Callbacks registered so far.
    numbers: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = World {
            rng: Rng::new(seed),
            model: Reference::new(),
            handles: Vec::new(),
            callbacks: Vec::new(),
            waits: Vec::new(),
            fired: Fired::default(),
            numbers: 0,
        };
        world.add(CancelToken::new(), Reference::root);
        world.add(CancelToken::never(), Reference::never);
        world
    }

    fn add(&mut self, token: CancelToken, model: impl FnOnce(&mut Reference) -> usize) {
        let id = model(&mut self.model);
        self.handles.push((token, id));
    }

    fn pick(&mut self) -> usize {
        self.rng.below(self.handles.len())
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..8 => self.add(CancelToken::new(), Reference::root),
            8..34 => {
                let at = self.pick();
                let (token, id) = (self.handles[at].0.child(), self.handles[at].1);
                self.add(token, |model| model.child(id));
            }
            34..40 => {
                let at = self.pick();
                let (token, id) = (self.handles[at].0.clone(), self.handles[at].1);
                self.model.retain(id);
                self.handles.push((token, id));
            }
            40..54 => self.follow(),
            54..72 => self.drop_handle(),
            72..75 => self.cancel(false),
            75..78 => self.cancel(true),
            78..84 => self.on_cancel(),
            84..88 => self.drop_callback(),
            _ => self.wait(),
        }
        while self.handles.len() > 40 {
            self.drop_handle();
        }
    }

    fn follow(&mut self) {
        let picks: Vec<usize> = (0..self.rng.below(5)).map(|_| self.pick()).collect();
        let tokens = picks.iter().map(|&at| &self.handles[at].0);
        let ids: Vec<usize> = picks.iter().map(|&at| self.handles[at].1).collect();
        match self.rng.below(4) {
            0 => {
                let all = CancelToken::all(tokens);
                self.add(all, |model| model.follow(&ids, true));
            }
            1 if !picks.is_empty() => {
                let child = self.handles[picks[0]].0.child_following(tokens.skip(1));
                self.add(child, |model| model.child_following(ids[0], &ids[1..]));
            }
            _ => {
                let any = CancelToken::any(tokens);
                self.add(any, |model| model.follow(&ids, false));
            }
        }
    }

    fn drop_handle(&mut self) {
        if self.handles.len() > 2 {
            let at = 2 + self.rng.below(self.handles.len() - 2);
            let (token, id) = self.handles.swap_remove(at);
            drop(token);
            self.model.release(id);
        }
    }

    /// A token with all that depends on it, or only what is below it.
    fn cancel(&mut self, children: bool) {
        let at = self.pick();
        let reason = REASONS[self.rng.below(REASONS.len())];
        let message = self.rng.one_in(2).then(|| format!("no. {}", self.numbers));
        let mut cause = Cause::new(reason);
        if let Some(message) = &message {
            cause = cause.with_message(message.clone());
        }
        let (token, id) = &self.handles[at];
        let message = message.as_deref();
        if children {
            let live = self.model.cancel_children(*id, reason, message);
            assert_eq!(token.cancel_children_with(cause), live);
        } else {
            let won = self.model.cancel(*id, reason, message);
            assert_eq!(token.cancel_with(cause), won);
        }

        // Each callback of the tokens that were reached ran once, with their cause; those of one
        // token in the order of registration.
        let fired = std::mem::take(&mut *self.fired.lock().unwrap());
        let (over, keep): (Vec<_>, Vec<_>) = std::mem::take(&mut self.callbacks)
            .into_iter()
            .partition(|callback| self.model.fate(callback.node).is_some());
        self.callbacks = keep;
        assert_eq!(fired.len(), over.len());
        let mut last = HashMap::new();
        for callback in over {
            let at = fired.iter().position(|(n, _)| *n == callback.number);
            let at = at.expect("callback did not run");
            let fate = self.model.fate(callback.node);
            assert!(fate.is_some_and(|fate| fate.fits(&fired[at].1)));
            let last = last.insert(callback.node, at);
            assert!(
                last < Some(at),
                "callbacks of node {} out of order",
                callback.node
            );
            drop(callback.registration);
            self.model.release(callback.node);
        }
    }

    fn on_cancel(&mut self) {
        let at = self.pick();
        let (token, node) = (&self.handles[at].0, self.handles[at].1);
        let (fired, number) = (self.fired.clone(), self.numbers);
        self.numbers += 1;
        let registration = token.on_cancel(move |why| {
            fired.lock().unwrap().push((number, why.clone()));
        });
        self.model.retain(node);
        let fired = std::mem::take(&mut *self.fired.lock().unwrap());
        match self.model.fate(node) {
            Some(fate) => {
                assert!(fired.len() == 1 && fired[0].0 == number && fate.fits(&fired[0].1));
                drop(registration);
                self.model.release(node);
            }
            None => {
                assert!(fired.is_empty());
                self.callbacks.push(Callback {
                    registration,
                    node,
                    number,
                });
            }
        }
    }

    fn drop_callback(&mut self) {
        if !self.callbacks.is_empty() {
            let at = self.rng.below(self.callbacks.len());
            let callback = self.callbacks.remove(at);
            drop(callback.registration);
            self.model.release(callback.node);
        }
    }

    fn wait(&mut self) {
        if self.waits.is_empty() || self.rng.one_in(3) {
            let at = self.pick();
            let node = self.handles[at].1;
            self.model.retain(node);
            self.waits.push(Wait {
                future: Box::pin(self.handles[at].0.cancelled_owned()),
                node,
                counter: Counter::new(),
                waiting: false,
                wakes: 0,
            });
        }
        let at = self.rng.below(self.waits.len());
        if self.rng.one_in(4) {
            let wait = self.waits.swap_remove(at);
            drop(wait.future);
            self.model.release(wait.node);
            assert_eq!(Arc::strong_count(&wait.counter), 1, "a waker was left");
            return;
        }
        let (wait, model) = (&mut self.waits[at], &self.model);
        let mut old = None;
        if self.rng.one_in(3) {
            // This poll replaces the waker.
            old = Some(std::mem::replace(&mut wait.counter, Counter::new()));
            (wait.wakes, wait.waiting) = (0, false);
        }
        let waker = wait.counter.waker();
        let poll = wait.future.as_mut().poll(&mut Context::from_waker(&waker));
        match (poll, model.fate(wait.node)) {
            (Poll::Pending, None) => wait.waiting = true,
            (Poll::Ready(cancelled), Some(fate)) => assert!(fate.fits(&cancelled)),
            (poll, fate) => panic!("{fate:?}, but {poll:?}"),
        }
        if let Some(old) = old {
            assert_eq!(Arc::strong_count(&old), 1, "the old waker was left");
        }
    }

    fn check(&mut self) {
        for (token, id) in &self.handles {
            self.model.check(*id, token);
        }
        for wait in &mut self.waits {
            if wait.waiting && self.model.fate(wait.node).is_some() {
                wait.waiting = false;
                wait.wakes += 1;
            }
            assert_eq!(wait.counter.wakes(), wait.wakes);
        }
    }
}

#[test]
fn random_operations() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.step();
            world.check();
        }
    }
}
