//! Scopes: sources, shields, grace periods, cleanup.

use board::Report;
use cancel_embassy::{
    Bare, Child, Deadline, Embassy, Reason, Scope, Shields, StaticCause, Timer, Token,
    UntilDeadline, WithCleanup, WithShields, WithSource, all_of, any_of, deadline_after,
};
use core::cell::Cell;
use core::future::{Ready, pending, poll_fn, ready};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use critical_section::Mutex;
use embassy_futures::select::select;
use embassy_time::Duration as Ticks;

const MILLIS: Duration = Duration::from_millis(1);

pub(crate) async fn all(report: &mut Report) {
    report.run_async("scopes::sources", sources()).await;
    report
        .run_async("scopes::a_shield_runs_to_its_end", shield())
        .await;
    report.run_async("scopes::a_grace_period", grace()).await;
    report
        .run_async("scopes::a_second_request_ends_it", second())
        .await;
    report.run_async("scopes::cleanup", cleanup()).await;
    report.run_async("scopes::one_in_another", nested()).await;
    report.run_async("scopes::one_in_a_static", stored()).await;
    report
        .run_async("scopes::what_nobody_polls_holds_nobody", abandoned())
        .await;
    report
        .run_async("scopes::one_at_a_time_uses_its_shields", shared())
        .await;
    report
        .run_async("scopes::x13_the_earlier_deadline_is_named", late())
        .await;
}

async fn wait(millis: u32) {
    Embassy.sleep(millis * MILLIS).await.unwrap();
}

async fn sources() {
    static HOT: StaticCause = StaticCause::new(Reason::Condition, "too hot");
    let (stop, token) = (Token::new(), Token::new());
    let child = pin!(Child::new(&token));
    let child = child.enter();
    let hot = async {
        wait(3).await;
        &HOT
    };
    let both = all_of(deadline_after(Ticks::from_millis(1)), hot);
    let run = Scope::new(&token, pending::<()>())
        .source(stop.cancelled())
        .source(any_of(both, deadline_after(Ticks::from_millis(9))));
    assert_eq!(run.await.unwrap_err().message(), Some("too hot"));
    assert!(child.is_cancelled());
}

async fn shield() {
    let (token, shields, sent) = (Token::new(), Shields::new(), Cell::new(0));
    let begin = Embassy.now();
    let body = async {
        loop {
            let send = async |token: &Token| {
                assert!(token.check().is_ok());
                wait(4).await;
                sent.set(sent.get() + 1);
            };
            shields.shield(send).await;
            wait(1).await; // dropped here
        }
    };
    let run = Scope::new(&token, body)
        .shields(&shields)
        .source(deadline_after(Ticks::from_millis(6)));
    let result: Result<(), _> = run.await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(sent.get(), 2);
    assert_eq!(Embassy.now() - begin, 9 * MILLIS);
}

async fn grace() {
    let token = Token::new();
    let begin = Embassy.now();
    let body = async {
        token.cancelled().await;
        wait(3).await;
        "parked"
    };
    let run = Scope::new(&token, body)
        .source(deadline_after(Ticks::from_millis(2)))
        .grace(Embassy, 10 * MILLIS);
    assert_eq!(run.await, Ok("parked"));
    assert_eq!(Embassy.now() - begin, 5 * MILLIS);

    let token = Token::new();
    let run = Scope::new(&token, pending::<()>())
        .source(deadline_after(Ticks::from_millis(2)))
        .grace(Embassy, 10 * MILLIS);
    assert!(run.await.is_err());
    assert_eq!(Embassy.now() - begin, 17 * MILLIS);
}

async fn second() {
    let token = Token::new();
    let begin = Embassy.now();
    let run = Scope::new(&token, pending::<()>())
        .source(deadline_after(Ticks::from_millis(2)))
        .source(deadline_after(Ticks::from_millis(4)))
        .grace(Embassy, 10 * MILLIS);
    assert!(run.await.is_err());
    assert_eq!(Embassy.now() - begin, 4 * MILLIS);
}

async fn cleanup() {
    let (token, closed) = (Token::new(), Cell::new(false));
    let run = Scope::new(&token, pending::<()>())
        .source(ready(Reason::Shutdown))
        .finally(async || {
            wait(2).await;
            closed.set(true);
        });
    assert!(run.await.is_err());
    assert!(closed.get());
}

