//! The library's side of a program.

use super::clock::Clock;
use super::program::{Guard, How, Kind, Side, Via, Why};
use cancel_core::{
    CancelFutureExt, CancelToken, Cancelled, Cause, Child, DropGuard, Instant, OnCancel,
    Registration, StaticCause, Token, TokenId,
};
use cancel_tests::Counter;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

/// Callbacks that have run, by number. Static, for those in place.
pub(crate) type Fired = &'static Mutex<Vec<(usize, Cancelled)>>;

pub(crate) struct Real {
    pub(crate) fired: Fired,
    pub(crate) forgotten: Vec<Arc<Counter>>,
    /// The library's ids, in the order in which nodes are made.
    pub(crate) origins: Vec<TokenId>,
    pub(crate) clock: Clock,
    /// Ids of tokens so far, and where they begin: one range for each thread.
    ids: u64,
}

pub(crate) struct RealToken {
    place: Place,
    /// The ids of this one and of those that it is a child of, and so on.
    line: Vec<u64>,
}

enum Place {
    Shared(CancelToken),
    Static(&'static Token),
    Pinned(Pin<Box<Child<'static>>>),
}

pub(crate) enum RealCallback {
    Shared(Registration<CancelToken>),
    Static(Registration<&'static Token>),
    InPlace(Pin<Box<OnCancel<'static>>>),
}

pub(crate) struct RealWait {
    future: Pin<Box<dyn Future<Output = Cancelled> + Send>>,
    pub(crate) counter: Arc<Counter>,
    pub(crate) result: Option<Cancelled>,
    /// With its present waker.
    pub(crate) polled: bool,
}

/// Has no message but this one.
static STATIC_CAUSE: StaticCause = StaticCause::new(cancel_core::Reason::Condition, "static");

impl Real {
    pub(crate) fn new(thread: u64) -> Self {
        Real {
            fired: Box::leak(Box::default()),
            forgotten: Vec::new(),
            origins: Vec::new(),
            clock: Clock::default(),
            ids: thread << 32,
        }
    }

    /// No other thread has a waker of ours in its hands.
    fn alone(&self) -> bool {
        self.ids >> 32 == 0
    }

    fn token(&mut self, place: Place, above: &[u64]) -> RealToken {
        self.ids += 1;
        let mut line = above.to_vec();
        // (Long chains cost more than they show.)
        if line.len() > 16 {
            line.remove(0);
        }
        line.push(self.ids);
        let mut token = RealToken { place, line };
        self.origins.push(token.get().id());
        token
    }
}

impl RealToken {
    /// The token itself. One in place is entered before, which a second time does nothing.
    pub(crate) fn get(&mut self) -> &Token {
        match &mut self.place {
            Place::Shared(token) => token,
            Place::Static(token) => token,
            Place::Pinned(child) => child.as_mut().enter(),
        }
    }

    /// When its own time limit runs out.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.place {
            Place::Shared(token) => token.deadline(),
            _ => None,
        }
    }

    fn shared(&self) -> &CancelToken {
        match &self.place {
            Place::Shared(token) => token,
            _ => panic!("not a shared one"),
        }
    }

    fn fixed(&self) -> &'static Token {
        match self.place {
            Place::Static(token) => token,
            _ => panic!("not a static one"),
        }
    }

    /// Another handle for another thread.
    pub(crate) fn handle(&self) -> Option<RealToken> {
        let place = match &self.place {
            Place::Shared(token) => Place::Shared(token.clone()),
            Place::Static(token) => Place::Static(token),
            Place::Pinned(_) => return None,
        };
        Some(RealToken {
            place,
            line: self.line.clone(),
        })
    }
}

impl RealWait {
    fn poll(&mut self) -> bool {
        if self.result.is_none() {
            self.polled = true;
            let waker = self.counter.waker();
            if let Poll::Ready(why) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.result = Some(why);
            }
        }
        self.result.is_some()
    }
}

fn cause(why: &Why) -> Cause {
    match &why.message {
        Some(message) if message == "static" => Cause::from(&STATIC_CAUSE),
        Some(message) => Cause::new(why.reason).with_message(message.clone()),
        None => Cause::new(why.reason),
    }
}

fn end<T: cancel_core::TokenRef>(registration: Registration<T>, how: How) -> Option<bool> {
    match how {
        How::Drop => drop(registration),
        How::Detach => registration.detach(),
        How::Unregister => return Some(registration.unregister()),
        #[cfg(feature = "std")]
        How::UnregisterAndWait => return Some(registration.unregister_and_wait()),
        #[cfg(not(feature = "std"))]
        How::UnregisterAndWait => return Some(registration.unregister()),
    }
    None
}

