//! Programs: operations as data, so that they can be made at random, run on the tokens and on the
//! reference, and made shorter.
//!
//! A new operation is a variant of [`Op`], a line in [`Op::random`], an arm in [`World::run`], and what
//! the two sides do: a call of the library in `real.rs`, a function of the reference in `expected.rs`.

use cancel_core::Reason;
use cancel_tests::Rng;
use std::time::Duration;

/// One operation. A number chooses among what there is: the n-th, counted around.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    New(Kind),
    Child(usize, Kind, Via),
    Clone(usize),
    Any(Vec<usize>),
    All(Vec<usize>),
    ChildFollowing(usize, Vec<usize>),
    Drop(usize),
    Cancel(usize, Why),
    CancelChildren(usize, Why),
    /// With what another one says, if that is cancelled.
    HandOn(usize, usize),
    Guard(usize, Guard),
    OnCancel(usize, Via),
    /// A callback whose registration is forgotten, and keeps nothing.
    ForgottenCallback(usize),
    DropCallback(usize, How),
    Wait(usize, Via),
    /// A wait that is polled once and forgotten, and keeps nothing.
    ForgottenWait(usize),
    WithTimeout(Duration),
    ChildWithTimeout(usize, Duration),
    CancelAfter(usize, Duration),
    ClearTimeout(usize),
    /// The clock goes on, and what is due is cancelled.
    Advance(Duration),
    /// With a new waker, or the last one.
    Poll(usize, bool),
    DropWait(usize),
}

/// Where a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `CancelToken`.
    Shared,
    /// `&'static Token`.
    Static,
    /// `Pin<Box<Child>>`, below a static one.
    InPlace,
}

/// By which of several ways that should come to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Token,
    View,
    /// `OnCancel` in place, a future run until the cancel.
    Other,
}

/// How a guard ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    Drop,
    DropWith(Why),
    Disarm,
    Success,
    /// One for panics goes without one.
    NoPanic,
    /// And with one.
    Panic(Why),
}

/// How a registration ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Drop,
    Unregister,
    UnregisterAndWait,
    Detach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) reason: Reason,
    pub(crate) message: Option<String>,
}

