//! The attribute `#[cancelable]`, which makes cancelable operations of functions.
//!
//! `cancel-std` and its adapters hand it on, with their feature `macros`. Depend on those.

// Lowest first: a file uses only those above it.
mod duration;

mod arguments;

mod function;

mod expand;

use proc_macro::TokenStream;

/// Makes an operation of a function: each call runs its body as one, which the arguments limit.
///
/// ```
/// use cancel_std::{Cancelled, Cx, Reason, cancelable};
/// use std::time::Duration;
///
/// #[cancelable(timeout = "20ms", name = "slow")]
/// async fn slow(cx: &Cx, steps: u32) -> String {
///     for step in 0..steps {
///         cx.progress(step.into(), steps.into());
///         cx.sleep(Duration::from_millis(1)).await;
///     }
///     format!("{steps} steps")
/// }
///
/// smol::block_on(async {
///     // Callers do not give the context, and get a `Result`.
///     let result: Result<String, Cancelled> = slow(1).await;
///     assert_eq!(result.unwrap(), "1 steps");
///     assert_eq!(slow(100_000).await.unwrap_err().reason(), Reason::Timeout);
/// });
/// ```
///
/// It goes on functions and methods, `async` or not, with generics, lifetimes, `impl Trait`, with
/// `self` in any form, and on methods of traits that have a body. The future of an `async fn` is
/// `Send` if its body is. Nothing happens before its first poll; then the arguments are evaluated, with
/// the function's own parameters at hand, and the operation starts.
///
/// # The operation
///
/// A parameter whose type is `&Cx` or `Cx`, with or without its runtime, under any path, is the context
/// of the operation that the call runs as. It is *injected*: callers do not see that parameter. It may
/// stand anywhere among the others, and be missing.
///
/// What counts is how the type is written. If it is called something else, or if there are several
/// such parameters, mark the one to be injected with `#[inject]`; callers give the others. One that is
/// given as `parent` or `child_of` is the callers' without further ado.
///
/// ```
/// use cancel_std::{Cancelable, Cx, cancelable};
///
/// #[cancelable(child_of = job)]
/// async fn part(job: &Cx, number: u32, cx: &Cx) -> bool {
///     cx.operation().context().parent_id() == Some(job.id())
/// }
///
/// #[cancelable]
/// async fn is_other(other: &Cx, #[inject] cx: &Cx) -> bool {
///     other.id() != cx.id()
/// }
///
/// let job = Cancelable::new();
/// let run = job.run(async |cx| (part(cx, 1).await, is_other(cx).await));
/// assert_eq!(smol::block_on(run), Ok((Ok(true), Ok(true))));
/// ```
///
/// # What callers get
///
/// * A function that returns a `Result<T, E>` (any type of that name, such as `io::Result`) returns just
///   that. Cancelations come as an `E`, by its `From<Cancelled>`; `E` also needs `Display`, for the
///   context. (It runs by `try_run`, or `try_run_blocking`.) `std::io::Error` has both: its kind is
///   `TimedOut` for timeouts, otherwise `Other`, and `Cancelled::from_io` finds the cancelation in it.
/// * Any other `T` becomes `Result<T, Cancelled>`.
///
/// A function that is not `async` runs on the thread of its caller, and blocks it. Nothing can drop a
/// body that blocks: it has to ask, with `cx.check()?` or `cx.sleep_blocking(..)`. What it returns
/// counts, even if it is cancelled by then.
///
/// ```
/// use cancel_std::{CancelToken, Cancelled, Cx, cancelable};
///
/// struct Index {
///     stop: CancelToken,
/// }
///
/// impl Index {
///     #[cancelable(token = self.stop)]
///     fn build(&self, cx: &Cx, rows: &[u64]) -> Result<u64, Cancelled> {
///         let mut sum = 0;
///         for row in rows {
///             cx.check()?;
///             sum += row;
///         }
///         Ok(sum)
///     }
/// }
///
/// let index = Index { stop: CancelToken::new() };
/// assert_eq!(index.build(&[1, 2, 3]), Ok(6));
/// index.stop.cancel_with("closing");
/// assert_eq!(index.build(&[1, 2, 3]).unwrap_err().message(), Some("closing"));
/// ```
///
/// # Arguments
///
/// All are optional. Values are expressions, which may use the function's parameters.
///
/// | key | value | as |
/// |---|---|---|
/// | `name` | a text, in which `{parameter}` is formatted as by `format!`; or a string. Without it, the function's name | `name` |
/// | `timeout` | a time: `"1.5s"`, `"200ms"`, `"1m30s"`, or a `Duration` | `timeout` |
/// | `deadline` | a moment: an `Instant` of the runtime's clock, or the platform's where that is its clock | `deadline` |
/// | `token` * | a `CancelToken`, a view, a `static` token, an operation, or a reference to one | `token` |
/// | `signals` * | `[Signal::SIGINT, Signal::SIGTERM]` | `signals` |
/// | `condition` * | `(predicate, interval)`, `(predicate, interval, "description")`, or a `Condition` | `source` |
/// | `source` * | any `Source`, what converts to one, or a `Result<_, BuildError>` of that | `source` |
/// | `parent` | an `Operation` or a `Cx`, a reference to one, or an `Option` of these | `parent` |
/// | `child_of` | the same, for a call inside that one's body | `child` |
/// | `runtime` | a runtime that is a value | `on` |
/// | `grace` | a time | `grace` |
/// | `observer` * | an `Arc` of an `Observer` | `observe` |
/// | `register` * | a `Registry`, or a reference to one; without a value, `Registry::global()` | `register` |
/// | `setup` | a closure for all the rest: `\|op\| op.on_progress(show).metadata("user", user)` | |
/// | `crate` | the path of the crate that hands this attribute on, if it is not known by the usual name | |
///
/// The last column is the method of `Cancelable` that documents it. Keys with a * can be given several
/// times. Times as texts have the units ns, us, µs, ms, s, m, h and d, and are checked when compiled.
/// Zero is allowed for `timeout`, and means that the body is never called.
///
/// A function that is called inside of an operation is a nested child of it, as every operation without a
/// parent is. `setup = |op| op.detached()` keeps it apart.
///
/// What cannot be built when the function is called, such as a signal that nobody can catch, ends the
/// operation before the body is called. The error is the source of the `Cancelled`, whose reason is
/// *error*.
///
/// ```
/// use cancel_std::{CancelToken, Cancelled, Cx, cancelable};
/// use std::time::Duration;
///
/// fn disk_full() -> bool {
///     false
/// }
///
/// #[cancelable(
///     name = "copy {from} to {to}",
///     timeout = limit,
///     token = stop,
///     condition = (disk_full, "5s", "disk full"),
///     child_of = Cx::current(),
///     setup = |op| op.on_progress(|progress| println!("{progress}")),
/// )]
/// async fn copy(cx: &Cx, from: &str, to: &str, limit: Duration, stop: &CancelToken) -> usize {
///     cx.report_progress("copying");
///     cx.name().map_or(0, str::len)
/// }
///
/// let stop = CancelToken::new();
/// let copied = smol::block_on(copy("a", "b", Duration::from_secs(60), &stop));
/// assert_eq!(copied, Ok("copy a to b".len()));
/// ```
///
/// # Limits
///
/// * `const`, `unsafe` and `extern` functions, and those that return a future without being `async`,
///   are refused. So is a method under `#[async_trait]`, which has become one of the latter; an
///   `async fn` in a trait needs no such help.
/// * A trait declares its methods as callers see them, without the operation, and the attribute goes on
///   the implementation.
/// * The operation is created on the runtime of its `Cx`, which has a `Default`; else give `runtime`,
///   `parent` or `child_of`.
#[proc_macro_attribute]
pub fn cancelable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expanded(arguments, item, "cancel_std")
}

