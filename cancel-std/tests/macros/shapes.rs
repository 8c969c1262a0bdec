//! Functions and methods of every shape.

use crate::support::{AppError, LONG, SHORT};
use cancel_std::{
    Cancelable, Cancelled, Cx, Instant, Operation, Reason, Runtime, Status, Std, cancelable,
    generic,
};
use std::fmt::{Debug, Display};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn send<F: Future + Send>(future: F) -> F {
    future
}

#[cancelable]
async fn nothing() {}

#[cancelable]
async fn plain(cx: &Cx, seconds: f64) -> u32 {
    cx.sleep(Duration::from_secs_f64(seconds)).await;
    5
}

/// Long for bodies that have to run, short for those that wait.
fn limit(waits: bool) -> Duration {
    match waits {
        true => SHORT,
        false => LONG,
    }
}

#[cancelable(timeout = limit(how == "wait"))]
async fn fallible(cx: &Cx, how: &str) -> Result<usize, AppError> {
    if how == "wait" {
        cx.sleep(LONG).await;
    }
    let number: usize = how.parse().map_err(|_| AppError::Own("no number"))?;
    match number {
        0 => return Err(AppError::Own("zero")),
        7 => cx.check()?,
        _ => {}
    }
    Ok(number)
}

#[test]
fn plain_values_come_in_a_result() {
    let result: Result<(), Cancelled> = smol::block_on(nothing());
    assert_eq!(result, Ok(()));
    let result: Result<u32, Cancelled> = smol::block_on(plain(0.0));
    assert_eq!(result, Ok(5));
}

#[test]
fn results_stay_as_they_are() {
    assert_eq!(smol::block_on(fallible("12")).unwrap(), 12);
    assert_eq!(smol::block_on(fallible("7")).unwrap(), 7);
    for (how, error) in [("0", "zero"), ("x", "no number")] {
        let found = smol::block_on(fallible(how)).unwrap_err();
        assert!(matches!(found, AppError::Own(text) if text == error));
    }
    let cancelled = smol::block_on(fallible("wait")).unwrap_err().cancelled();
    assert_eq!(cancelled.reason(), Reason::Timeout);
}

mod alias {
    pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
}

#[cancelable(timeout = limit(text.is_empty()))]
async fn aliased(cx: &Cx, text: &str) -> alias::Result<u8> {
    match text {
        "" => cx.sleep(LONG).await,
        _ => cx.check()?,
    }
    Ok(text.parse::<u8>()?)
}

#[test]
fn aliases_of_result() {
    assert_eq!(smol::block_on(send(aliased("8"))).unwrap(), 8);
    let error = smol::block_on(aliased("300")).unwrap_err();
    assert_eq!(error.to_string(), "number too large to fit in target type");
    let error = smol::block_on(aliased("")).unwrap_err();
    let cancelled: &Cancelled = error.downcast_ref().unwrap();
    assert_eq!(cancelled.reason(), Reason::Timeout);
}

