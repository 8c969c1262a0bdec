//! What asks for the cancelation.

use crate::support::{Clock, SECOND, Task, poll};
use cancel_core::{
    CancelToken, Cause, DeadlineSource, Reason, Scope, Shields, Timer, Token, all_of, any_of,
};
use futures_util::StreamExt;
use futures_util::stream::{self, Stream};
use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

/// A future that must not be polled after it was ready.
struct Once<'a>(&'a Token, bool);

impl Future for Once<'_> {
    type Output = Cause;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cause> {
        assert!(!self.1, "polled after its end");
        let mut wait = pin!(self.0.cancelled());
        let poll = wait.as_mut().poll(cx);
        self.1 = poll.is_ready();
        poll.map(Cause::from)
    }
}

/// A stream of which the same is true.
struct Ends<S>(S, bool);

impl<S: Stream + Unpin> Stream for Ends<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        assert!(!self.1, "polled after its end");
        let poll = Pin::new(&mut self.0).poll_next(cx);
        self.1 = matches!(poll, Poll::Ready(None));
        poll
    }
}

/// Each of many can be the one; the cause is its own, and children are cancelled with it.
#[test]
fn any_of_many() {
    for which in 0..3 {
        let tokens = [Token::new(), Token::new(), Token::new()];
        let [a, b, c] = &tokens;
        let token = CancelToken::new();
        let child = token.child();
        let run = Scope::new(&*token, pending::<()>())
            .source(a.cancelled())
            .source(b.cancelled())
            .source(c.cancelled());
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        tokens[which].cancel_with((Reason::Condition, "this one"));
        let Poll::Ready(Err(why)) = task.go() else {
            panic!("not ended")
        };
        assert_eq!(
            (why.reason(), why.message()),
            (Reason::Condition, Some("this one"))
        );
        assert!(child.cause().unwrap().is_inherited());
        assert!(task.registered() == 0);
    }
}

/// Those that have ended are left alone, in any order, also under a shield and in a grace period.
#[test]
fn none_is_polled_after_its_end() {
    let (token, shields, gate, clock) = (Token::new(), Shields::new(), Token::new(), Clock::new());
    let tokens = [Token::new(), Token::new(), Token::new()];
    let [a, b, c] = &tokens;
    let body = async {
        shields.shield_future(gate.cancelled()).await;
        pending::<()>().await;
    };
    let run = Scope::new(&token, body)
        .sources(Ends(stream::iter([] as [Cause; 0]), false))
        .source(Once(a, false))
        .source(Once(b, false))
        .source(Once(c, false))
        .shields(&shields)
        .grace(&clock, SECOND);
    let mut task = Task::new(run);
    for token in [b, a, c] {
        assert!(task.go().is_pending());
        token.cancel();
    }
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(task.go().is_ready());
}

/// Sources are added, however they are set and in whatever order: each of them can be the one.
#[test]
fn x18_every_source_counts() {
    fn stream<'a>(token: &'a Token) -> impl Stream<Item = Cause> + 'a {
        stream::once(token.cancelled()).map(Cause::from)
    }
    for order in 0..4 {
        for which in 0..4 {
            let tokens = [Token::new(), Token::new(), Token::new(), Token::new()];
            let [a, b, c, d] = &tokens;
            let token = Token::new();
            let run = Scope::new(&token, pending::<()>());
            let mut run: Pin<Box<dyn Future<Output = Result<(), _>>>> = match order {
                0 => Box::pin(
                    run.source(a.cancelled())
                        .sources(stream(b))
                        .source(c.cancelled())
                        .sources(stream(d)),
                ),
                1 => Box::pin(
                    run.sources(stream(a))
                        .source(b.cancelled())
                        .source(c.cancelled())
                        .sources(stream(d)),
                ),
                2 => Box::pin(
                    run.sources(stream(a))
                        .sources(stream(b))
                        .sources(stream(c))
                        .source(d.cancelled()),
                ),
                _ => Box::pin(
                    run.source(a.cancelled())
                        .source(b.cancelled())
                        .sources(stream(c))
                        .sources(stream(d)),
                ),
            };
            assert!(poll(run.as_mut()).is_pending());
            tokens[which].cancel_with("this one");
            let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
                panic!("order {order}: source {which} was lost")
            };
            assert_eq!(why.message(), Some("this one"));
        }
    }
}

/// A stream that ends without an item asks for nothing.
#[test]
fn a_stream_that_ends() {
    let (token, gate) = (Token::new(), Token::new());
    let body = async {
        smol::future::yield_now().await; // so that there is a second poll
        gate.cancelled().await
    };
    let run = Scope::new(&token, body).sources(Ends(stream::iter([] as [Cause; 0]), false));
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    assert_eq!(task.polls, 2);
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Ok(_))));
    assert!(!token.is_cancelled());
}

/// Two in the same poll, of two sources or of one stream: the first says why, the second ends grace.
#[test]
fn the_second_in_the_same_poll() {
    let causes = || [Cause::new(Reason::Timeout), Cause::new(Reason::Shutdown)];
    let [first, second] = causes();
    let (token, clock) = (Token::new(), Clock::new());
    let run = Scope::new(&token, pending::<()>())
        .source(ready(first))
        .source(ready(second))
        .grace(&clock, SECOND);
    let why = Task::new(run).go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.reason() == Reason::Timeout));

    let token = Token::new();
    let run = Scope::new(&token, pending::<()>())
        .sources(stream::iter(causes()))
        .grace(&clock, SECOND);
    let why = Task::new(run).go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.reason() == Reason::Timeout));
    assert_eq!(clock.armed(), 0);
}