/// Makes an operation of a function: each call runs its body as one, which the arguments limit.
///
/// This is `cancel_std::cancelable`, which has the whole documentation; where nothing else says so, the
/// operation is a `cancel_smol::Cancelable` here.
///
/// ```
/// use cancel_smol::{Cx, Reason, cancelable};
/// use std::time::Duration;
///
/// #[cancelable(timeout = "5ms")]
/// async fn nap(cx: &Cx, seconds: u64) -> &'static str {
///     cx.sleep(Duration::from_secs(seconds)).await;
///     "slept well"
/// }
///
/// let result = smol::block_on(smol::spawn(nap(3600)));
/// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// ```
#[proc_macro_attribute]
pub fn cancelable_smol(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expanded(arguments, item, "cancel_smol")
}

/// Makes an operation of a function: each call runs its body as one, which the arguments limit.
///
/// This is `cancel_std::cancelable`, which has the whole documentation; where nothing else says so, the
/// operation is a `cancel_tokio::Cancelable` here.
///
/// A function that is not `async` blocks the thread of its caller: call it in `spawn_blocking`, or give it
/// `runtime = On::new(handle)`, which works on any thread.
///
/// ```
/// use cancel_tokio::{Cx, Reason, cancelable};
/// use std::time::Duration;
///
/// #[cancelable(timeout = "5ms")]
/// async fn nap(cx: &Cx, seconds: u64) -> &'static str {
///     cx.sleep(Duration::from_secs(seconds)).await;
///     "slept well"
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let result = tokio::spawn(nap(3600)).await.unwrap();
///     assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// }
/// ```
#[proc_macro_attribute]
pub fn cancelable_tokio(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expanded(arguments, item, "cancel_tokio")
}

/// Makes an operation of a function: each call runs its body as one, which the arguments limit.
///
/// This is `cancel_std::cancelable`, which has the whole documentation; where nothing else says so, the
/// operation is a `cancel_web::Cancelable` here.
///
/// ```no_run
/// use cancel_web::{Cx, Reason, cancelable};
/// use std::time::Duration;
///
/// #[cancelable(timeout = "5ms")]
/// async fn nap(cx: &Cx, seconds: u64) -> &'static str {
///     cx.sleep(Duration::from_secs(seconds)).await;
///     "slept well"
/// }
///
/// # async fn example() {
/// assert_eq!(nap(3600).await.unwrap_err().reason(), Reason::Timeout);
/// # }
/// ```
#[proc_macro_attribute]
pub fn cancelable_web(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expanded(arguments, item, "cancel_web")
}

fn expanded(arguments: TokenStream, item: TokenStream, default: &str) -> TokenStream {
    let expansion = expand::cancelable(arguments.into(), item.into(), default);
    expansion.unwrap_or_else(|errors| errors).into()
}
