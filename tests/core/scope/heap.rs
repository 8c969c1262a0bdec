//! A scope needs no heap, whatever its parts.

use crate::support::{Clock, SECOND, poll};
use cancel_core::{
    CancelStreamExt, Child, DeadlineSource, Reason, Scope, Shields, TimeoutExt, Timer, Token,
    all_of, any_of,
};
use cancel_tests::alloc::{live_here, made_here};
use futures_util::stream;
use std::future::pending;
use std::pin::pin;
use std::task::Poll;

/// (An allocator that counts nothing would let the other tests pass.)
#[test]
fn the_count_works() {
    let before = (made_here(), live_here());
    drop(std::hint::black_box(Box::new(5)));
    assert_eq!((made_here(), live_here()), (before.0 + 1, before.1));
}

#[test]
fn a_scope_with_all_parts() {
    static STOP: Token = Token::new();
    let before = made_here();
    let (clock, outer) = (Clock::new(), Shields::new());
    let shields = Shields::nested(&outer);
    let (gate, never) = (Token::new(), Token::new());
    let mut cleaned = 0;
    {
        let token = pin!(Child::new(&STOP));
        let token = token.enter();
        let body = async {
            shields.shield_future(gate.cancelled()).await;
            pending::<()>().await;
        };
        let both = all_of(never.cancelled(), gate.cancelled());
        let either = any_of(never.cancelled(), pending::<Reason>());
        let run = Scope::new(token, body)
            .source(DeadlineSource::new((&clock).sleep(100 * SECOND)))
            .source(both)
            .source(either)
            .shields(&shields)
            .grace(&clock, SECOND)
            .finally(async || {
                shields.shield_future(gate.cancelled()).await;
                cleaned += 1;
            });
        let mut run = pin!(run);
        assert!(poll(run.as_mut()).is_pending());
        STOP.cancel_with(Reason::Shutdown);
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(SECOND);
        assert!(poll(run.as_mut()).is_pending());
        gate.cancel();
        let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
            panic!("not ended")
        };
        assert_eq!(why.root_reason(), Reason::Shutdown);
    }
    assert_eq!(cleaned, 1);
    assert_eq!(made_here(), before, "something was allocated");
}

#[test]
fn streams_and_time_limits() {
    let (token, clock) = (Token::new(), Clock::new());
    let before = made_here();
    {
        let mut items = pin!(stream::pending::<()>().try_until_cancelled(&token));
        let mut limited = pin!(pending::<()>().timeout(&&clock, SECOND));
        let mut next =
            std::future::poll_fn(|cx| futures_util::Stream::poll_next(items.as_mut(), cx));
        assert!(poll(pin!(&mut next)).is_pending());
        token.cancel();
        assert!(matches!(poll(pin!(&mut next)), Poll::Ready(Some(Err(_)))));
        assert!(poll(limited.as_mut()).is_pending());
        assert_eq!(made_here(), before, "something was allocated");
        clock.advance(SECOND);
        assert!(poll(limited.as_mut()).is_ready());
    }
    assert_eq!(made_here(), before + 1, "the limit in the error");
}
