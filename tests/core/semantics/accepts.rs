//! What is taken for a token, and that nothing is changed or given away by it.

use cancel_core::compat::tokio_util::CancellationToken;
use cancel_core::{
    AsToken, CancelFutureExt, CancelStreamExt, CancelToken, Cancelled, Check, Followed, HasId,
    Lent, Reason, Token, TokenId, TokenView,
};
use futures_util::{FutureExt, StreamExt, stream};
use std::collections::HashSet;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

fn stopped(token: &(impl AsToken + ?Sized)) -> Cancelled {
    let future = pending::<()>().until_cancelled(token);
    let why = future.now_or_never().expect("cancelled").unwrap_err();
    let items = CancelStreamExt::try_until_cancelled(stream::iter([1]), token);
    let items = items.collect::<Vec<_>>().now_or_never().expect("ready");
    assert_eq!(items, [Err(why.clone())]);
    let items = stream::iter([1]).take_until_cancelled(token);
    assert_eq!(items.collect::<Vec<_>>().now_or_never(), Some(vec![]));
    why
}

/// A type of another crate.
struct Job {
    token: CancelToken,
}

impl AsToken for Job {
    fn as_token(&self) -> Lent<&Token> {
        self.token.as_token()
    }
}

#[test]
fn x35_everything_that_has_a_token_is_waited_for() {
    static STOP: Token = Token::new();
    STOP.cancel_with((Reason::Shutdown, "static"));
    let token = CancelToken::new();
    token.cancel_with((Reason::Condition, "shared"));
    let shared = Arc::new(Token::new());
    shared.cancel_with((Reason::Error, "arc"));
    let view: TokenView<CancelToken> = token.view_owned();
    let job = Job {
        token: token.clone(),
    };
    let dynamic: [&dyn AsToken; 2] = [&token, &view];
    for (why, reason, message) in [
        (stopped(&STOP), Reason::Shutdown, "static"),
        (stopped(&STOP.view()), Reason::Shutdown, "static"),
        (stopped(&token), Reason::Condition, "shared"),
        (stopped(&*token), Reason::Condition, "shared"),
        (stopped(&&token), Reason::Condition, "shared"),
        (stopped(&token.view()), Reason::Condition, "shared"),
        (stopped(&view), Reason::Condition, "shared"),
        (
            stopped(&Box::new(view.clone())),
            Reason::Condition,
            "shared",
        ),
        (
            stopped(&Rc::new(token.clone())),
            Reason::Condition,
            "shared",
        ),
        (stopped(&job), Reason::Condition, "shared"),
        (stopped(dynamic[0]), Reason::Condition, "shared"),
        (stopped(dynamic[1]), Reason::Condition, "shared"),
        (stopped(&shared), Reason::Error, "arc"),
    ] {
        assert_eq!((why.reason(), why.message()), (reason, Some(message)));
        assert!(!why.is_inherited());
    }
}

#[test]
fn x35_owned_forms_take_views_and_arcs() {
    static STOP: Token = Token::new();
    let token = CancelToken::new();
    let shared = Arc::new(Token::new());
    let tasks = [
        smol::spawn(pending::<()>().until_cancelled_owned(token.view_owned())),
        smol::spawn(pending::<()>().until_cancelled_owned(token.clone())),
    ];
    let in_arc = smol::spawn(pending::<()>().until_cancelled_owned(shared.clone()));
    let of_static = smol::spawn(pending::<()>().until_cancelled_owned(&STOP));
    let of_view = smol::spawn(pending::<()>().until_cancelled_owned(STOP.view()));
    let items = stream::pending::<()>().take_until_cancelled_owned(token.view_owned());
    let items = smol::spawn(items.count());
    token.cancel_with("shared");
    shared.cancel_with("arc");
    STOP.cancel_with("static");
    for task in tasks {
        let why = smol::block_on(task).unwrap_err();
        assert_eq!((why.message(), why.is_inherited()), (Some("shared"), false));
    }
    assert_eq!(smol::block_on(in_arc).unwrap_err().message(), Some("arc"));
    assert_eq!(
        smol::block_on(of_static).unwrap_err().message(),
        Some("static")
    );
    assert_eq!(
        smol::block_on(of_view).unwrap_err().message(),
        Some("static")
    );
    assert_eq!(smol::block_on(items), 0);
}