/// The inner one's cleanup holds the outer one.
async fn nested() {
    let (token, outer, closed) = (Token::new(), Shields::new(), Cell::new(false));
    let body = async {
        let inner = Shields::nested(&outer);
        let child = pin!(Child::new(&token));
        let run = Scope::new(child.enter(), pending::<()>())
            .shields(&inner)
            .finally(async || {
                wait(2).await;
                closed.set(true);
            });
        _ = run.await;
        pending::<()>().await;
    };
    let run = Scope::new(&token, body)
        .shields(&outer)
        .source(deadline_after(Ticks::from_millis(1)));
    assert!(run.await.is_err());
    assert!(closed.get());
}

/// A body with a name: it counts its polls and has no end.
struct Blink(u32);

impl Future for Blink {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0 += 1;
        Poll::Pending
    }
}

static STOP: Token = Token::new();
static LIMIT: Deadline<'static, Embassy> = Deadline::new(Embassy);
static SHIELDS: Shields<'static> = Shields::new();
static CLOSED: Token = Token::new();

/// All of it has a name, so it can stand in a struct.
struct Job {
    number: u32,
    run: Scope<
        &'static Token,
        Blink,
        WithCleanup<
            WithShields<'static, WithSource<Bare, UntilDeadline<'static, Embassy>>>,
            fn() -> Ready<()>,
        >,
    >,
}

/// Where one task leaves it for another.
static NEXT: Mutex<Cell<Option<Job>>> = Mutex::new(Cell::new(None));

async fn stored() {
    fn close() -> Ready<()> {
        CLOSED.cancel();
        ready(())
    }
    let job = Job {
        number: 7,
        run: Scope::new(&STOP, Blink(0))
            .source(LIMIT.source())
            .shields(&SHIELDS)
            .finally(close),
    };
    critical_section::with(|cs| NEXT.borrow(cs).set(Some(job)));
    LIMIT.set_timeout(2 * MILLIS);
    let Job { number, run } = critical_section::with(|cs| NEXT.borrow(cs).take()).unwrap();
    assert_eq!(number, 7);
    assert_eq!(run.await.unwrap_err().reason(), Reason::Timeout);
    assert!(STOP.is_cancelled() && CLOSED.is_cancelled());
}

async fn abandoned() {
    let (token, shields) = (Token::new(), Shields::new());
    let begin = Embassy.now();
    let body = async {
        let mut kept = pin!(shields.shield_future(pending::<()>()));
        select(kept.as_mut(), wait(1)).await;
        wait(1000).await;
    };
    let run = Scope::new(&token, body)
        .shields(&shields)
        .source(deadline_after(Ticks::from_millis(3)));
    assert!(run.await.is_err());
    assert!(
        Embassy.now() - begin < 100 * MILLIS,
        "not the sleep of 1000"
    );
}

/// A second scope that is given the shields of one that runs is refused, without a heap, too.
async fn shared() {
    let (token, shields) = (Token::new(), Shields::new());
    let body = async {
        let save = async {
            let refused = Scope::new(&token, ready(5)).shields(&shields).await;
            wait(3).await;
            refused
        };
        shields.shield_future(save).await
    };
    let run = Scope::new(&token, body)
        .shields(&shields)
        .source(deadline_after(Ticks::from_millis(1)));
    let why = run.await.unwrap().unwrap_err();
    assert_eq!(why.reason(), Reason::Error);
    assert_eq!(why.message(), Some("the shields are used by another scope"));
    let next = Scope::new(Token::never(), ready(5)).shields(&shields);
    assert_eq!(next.await, Ok(5));
}

/// Both deadlines have passed when the inner scope is polled again: the earlier one is named.
async fn late() {
    for (outer, inner) in [(1, 2), (2, 1)] {
        let (token, start) = (Token::new(), Embassy.now());
        let whole = Deadline::new(Embassy).until(start + outer * MILLIS);
        let step = Deadline::nested(&whole).until(start + inner * MILLIS);
        let mut run = pin!(Scope::new(&token, pending::<()>()).source(step.source()));
        let first = poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx))).await;
        assert!(first.is_pending());
        wait(4).await;
        let why = run.await.unwrap_err();
        assert_eq!(why.root_reason(), Reason::Timeout);
        assert_eq!(why.is_from(&whole), outer < inner);
        assert_eq!(why.is_from(&step), inner < outer);
    }
}