/// A source that fires after a cancel which the scope has not seen yet is the second request.
#[test]
fn a_source_after_an_unseen_cancel() {
    let (token, clock) = (Token::new(), Clock::new());
    let cancel = poll_fn(|_| {
        token.cancel_with("first"); // by somebody else, in the meantime
        Poll::Ready(Reason::Shutdown)
    });
    let run = Scope::new(&token, pending::<()>())
        .source(cancel)
        .grace(&clock, SECOND);
    let why = Task::new(run).go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.message() == Some("first")));
}

/// The second one comes later, or never: then the period ends by itself.
#[test]
fn the_second_later() {
    for comes in [true, false] {
        let (token, clock) = (Token::new(), Clock::new());
        let (one, two) = (Token::new(), Token::new());
        let run = Scope::new(&token, pending::<()>())
            .source(one.cancelled())
            .source(two.cancelled())
            .grace(&clock, SECOND);
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        one.cancel();
        assert!(task.go().is_pending());
        assert!(token.is_cancelled());
        clock.advance(SECOND / 2);
        assert!(task.go().is_pending());
        match comes {
            true => drop(two.cancel()),
            false => clock.advance(SECOND / 2),
        }
        assert!(task.go().is_ready());
        assert_eq!((clock.armed(), task.registered()), (0, 0));
    }
}

/// A stream that is always ready does not keep the runner busy.
#[test]
fn an_endless_stream() {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let items = Cell::new(0);
    let endless = stream::poll_fn(|_| {
        items.set(items.get() + 1);
        Poll::Ready(Some(Cause::new(Reason::Manual)))
    });
    let body = async {
        shields.shield_future(gate.cancelled()).await;
        pending::<()>().await;
    };
    let run = Scope::new(&token, body).sources(endless).shields(&shields);
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    assert_eq!((items.get(), task.polls), (4, 3)); // one for each poll after the first
    gate.cancel();
    assert!(task.go().is_ready());
}

/// The body is polled first, so it can make a source fire in the same poll.
#[test]
fn a_source_that_the_body_fires() {
    let (token, source) = (Token::new(), Token::new());
    let body = async {
        source.cancel_with("by the body");
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).source(source.cancelled()));
    let why = task.go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.message() == Some("by the body")));
    assert_eq!(task.polls, 1);
}

#[test]
fn both_and_either() {
    let (a, b, c) = (Token::new(), Token::new(), Token::new());
    fn once(token: &Token) -> Once<'_> {
        Once(token, false)
    }
    let mut all = pin!(all_of(all_of(once(&a), once(&b)), once(&c)));
    for (token, message) in [(&c, "c"), (&a, "a")] {
        assert!(poll(all.as_mut()).is_pending());
        token.cancel_with(message);
    }
    assert!(poll(all.as_mut()).is_pending());
    b.cancel_with("b");
    let Poll::Ready(cause) = poll(all.as_mut()) else {
        panic!("all have fired")
    };
    assert_eq!(cause.message(), Some("b"), "the later one's");

    for (first, second, message) in [("a", "b", "a"), ("b", "a", "b")] {
        let (a, b) = (Token::new(), Token::new());
        let mut any = pin!(any_of(once(&a), once(&b)));
        assert!(poll(any.as_mut()).is_pending());
        let by_name = |name| if name == "a" { &a } else { &b };
        by_name(first).cancel_with(first);
        let Poll::Ready(cause) = poll(any.as_mut()) else {
            panic!("one has fired")
        };
        assert_eq!(cause.message(), Some(message));
        by_name(second).cancel();
    }
    // Both at once: `a` of `any_of`, `b` of `all_of`.
    let made = |message: &'static str| ready(Cause::from(message));
    let any = any_of(made("a"), made("b"));
    assert_eq!(smol::block_on(any).message(), Some("a"));
    let all = all_of(made("a"), made("b"));
    assert_eq!(smol::block_on(all).message(), Some("b"));
}

#[test]
fn deadlines() {
    let clock = Clock::new();
    let deadline = |at| DeadlineSource::new((&clock).sleep(at));
    let token = Token::new();
    let run = Scope::new(&token, pending::<()>())
        .source(deadline(2 * SECOND))
        .source(deadline(SECOND));
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    assert_eq!(clock.armed(), 2);
    clock.advance(SECOND);
    let why = task.go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.reason() == Reason::Timeout));
    assert_eq!(clock.armed(), 0);

    // Zero ends what is not ready at once, and that alone.
    let token = Token::new();
    let run = Scope::new(&token, ready(5)).source(deadline(Duration::ZERO));
    assert_eq!(Task::new(run).go(), Poll::Ready(Ok(5)));
    let run = Scope::new(&token, pending::<()>()).source(deadline(Duration::ZERO));
    assert!(matches!(Task::new(run).go(), Poll::Ready(Err(_))));
}

/// A timer that fails ends the work, and says so.
#[test]
fn a_deadline_whose_timer_fails() {
    let (token, clock) = (Token::new(), Clock::new());
    let deadline = DeadlineSource::new((&clock).sleep(SECOND));
    let mut task = Task::new(Scope::new(&token, pending::<()>()).source(deadline));
    assert!(task.go().is_pending());
    clock.break_down();
    let Poll::Ready(Err(why)) = task.go() else {
        panic!("goes on without a deadline")
    };
    assert_eq!(why.reason(), Reason::Error);
    assert!(
        std::error::Error::source(&why)
            .unwrap()
            .to_string()
            .contains("broken")
    );
}