pub(crate) const REASONS: [Reason; 9] = [
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

fn via(rng: &mut Rng) -> Via {
    [Via::Token, Via::Token, Via::View, Via::Other][rng.below(4)]
}

fn how(rng: &mut Rng) -> How {
    [
        How::Drop,
        How::Unregister,
        How::UnregisterAndWait,
        How::Detach,
    ][rng.below(4)]
}

fn kind(rng: &mut Rng) -> Kind {
    match rng.below(12) {
        0 => Kind::Static,
        1 => Kind::InPlace,
        _ => Kind::Shared,
    }
}

/// Time limits: some of them equal, some beyond the range.
fn limit(rng: &mut Rng) -> Duration {
    match rng.below(12) {
        0 => Duration::ZERO,
        1 => Duration::MAX,
        n => SECOND * n as u32,
    }
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);

impl Op {
    /// How often which operation comes, in percent.
    pub(crate) fn random(rng: &mut Rng) -> Op {
        let n = rng.below(1 << 20);
        match rng.below(100) {
            0..7 => Op::New(match rng.one_in(8) {
                true => Kind::Static,
                false => Kind::Shared,
            }),
            7..30 => Op::Child(n, kind(rng), via(rng)),
            30..35 => Op::Clone(n),
            35..39 => Op::All(some(rng)),
            39..43 => Op::ChildFollowing(n, some(rng)),
            43..49 => Op::Any(some(rng)),
            49..65 => Op::Drop(n),
            65..69 => Op::Cancel(n, Why::random(rng)),
            69 => Op::CancelChildren(n, Why::random(rng)),
            70 if rng.one_in(3) => Op::HandOn(n, rng.below(1 << 20)),
            70 => Op::Guard(n, Guard::random(rng)),
            71..76 => Op::OnCancel(n, via(rng)),
            76 => Op::ForgottenCallback(n),
            77..81 => Op::DropCallback(n, how(rng)),
            81..86 => Op::Wait(n, via(rng)),
            86 => Op::ForgottenWait(n),
            87..93 => Op::Poll(n, rng.one_in(3)),
            93 if rng.one_in(4) => Op::Advance(SECOND * rng.below(4) as u32),
            93 => Op::CancelAfter(n, limit(rng)),
            94 if rng.one_in(3) => Op::ClearTimeout(n),
            94 if rng.one_in(2) => Op::WithTimeout(limit(rng)),
            94 => Op::ChildWithTimeout(n, limit(rng)),
            _ => Op::DropWait(n),
        }
    }

    /// Whether it can change tokens other than those that it names.
    pub(crate) fn reaches_others(&self) -> bool {
        use Op::{Advance, Cancel, CancelAfter, CancelChildren, ClearTimeout, Drop, Guard, HandOn};
        matches!(
            self,
            Cancel(..)
                | CancelChildren(..)
                | HandOn(..)
                | Guard(..)
                | Drop(_)
                | CancelAfter(..)
                | ClearTimeout(_)
                | Advance(_)
        )
    }
}

fn some(rng: &mut Rng) -> Vec<usize> {
    (0..rng.below(5)).map(|_| rng.below(1 << 20)).collect()
}

impl Guard {
    fn random(rng: &mut Rng) -> Guard {
        match rng.below(6) {
            0 => Guard::Drop,
            1 => Guard::DropWith(Why::random(rng)),
            2 => Guard::Disarm,
            3 => Guard::Success,
            4 => Guard::NoPanic,
            _ => Guard::Panic(Why::random(rng)),
        }
    }

    /// The cause with which it cancels, if it does.
    pub(crate) fn fires(&self) -> Option<Why> {
        match self {
            Guard::Drop => Some(Why {
                reason: Reason::Dropped,
                message: None,
            }),
            Guard::DropWith(why) | Guard::Panic(why) => Some(why.clone()),
            Guard::Disarm | Guard::Success | Guard::NoPanic => None,
        }
    }
}

impl Why {
    fn random(rng: &mut Rng) -> Why {
        if rng.one_in(12) {
            return Why {
                reason: Reason::Condition,
                message: Some("static".into()),
            };
        }
        Why {
            reason: REASONS[rng.below(REASONS.len())],
            message: rng.one_in(2).then(|| format!("no. {}", rng.below(1 << 20))),
        }
    }
}

/// What runs programs: the library itself, or the reference. Both make the same choices, in [`World`].
pub(crate) trait Side {
    type Token;
    type Callback;
    type Wait;

    fn never(&mut self, kind: Kind) -> Self::Token;
    fn root(&mut self, kind: Kind) -> Self::Token;
    fn child(&mut self, of: &mut Self::Token, kind: Kind, via: Via) -> Self::Token;
    fn another(&mut self, of: &mut Self::Token) -> Self::Token;
    fn follow(&mut self, sources: &[&Self::Token], all: bool) -> Self::Token;
    fn child_following(&mut self, of: &Self::Token, others: &[&Self::Token]) -> Self::Token;
    fn drop_token(&mut self, token: Self::Token);
    /// All tokens, and which of them.
    fn cancel(&mut self, all: &mut [(Self::Token, Kind)], at: usize, why: &Why) -> bool;
    fn cancel_children(&mut self, of: &mut Self::Token, why: &Why) -> bool;
    fn hand_on(&mut self, all: &mut [(Self::Token, Kind)], from: usize, to: usize) -> bool;
    fn guard(&mut self, of: &mut Self::Token, guard: &Guard);
    fn on_cancel(&mut self, of: &mut Self::Token, via: Via, number: usize) -> Self::Callback;
    fn forgotten_callback(&mut self, of: &mut Self::Token, number: usize);
    /// Whether the callback will never run, if that is said.
    fn drop_callback(&mut self, callback: Self::Callback, how: How) -> Option<bool>;
    fn wait(&mut self, of: &mut Self::Token, via: Via) -> Self::Wait;
    fn forgotten_wait(&mut self, of: &mut Self::Token);
    fn poll(&mut self, wait: &mut Self::Wait, fresh: bool) -> bool;
    fn drop_wait(&mut self, wait: Self::Wait);
    fn with_timeout(&mut self, limit: Duration) -> Self::Token;
    fn child_with_timeout(&mut self, of: &mut Self::Token, limit: Duration) -> Self::Token;
    fn cancel_after(&mut self, of: &mut Self::Token, limit: Duration);
    fn clear_timeout(&mut self, of: &mut Self::Token);
    fn advance(&mut self, by: Duration);
}

/// What there is while a program runs.
pub(crate) struct World<S: Side> {
    pub(crate) side: S,
    /// Two that are never cancelled come first.
    pub(crate) tokens: Vec<(S::Token, Kind)>,
    /// And whether it is in place.
    pub(crate) callbacks: Vec<(S::Callback, bool)>,
    pub(crate) waits: Vec<S::Wait>,
    /// Callbacks so far.
    pub(crate) numbers: usize,
}

/// What an operation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Nothing,
    Won(bool),
    /// By `cancel_children`.
    Stopped(bool),
    Unregistered(bool),
    Ready(bool),
}