#[test]
fn x35_views_and_statics_are_followed() {
    static STOP: Token = Token::new();
    let token = CancelToken::new();
    let (view, other) = (token.view_owned(), CancelToken::new());
    let followers = [
        CancelToken::any([&STOP]),
        CancelToken::any([STOP.view()]),
        CancelToken::any([&STOP].iter()),
        CancelToken::all([&STOP]),
        other.child_following([&STOP]),
        CancelToken::any([Followed::new(&other), Followed::new(&STOP)]),
    ];
    let of_view = [
        CancelToken::any([&view]),
        CancelToken::all([&view]),
        other.child_following([&view]),
        CancelToken::any([Followed::new(&view), Followed::new(&other)]),
        CancelToken::any([&token, &other]),
    ];
    let both = CancelToken::all([Followed::new(&view), Followed::new(&STOP)]);
    drop(view); // (`token` is still there)
    STOP.cancel_with(Reason::Shutdown);
    for follower in &followers {
        assert_eq!(follower.cause().unwrap().reason(), Reason::Shutdown);
    }
    assert!(!both.is_cancelled() && of_view.iter().all(|it| !it.is_cancelled()));
    token.cancel_with((Reason::Condition, "disk full"));
    for follower in of_view.iter().chain([&both]) {
        let why = follower.cause().unwrap();
        assert_eq!(why.reason(), Reason::Condition);
        assert_eq!(why.message(), Some("disk full"));
    }
    assert!(!other.is_cancelled());
    assert!(CancelToken::any([&STOP]).is_cancelled());
    assert!(!CancelToken::any([Token::never()]).is_cancelled());
}

/// Followers of a static token that go are out of its list: what comes next is not led astray.
#[test]
fn x35_followers_of_a_static_token_come_and_go() {
    static STOP: Token = Token::new();
    let kept = CancelToken::any([&STOP]);
    for n in 0..100 {
        let mut many: Vec<_> = (0..n % 7).map(|_| CancelToken::any([&STOP])).collect();
        many.truncate(n % 3);
        drop(CancelToken::all([&STOP, &STOP]));
    }
    STOP.cancel();
    assert!(kept.is_cancelled());
}

#[test]
fn a_token_is_awaited_by_itself() {
    let token = CancelToken::new();
    let (one, two) = (token.clone(), token.child());
    let task = smol::spawn(async move { (one.await, (&two).await) });
    token.cancel_with("enough");
    let (one, two) = smol::block_on(task);
    assert_eq!(
        (one.message(), two.message()),
        (Some("enough"), Some("enough"))
    );
    assert!(!one.is_inherited() && two.is_inherited());
    static STOP: Token = Token::new();
    STOP.cancel();
    assert_eq!(
        smol::block_on(async { (&STOP).await }).reason(),
        Reason::Manual
    );
}

/// Pointers to tokens, and views, can do what tokens can.
#[test]
fn x35_pointers_and_views_have_ids_and_are_checked() {
    fn id(whose: &impl HasId) -> TokenId {
        whose.id()
    }
    fn checked(what: impl Check) -> bool {
        assert_eq!(what.is_cancelled(), what.check().is_err());
        what.is_cancelled() && what.may_be_cancelled()
    }
    let (place, token) = (Arc::new(Token::new()), Arc::new(CancelToken::new()));
    let old = CancellationToken::from((*token).clone());
    assert_eq!(id(&place), place.id());
    assert_eq!(id(&Rc::new(place.view())), place.id());
    assert_eq!(
        [id(&token), id(&Box::new(&token)), id(&old)],
        [token.id(); 3]
    );
    assert!(!checked(&place) && !checked(place.clone()) && !checked(token.clone()));
    place.cancel();
    token.cancel();
    assert!(checked(place.clone()) && checked(token.clone()) && checked(Rc::new(token.view())));
    assert!(checked(Box::new(place.clone()) as Box<dyn Check>));
    assert!(place.cause().unwrap().is_from(&place) && token.cause().unwrap().is_from(&old));

    let (view, other) = (token.view_owned(), CancelToken::new().view_owned());
    assert!(view == token.view_owned() && view != other && token.view() == token.view());
    let views = HashSet::from([view.clone(), other, token.view_owned()]);
    assert!(views.len() == 2 && views.contains(&view));
    let both = async { ((&view).await, view.clone().await) };
    let (borrowed, owned) = both.now_or_never().expect("cancelled");
    assert!(borrowed == owned && Some(owned) == token.cause());
}

/// What cannot be given by mistake is told how to be given.
#[test]
fn x35_pointers_are_followed() {
    static STOP: Token = Token::new();
    let (one, two) = (Arc::new(CancelToken::new()), Arc::new(CancelToken::new()));
    let any = CancelToken::any([&one, &two]);
    let mixed = CancelToken::any([
        Followed::new(&one),
        Followed::new(&two.view_owned()),
        Followed::new(&Box::new(&STOP)),
    ]);
    let below = STOP.child_following([&one]);
    let plain = STOP.child_following([] as [&CancelToken; 0]);
    one.cancel_with("one");
    for token in [&any, &mixed, &below] {
        assert_eq!(token.cause(), one.cause());
    }
    assert!(!plain.is_cancelled() && !STOP.is_cancelled());
    let below = STOP.child_following([&two]);
    STOP.cancel_with(Reason::Shutdown);
    for token in [&below, &plain] {
        let why = token.cause().unwrap();
        assert!(why.is_inherited() && why.is_from(&STOP));
        assert_eq!(why.root_reason(), Reason::Shutdown);
    }
}