/// By the name of its type, whatever the path, the place and the pattern.
#[test]
fn the_operation_is_injected_wherever_it_stands() {
    mod types {
        pub(crate) use cancel_std::Cx;
    }

    #[cancelable]
    async fn last(a: u32, cx: &types::Cx) -> String {
        format!("{a} {}", cx.operation().context().name().unwrap())
    }
    #[cancelable]
    async fn generic(a: u32, cx: &'_ generic::Cx<Std>, b: u32) -> String {
        format!("{a} {b} {}", cx.operation().context().name().unwrap())
    }
    #[cancelable]
    async fn unused(_: &Cx) -> u32 {
        5
    }
    #[cancelable]
    async fn rebound(mut cx: &Cx, other: Operation) -> Option<String> {
        assert_eq!(cx.operation().status(), Status::Running);
        let other = other.within(Clone::clone);
        cx = &other;
        cx.operation().context().name().map(String::from)
    }
    #[cancelable]
    async fn linted(#[allow(unused_variables)] cx: &Cx) {}

    assert_eq!(smol::block_on(last(1)).unwrap(), "1 last");
    assert_eq!(smol::block_on(generic(1, 2)).unwrap(), "1 2 generic");
    assert_eq!(smol::block_on(unused()), Ok(5));
    let other = Cancelable::new().name("other").build();
    assert_eq!(
        smol::block_on(rebound(other)).unwrap().as_deref(),
        Some("other")
    );
    smol::block_on(linted()).unwrap();
}

#[test]
fn x36_the_context_comes_by_value_too() {
    #[cancelable]
    async fn owned(cx: Cx) -> Option<String> {
        std::thread::spawn(move || cx.name().map(String::from))
            .join()
            .unwrap()
    }
    #[cancelable]
    fn blocking(cx: Cx, more: &str) -> String {
        format!("{}{more}", cx.name().unwrap())
    }
    #[cancelable]
    async fn on_any<R: Runtime + Default>(cx: generic::Cx<R>) -> bool {
        cx.is_cancelled()
    }

    assert_eq!(smol::block_on(owned()).unwrap().as_deref(), Some("owned"));
    assert_eq!(blocking("!").as_deref(), Ok("blocking!"));
    assert_eq!(smol::block_on(on_any::<Std>()), Ok(false));
}

#[test]
fn a_mark_decides_between_two() {
    type Alias = Cx;

    #[cancelable]
    async fn marked(first: &Cx, #[inject] second: &Cx) -> [Option<String>; 2] {
        [first, second].map(|cx| cx.name().map(String::from))
    }
    #[cancelable]
    async fn under_another_name(#[inject] cx: &Alias) -> Option<String> {
        cx.name().map(String::from)
    }

    let first = Cancelable::new().name("first").build();
    let names = smol::block_on(marked(&first.within(Clone::clone))).unwrap();
    assert_eq!(names.map(Option::unwrap), ["first", "marked"]);
    let name = smol::block_on(under_another_name()).unwrap();
    assert_eq!(name.as_deref(), Some("under_another_name"));
}

#[derive(Default)]
struct Server {
    rows: Vec<String>,
    calls: AtomicUsize,
}

impl Server {
    /// Coercions at the end, and at a return.
    #[cancelable]
    async fn row(&self, cx: &Cx, index: usize) -> &str {
        cx.checkpoint().await.unwrap();
        self.calls.fetch_add(1, Ordering::Relaxed);
        if index == 0 {
            return &self.rows[0];
        }
        &self.rows[index]
    }

    #[cancelable]
    async fn change(&mut self, cx: &Cx, mut index: usize) -> Result<&mut String, AppError> {
        index += 1;
        cx.check()?;
        self.rows.get_mut(index).ok_or(AppError::Own("no such row"))
    }

    #[cancelable]
    async fn into_rows(self) -> impl Iterator<Item = String> {
        self.rows.into_iter()
    }

    #[cancelable]
    async fn of(rows: &[&str]) -> Self {
        Self {
            rows: rows.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    #[cancelable]
    pub(crate) fn first_blocking(&mut self, cx: &Cx) -> Result<&mut str, Cancelled> {
        cx.check()?;
        Ok(&mut self.rows[0])
    }
}

#[test]
fn methods() {
    smol::block_on(async {
        let mut server = send(Server::of(&["a", "b"])).await.unwrap();
        assert_eq!(send(server.row(0)).await.unwrap(), "a");
        assert_eq!(send(server.row(1)).await.unwrap(), "b");
        assert_eq!(server.calls.load(Ordering::Relaxed), 2);
        send(server.change(0)).await.unwrap().push('!');
        assert!(server.change(1).await.is_err());
        server.first_blocking().unwrap().make_ascii_uppercase();
        let rows: Vec<String> = send(server.into_rows()).await.unwrap().collect();
        assert_eq!(rows, ["A", "b!"]);
    });
}

#[cancelable]
async fn generic<'a, T, const N: usize>(
    cx: &Cx,
    text: &'a str,
    items: [T; N],
    mut each: impl FnMut(&T) -> bool + Send,
) -> (&'a str, Vec<T>)
where
    T: Debug + Send + Sync,
{
    let mut kept = Vec::new();
    for item in items {
        cx.checkpoint().await.unwrap();
        if each(&item) {
            kept.push(item);
        }
    }
    (text, kept)
}

#[cancelable]
async fn dynamic(cx: &Cx, what: &(dyn Display + Sync), say: &mut (dyn FnMut(String) + Send)) {
    say(what.to_string());
    cx.checkpoint().await.unwrap();
    say(what.to_string());
}

#[cancelable]
async fn on_any<R: Runtime + Default>(cx: &generic::Cx<R>) -> Instant {
    cx.sleep(SHORT).await;
    cx.runtime().now()
}

#[cancelable]
async fn patterns((a, b): (u32, u32), [c, ref d]: [u32; 2], _: String, mut e: u32) -> u32 {
    e += 1;
    a + b + c + *d + e
}

#[test]
fn generics_lifetimes_and_patterns() {
    smol::block_on(async {
        let text = String::from("text");
        let (same, kept) = send(generic(&text, [1, 2, 3], |n| *n != 2)).await.unwrap();
        assert_eq!((same, kept), ("text", vec![1, 3]));
        let mut said = Vec::new();
        send(dynamic(&5, &mut |text| said.push(text)))
            .await
            .unwrap();
        assert_eq!(said, ["5", "5"]);
        assert!(send(on_any::<Std>()).await.unwrap() > Instant::EPOCH);
        assert_eq!(patterns((1, 2), [3, 4], String::new(), 5).await, Ok(16));
    });
}

/// A body that is not `Send` is all right, too.
#[test]
fn bodies_that_stay_on_their_thread() {
    #[cancelable]
    async fn local(cx: &Cx) -> usize {
        let shared = std::rc::Rc::new(5);
        cx.checkpoint().await.unwrap();
        *shared
    }
    assert_eq!(smol::block_on(local()), Ok(5));
}

trait Job {
    async fn run(&self, rounds: u32) -> Result<u32, Cancelled>;

    #[cancelable(timeout = "5ms")]
    async fn or_wait(&self, cx: &Cx) {
        cx.sleep(LONG).await;
    }

    fn run_blocking(&self, rounds: u32) -> Result<u32, AppError>;
}

impl Job for u32 {
    #[cancelable]
    async fn run(&self, cx: &Cx, rounds: u32) -> u32 {
        for _ in 0..rounds {
            cx.checkpoint().await.unwrap();
        }
        self + rounds
    }

    #[cancelable]
    fn run_blocking(&self, cx: &Cx, rounds: u32) -> Result<u32, AppError> {
        for _ in 0..rounds {
            cx.check()?;
        }
        Ok(self + rounds)
    }
}

#[test]
fn methods_of_traits() {
    assert_eq!(smol::block_on(5.run(2)), Ok(7));
    assert_eq!(5.run_blocking(2).unwrap(), 7);
    let cancelled = smol::block_on(5.or_wait()).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
}

#[cancelable(timeout = "3600s")]
fn spin(cx: &Cx) -> u64 {
    let mut rounds = 0;
    cx.operation().set_timeout(SHORT);
    while !cx.is_cancelled() {
        rounds += 1;
    }
    rounds
}

#[cancelable(timeout = limit(limit_of_rounds == u64::MAX))]
fn spin_or_fail(cx: &Cx, limit_of_rounds: u64) -> Result<u64, AppError> {
    for round in 0.. {
        if round == limit_of_rounds {
            return Ok(round);
        }
        cx.check()?;
    }
    Err(AppError::Own("not reached"))
}

#[cancelable]
fn lengths<'a>(
    texts: &'a [&'a str],
    twice: impl Fn(usize) -> usize,
) -> impl Iterator<Item = usize> {
    let twice = texts
        .iter()
        .map(|text| twice(text.len()))
        .collect::<Vec<_>>();
    twice.into_iter()
}

#[test]
fn functions_that_block() {
    spin().unwrap(); // ends
    assert_eq!(spin_or_fail(3).unwrap(), 3);
    let cancelled = spin_or_fail(u64::MAX).unwrap_err().cancelled();
    assert_eq!(cancelled.reason(), Reason::Timeout);
    assert_eq!(lengths(&["a", "bc"], |n| 2 * n).unwrap().sum::<usize>(), 6);
}

/// Nothing happens before the first poll, and a drop drops the body.
#[test]
fn a_future_like_any_other() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }
    #[cancelable]
    async fn guarded(cx: &Cx) {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        let _guard = Guard;
        cx.sleep(LONG).await;
    }
    let run = guarded();
    assert_eq!(ALIVE.load(Ordering::SeqCst), 0);
    drop(run);
    smol::block_on(async {
        let mut run = Box::pin(guarded());
        let once = smol::future::poll_once(pin!(&mut run)).await;
        assert_eq!(once, None);
        assert_eq!(ALIVE.load(Ordering::SeqCst), 1);
        drop(run);
        assert_eq!(ALIVE.load(Ordering::SeqCst), 0);
    });
}