const MOST_TOKENS: usize = 40;
const MOST_OTHERS: usize = 24;

impl<S: Side> World<S> {
    pub(crate) fn new(mut side: S) -> Self {
        let never = [Kind::Shared, Kind::Static].map(|kind| (side.never(kind), kind));
        World {
            side,
            tokens: never.into(),
            callbacks: Vec::new(),
            waits: Vec::new(),
            numbers: 0,
        }
    }

    pub(crate) fn run(&mut self, op: &Op) -> Answer {
        let count = self.tokens.len();
        match *op {
            Op::New(kind) => {
                let new = self.side.root(kind);
                self.add(new, kind);
            }
            Op::Child(n, kind, via) => {
                let (of, above) = &mut self.tokens[n % count];
                let kind = match above {
                    Kind::Static => kind,
                    Kind::Shared => Kind::Shared,
                    Kind::InPlace => return Answer::Nothing,
                };
                let new = self.side.child(of, kind, via);
                self.add(new, kind);
            }
            Op::Clone(n) => {
                let (of, kind) = &mut self.tokens[n % count];
                if *kind != Kind::InPlace {
                    let (new, kind) = (self.side.another(of), *kind);
                    self.add(new, kind);
                }
            }
            Op::Any(ref of) => self.follow(of, false),
            Op::All(ref of) => self.follow(of, true),
            Op::ChildFollowing(n, ref others) => {
                let others = alike(&self.tokens, others);
                if let (of, Kind::Shared) = &self.tokens[n % count] {
                    let new = self.side.child_following(of, &others);
                    self.add(new, Kind::Shared);
                }
            }
            Op::Drop(n) => self.drop_token(n),
            Op::Cancel(n, ref why) => {
                return Answer::Won(self.side.cancel(&mut self.tokens, n % count, why));
            }
            Op::CancelChildren(n, ref why) => {
                let of = &mut self.tokens[n % count].0;
                return Answer::Stopped(self.side.cancel_children(of, why));
            }
            Op::HandOn(from, to) => {
                let tokens = &mut self.tokens;
                return Answer::Won(self.side.hand_on(tokens, from % count, to % count));
            }
            Op::Guard(n, ref guard) => self.side.guard(&mut self.tokens[n % count].0, guard),
            Op::OnCancel(n, via) if self.callbacks.len() < MOST_OTHERS => {
                let (of, kind) = &mut self.tokens[n % count];
                if *kind != Kind::InPlace {
                    self.numbers += 1;
                    let in_place = *kind == Kind::Static && via == Via::Other;
                    let new = self.side.on_cancel(of, via, self.numbers);
                    self.callbacks.push((new, in_place));
                }
            }
            Op::OnCancel(n, _) => return self.drop_callback(n, How::Drop),
            Op::DropCallback(n, how) => return self.drop_callback(n, how),
            Op::ForgottenCallback(n) => {
                self.numbers += 1;
                let of = &mut self.tokens[n % count].0;
                self.side.forgotten_callback(of, self.numbers);
            }
            Op::Wait(n, via) if self.waits.len() < MOST_OTHERS => {
                let (of, kind) = &mut self.tokens[n % count];
                if *kind != Kind::InPlace {
                    let new = self.side.wait(of, via);
                    self.waits.push(new);
                }
            }
            Op::WithTimeout(limit) => {
                let new = self.side.with_timeout(limit);
                self.add(new, Kind::Shared);
            }
            Op::ChildWithTimeout(n, limit) => {
                if let (of, Kind::Shared) = &mut self.tokens[n % count] {
                    let new = self.side.child_with_timeout(of, limit);
                    self.add(new, Kind::Shared);
                }
            }
            Op::CancelAfter(n, limit) => {
                if let (of, Kind::Shared) = &mut self.tokens[n % count] {
                    self.side.cancel_after(of, limit);
                }
            }
            Op::ClearTimeout(n) => {
                if let (of, Kind::Shared) = &mut self.tokens[n % count] {
                    self.side.clear_timeout(of);
                }
            }
            Op::Advance(by) => self.side.advance(by),
            Op::ForgottenWait(n) => self.side.forgotten_wait(&mut self.tokens[n % count].0),
            Op::Poll(n, fresh) => {
                if !self.waits.is_empty() {
                    let at = n % self.waits.len();
                    return Answer::Ready(self.side.poll(&mut self.waits[at], fresh));
                }
            }
            Op::Wait(n, _) | Op::DropWait(n) => {
                if !self.waits.is_empty() {
                    let at = n % self.waits.len();
                    let wait = self.waits.swap_remove(at);
                    self.side.drop_wait(wait);
                }
            }
        }
        Answer::Nothing
    }