fn end_guard<T: cancel_core::TokenRef>(guard: DropGuard<T>, how: &Guard) {
    match how {
        Guard::Drop | Guard::DropWith(_) => drop(guard),
        Guard::Disarm => drop(guard.disarm()),
        Guard::Success => guard.success(),
        #[cfg(feature = "std")]
        Guard::NoPanic => drop(guard.only_on_panic()),
        #[cfg(feature = "std")]
        Guard::Panic(_) => {
            let guard = guard.only_on_panic();
            let panic = AssertUnwindSafe(|| {
                let _guard = guard;
                // (Without a word.)
                resume_unwind(Box::new(()));
            });
            assert!(catch_unwind(panic).is_err());
        }
        #[cfg(not(feature = "std"))]
        Guard::NoPanic => guard.success(),
        #[cfg(not(feature = "std"))]
        Guard::Panic(_) => drop(guard),
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

impl Side for Real {
    type Token = RealToken;
    type Callback = RealCallback;
    type Wait = RealWait;

    fn never(&mut self, kind: Kind) -> RealToken {
        let place = match kind {
            Kind::Shared => Place::Shared(CancelToken::never()),
            _ => Place::Static(Token::never()),
        };
        self.token(place, &[])
    }

    fn root(&mut self, kind: Kind) -> RealToken {
        let place = match kind {
            Kind::Shared => Place::Shared(CancelToken::new()),
            _ => Place::Static(leak(Token::new())),
        };
        self.token(place, &[])
    }

    fn child(&mut self, of: &mut RealToken, kind: Kind, via: Via) -> RealToken {
        let place = match (&of.place, kind, via) {
            (Place::Shared(of), _, Via::View) => Place::Shared(of.view_owned().child()),
            (Place::Shared(of), ..) => Place::Shared(of.child()),
            (Place::Static(of), Kind::Shared, _) => Place::Shared(of.child()),
            (Place::Static(of), Kind::Static, _) => {
                Place::Static(leak(Child::new(of)).enter_static())
            }
            (Place::Static(of), Kind::InPlace, _) => {
                let mut child = Box::pin(Child::new(of));
                child.as_mut().enter();
                Place::Pinned(child)
            }
            (Place::Pinned(_), ..) => panic!("below one in place"),
        };
        self.token(place, &of.line)
    }

    fn another(&mut self, of: &mut RealToken) -> RealToken {
        of.handle().expect("not in place")
    }

    fn follow(&mut self, sources: &[&RealToken], all: bool) -> RealToken {
        let place = Place::Shared(match sources.first().map(|source| &source.place) {
            Some(Place::Static(_)) => {
                let sources = sources.iter().map(|source| source.fixed());
                match all {
                    true => CancelToken::all(sources),
                    false => CancelToken::any(sources),
                }
            }
            _ if sources.len() % 2 == 1 => {
                let views: Vec<_> = sources.iter().map(|of| of.shared().view_owned()).collect();
                match all {
                    true => CancelToken::all(&views),
                    false => CancelToken::any(&views),
                }
            }
            _ => {
                let sources = sources.iter().map(|source| source.shared());
                match all {
                    true => CancelToken::all(sources),
                    false => CancelToken::any(sources),
                }
            }
        });
        self.token(place, &[])
    }

    fn child_following(&mut self, of: &RealToken, others: &[&RealToken]) -> RealToken {
        let of = of.shared();
        let place = Place::Shared(match others.first().map(|other| &other.place) {
            Some(Place::Static(_)) => of.child_following(others.iter().map(|other| other.fixed())),
            _ => of.child_following(others.iter().map(|other| other.shared())),
        });
        // (Nobody waits for what is marked through a link.)
        self.token(place, &[])
    }

    fn drop_token(&mut self, token: RealToken) {
        drop(token);
    }

    fn cancel(&mut self, all: &mut [(RealToken, Kind)], at: usize, why: &Why) -> bool {
        let token = &mut all[at].0;
        let won = match (&why.message, token.get()) {
            (None, token) if why.reason == cancel_core::Reason::Manual => token.cancel(),
            (_, token) => token.cancel_with(cause(why)),
        };
        // Whoever won: all that `child` made below is cancelled now. Without `std` nobody waits for
        // another thread's cancel.
        let id = *token.line.last().expect("its own");
        let reached = token.get().is_cancelled();
        if cfg!(feature = "std") && reached {
            for (token, _) in all {
                assert!(!token.line.contains(&id) || token.get().is_cancelled());
            }
        }
        won
    }

    fn cancel_children(&mut self, of: &mut RealToken, why: &Why) -> bool {
        of.get().cancel_children_with(cause(why))
    }

    fn hand_on(&mut self, all: &mut [(RealToken, Kind)], from: usize, to: usize) -> bool {
        match all[from].0.get().cause() {
            Some(why) => all[to].0.get().cancel_with(why),
            None => false,
        }
    }

    fn guard(&mut self, of: &mut RealToken, how: &Guard) {
        let with = match how {
            Guard::DropWith(why) | Guard::Panic(why) => Some(cause(why)),
            _ => None,
        };
        match &mut of.place {
            Place::Shared(token) => end_guard(
                match with {
                    Some(cause) => token.clone().drop_guard_with(cause),
                    None => token.clone().drop_guard(),
                },
                how,
            ),
            _ => end_guard(
                match with {
                    Some(cause) => of.get().drop_guard_ref_with(cause),
                    None => of.get().drop_guard_ref(),
                },
                how,
            ),
        }
    }

    fn on_cancel(&mut self, of: &mut RealToken, via: Via, number: usize) -> RealCallback {
        let fired = self.fired;
        let call = move |why: &Cancelled| fired.lock().unwrap().push((number, why.clone()));
        match (&of.place, via) {
            (Place::Shared(token), Via::View) => {
                RealCallback::Shared(token.view_owned().on_cancel(call))
            }
            (Place::Shared(token), _) => RealCallback::Shared(token.on_cancel(call)),
            (Place::Static(token), Via::Other) => {
                let mut hook = Box::pin(OnCancel::new(token, call));
                hook.as_mut().enter();
                RealCallback::InPlace(hook)
            }
            (Place::Static(token), _) => RealCallback::Static(token.on_cancel_ref(call)),
            (Place::Pinned(_), _) => panic!("of one in place"),
        }
    }

    fn forgotten_callback(&mut self, of: &mut RealToken, number: usize) {
        let fired = self.fired;
        let call = move |why: &Cancelled| fired.lock().unwrap().push((number, why.clone()));
        match number % 2 {
            0 => std::mem::forget(of.get().on_cancel_ref(call)),
            _ => {
                let mut hook = Box::pin(OnCancel::new(of.get(), call));
                hook.as_mut().enter();
                std::mem::forget(hook);
            }
        }
    }

    fn drop_callback(&mut self, callback: RealCallback, how: How) -> Option<bool> {
        match callback {
            RealCallback::Shared(registration) => end(registration, how),
            RealCallback::Static(registration) => end(registration, how),
            RealCallback::InPlace(hook) => {
                drop(hook);
                None
            }
        }
    }

    fn wait(&mut self, of: &mut RealToken, via: Via) -> RealWait {
        let until = |result: Result<(), Cancelled>| result.expect_err("never ready by itself");
        let future: Pin<Box<dyn Future<Output = Cancelled> + Send>> = match (&of.place, via) {
            (Place::Shared(token), Via::Token) => Box::pin(token.cancelled_owned()),
            (Place::Shared(token), Via::View) => Box::pin(token.view_owned().cancelled_owned()),
            (Place::Shared(token), Via::Other) => {
                let run = pending().until_cancelled_owned(token.clone());
                Box::pin(async move { until(run.await) })
            }
            (&Place::Static(token), Via::Other) => {
                let run = pending().until_cancelled(token);
                Box::pin(async move { until(run.await) })
            }
            (&Place::Static(token), _) => Box::pin(token.cancelled()),
            (Place::Pinned(_), _) => panic!("for one in place"),
        };
        RealWait {
            future,
            counter: Counter::new(),
            result: None,
            polled: false,
        }
    }

    fn forgotten_wait(&mut self, of: &mut RealToken) {
        let counter = Counter::new();
        let waker = counter.waker();
        let mut wait = Box::pin(of.get().cancelled());
        let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
        std::mem::forget(wait);
        self.forgotten.push(counter);
    }

    fn poll(&mut self, wait: &mut RealWait, fresh: bool) -> bool {
        if !fresh {
            return wait.poll();
        }
        let old = std::mem::replace(&mut wait.counter, Counter::new());
        wait.polled = false;
        let ready = wait.poll();
        if self.alone() {
            assert_eq!(Arc::strong_count(&old), 1, "the old waker was left");
        }
        ready
    }

    fn drop_wait(&mut self, wait: RealWait) {
        let RealWait {
            future, counter, ..
        } = wait;
        drop(future);
        if self.alone() {
            assert_eq!(Arc::strong_count(&counter), 1, "a waker was left");
        }
    }

    fn with_timeout(&mut self, limit: Duration) -> RealToken {
        let token = CancelToken::with_timeout(&self.clock, limit);
        self.token(Place::Shared(token.expect("takes all tasks")), &[])
    }

    fn child_with_timeout(&mut self, of: &mut RealToken, limit: Duration) -> RealToken {
        let token = of.shared().child_with_timeout(&self.clock, limit);
        self.token(Place::Shared(token.expect("takes all tasks")), &of.line)
    }

    fn cancel_after(&mut self, of: &mut RealToken, limit: Duration) {
        let set = of.shared().cancel_after(&self.clock, limit);
        set.expect("takes all tasks");
    }

    fn clear_timeout(&mut self, of: &mut RealToken) {
        of.shared().clear_timeout();
    }

    fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }
}

/// Tasks that are left have sleeps, and these the clock.
impl Drop for Real {
    fn drop(&mut self) {
        self.clock.clear();
    }
}