/// The names of the expansion are its own, and what stands on the function stays there.
#[test]
fn hygiene_and_attributes() {
    /// Documented.
    #[cancelable(name = "{op}{cx}{handle}{value}")]
    #[must_use]
    #[deny(unused_mut)]
    async fn names(op: u8, handle: u8, cx: u8, value: u8, #[inject] this: &Cx) -> String {
        #![allow(non_snake_case)]
        let Sum = op + handle + cx + value;
        format!("{Sum} {}", this.name().unwrap())
    }
    #[cancelable]
    async fn r#type(cx: &Cx) -> Option<String> {
        cx.operation().context().name().map(String::from)
    }
    #[cancelable]
    #[deny(warnings)]
    async fn diverges() -> u8 {
        panic!("diverges")
    }
    #[cancelable]
    #[deny(warnings)]
    #[allow(clippy::needless_return)]
    async fn returns() -> u8 {
        return 5;
    }
    assert_eq!(smol::block_on(names(1, 2, 3, 4)).unwrap(), "10 1324");
    assert_eq!(smol::block_on(r#type()).unwrap().as_deref(), Some("type"));
    assert_eq!(smol::block_on(returns()), Ok(5));
    let panicked = std::panic::catch_unwind(|| smol::block_on(diverges()));
    assert_eq!(
        *panicked.unwrap_err().downcast::<&str>().unwrap(),
        "diverges"
    );
}

/// X36: what fits on one line is no worse for it.
#[deny(warnings)]
#[rustfmt::skip]
mod x36_one_line {
    use cancel_std::{Cancelled, Cx, cancelable};

    #[cancelable]
    pub(super) async fn value() -> u32 { 5 }

    #[cancelable(timeout = "1m")]
    pub(super) async fn argument(a: u32) -> u32 { a }

    #[cancelable]
    pub(super) async fn result(cx: &Cx) -> Result<u32, Cancelled> { cx.check().map(|()| 5) }

    #[cancelable]
    pub(super) async fn nothing() {}

    #[cancelable]
    pub(super) async fn statement() { drop(String::new()) }

    #[cancelable]
    pub(super) fn blocking() -> u32 { 5 }

    #[cancelable]
    pub(super) fn blocking_with(cx: Cx) -> bool { cx.is_cancelled() }
}

#[test]
fn x36_functions_on_one_line_compile_without_warnings() {
    use x36_one_line::*;
    smol::block_on(async {
        assert_eq!(value().await, Ok(5));
        assert_eq!(argument(6).await, Ok(6));
        assert_eq!(result().await, Ok(5));
        assert_eq!((nothing().await, statement().await), (Ok(()), Ok(())));
    });
    assert_eq!((blocking(), blocking_with()), (Ok(5), Ok(false)));
}