    fn add(&mut self, token: S::Token, kind: Kind) {
        if self.tokens.len() >= MOST_TOKENS {
            self.drop_token(self.tokens.len() * 7 + self.numbers);
        }
        self.tokens.push((token, kind));
    }

    fn follow(&mut self, of: &[usize], all: bool) {
        let new = self.side.follow(&alike(&self.tokens, of), all);
        self.add(new, Kind::Shared);
    }

    fn drop_callback(&mut self, n: usize, how: How) -> Answer {
        if self.callbacks.is_empty() {
            return Answer::Nothing;
        }
        let at = n % self.callbacks.len();
        let (callback, in_place) = self.callbacks.swap_remove(at);
        // (There is no other way for one in place.)
        let how = if in_place { How::Drop } else { how };
        match self.side.drop_callback(callback, how) {
            Some(never) => Answer::Unregistered(never),
            None => Answer::Nothing,
        }
    }

    fn drop_token(&mut self, n: usize) {
        if self.tokens.len() > 2 {
            let at = 2 + n % (self.tokens.len() - 2);
            let (token, _) = self.tokens.swap_remove(at);
            self.side.drop_token(token);
        }
    }
}

/// Those that can be followed together: all shared, or all static.
fn alike<'w, T>(tokens: &'w [(T, Kind)], chosen: &[usize]) -> Vec<&'w T> {
    let chosen = chosen.iter().map(|n| &tokens[n % tokens.len()]);
    let chosen: Vec<_> = chosen.filter(|(_, kind)| *kind != Kind::InPlace).collect();
    let first = chosen.first().map(|(_, kind)| *kind);
    chosen
        .iter()
        .filter(|(_, kind)| Some(*kind) == first)
        .map(|(token, _)| token)
        .collect()
}
