//! The three types of operations, and what passes for a token or a parent.

use cancel_std::{
    CancelFutureExt, CancelToken, Cancelable, Cancelled, Cx, Followed, Reason, Source, Status,
    Token, block_on,
};
use std::future::pending;

fn why(op: Cancelable) -> Cancelled {
    block_on(op.run(async |_| pending::<()>().await)).unwrap_err()
}

#[test]
fn x35_views_and_static_tokens_keep_the_reason() {
    static STOP: Token = Token::new();
    STOP.cancel_with((Reason::Custom(7), "static"));
    let token = CancelToken::new();
    token.cancel_with((Reason::Custom(7), "static"));
    let view = token.view_owned();
    for op in [
        Cancelable::with_token(&STOP),
        Cancelable::with_token(STOP.view()),
        Cancelable::with_token(&view),
        Cancelable::new().token(view.clone()),
        Cancelable::new().source(&view),
        Cancelable::any([Source::from(&STOP)]),
        Cancelable::all([Source::token(STOP.view())]),
    ] {
        let why = why(op);
        assert_eq!(
            (why.reason(), why.message()),
            (Reason::Custom(7), Some("static"))
        );
        assert!(!why.is_inherited());
    }
}

#[test]
fn x48_an_operation_passes_for_a_token() {
    let op = Cancelable::new().build();
    let cx = op.within(Cx::clone);
    op.cancel_with((Reason::Shutdown, "bye"));
    let any = CancelToken::any([Followed::new(&op), Followed::new(&cx)]);
    let all = block_on(async {
        [
            pending::<()>().until_cancelled(&op).await,
            pending::<()>().until_cancelled(&cx).await,
            pending::<()>().until_cancelled_owned(&op).await,
            pending::<()>().until_cancelled_owned(cx.clone()).await,
            pending::<()>().until_cancelled(&any).await,
        ]
    });
    let mut all: Vec<Cancelled> = all.into_iter().map(Result::unwrap_err).collect();
    all.push(why(Cancelable::with_token(&op)));
    all.push(why(Cancelable::new().token(&cx)));
    all.push(why(Cancelable::new().source(&op)));
    all.push(why(Cancelable::any([Source::from(cx)])));
    for why in all {
        assert_eq!(
            (why.reason(), why.message()),
            (Reason::Shutdown, Some("bye"))
        );
        assert!(why.is_from(&op) && !why.is_inherited());
    }
}

/// To follow an operation is one-way.
#[test]
fn an_operation_that_is_followed_notices_nothing() {
    let op = Cancelable::new().build();
    let other = Cancelable::new().source(&op).build();
    other.cancel();
    assert!(!op.is_cancelled());
    assert_eq!(block_on(op.run(async |_| 5)), Ok(5));
}

#[test]
fn a_parent_is_a_handle_or_a_context() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| {
        let by_cx = Cancelable::new().parent(cx).build();
        let by_handle = Cancelable::new().parent(cx.operation()).build();
        [by_cx, by_handle].map(|child| child.context().parent_id())
    });
    assert_eq!(block_on(run), Ok([Some(op.id()); 2]));
}

/// What was dropped before it was built leaves no trace.
#[test]
fn what_is_not_built_is_no_operation() {
    let registry = cancel_std::Registry::new();
    drop(Cancelable::new().register(&registry));
    assert_eq!(registry.statistics().registered(), 0);
    let op = Cancelable::new().register(&registry).build();
    assert_eq!(op.status(), Status::Pending);
    assert_eq!(registry.len(), 1);
}
