//! What can stand in the brackets.

use crate::support::{AppError, LONG, SHORT, build_error};
use cancel_std::{
    CancelToken, Cancelable, Cancelled, Condition, Context, Cx, Instant, Observer, Operation,
    Reason, Registry, Source, Std, Timer, cancelable, generic,
};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn reason<T: std::fmt::Debug>(run: impl Future<Output = Result<T, Cancelled>>) -> Reason {
    smol::block_on(run).unwrap_err().reason()
}

#[test]
fn timeouts() {
    const LIMIT: Duration = SHORT;
    #[cancelable(timeout = "5ms")]
    async fn literal() {
        pending::<()>().await;
    }
    #[cancelable(timeout = LIMIT)]
    async fn constant() {
        pending::<()>().await;
    }
    #[cancelable(timeout = limit / 2)]
    async fn argument(limit: Duration) {
        pending::<()>().await;
    }
    #[cancelable(timeout = "0s")]
    async fn none() {
        unreachable!("it has no time at all");
    }
    #[cancelable(timeout = "1m30.5s")]
    async fn sum(cx: &Cx) -> Duration {
        cx.remaining().unwrap()
    }
    #[cancelable(timeout = "18446744073709551615s")]
    async fn endless(cx: &Cx) -> Duration {
        cx.remaining().unwrap()
    }
    assert_eq!(reason(literal()), Reason::Timeout);
    assert_eq!(reason(constant()), Reason::Timeout);
    assert_eq!(reason(argument(SHORT)), Reason::Timeout);
    assert_eq!(reason(none()), Reason::Timeout);
    let left = smol::block_on(sum()).unwrap();
    assert!(left <= Duration::from_millis(90_500) && left > Duration::from_secs(60));
    let left = smol::block_on(endless()).unwrap();
    assert!(left > Duration::from_secs(u64::MAX) - Duration::from_secs(60));
}

#[test]
fn deadlines() {
    #[cancelable(deadline = Std.now() + SHORT)]
    async fn soon() {
        pending::<()>().await;
    }
    #[cancelable(deadline = at, timeout = "3600s")]
    async fn given(cx: &Cx, at: Instant) -> Option<Instant> {
        cx.deadline()
    }
    assert_eq!(reason(soon()), Reason::Timeout);
    let at = Std.now() + Duration::from_secs(60);
    assert_eq!(smol::block_on(given(at)), Ok(Some(at)));
    assert_eq!(reason(given(Instant::EPOCH)), Reason::Timeout);
}

struct Service {
    stop: CancelToken,
}

impl Service {
    #[cancelable(token = self.stop)]
    async fn field(&self) {
        pending::<()>().await;
    }

    #[cancelable(token = self.stop, token = user)]
    async fn two(&self, user: &CancelToken) {
        pending::<()>().await;
    }

    #[cancelable(token = stop)]
    async fn owned(self, stop: CancelToken) {
        drop(stop);
        pending::<()>().await;
    }

    #[cancelable(token = self.stop)]
    fn blocking(&self, cx: &Cx) -> Result<(), AppError> {
        Ok(cx.sleep_blocking(LONG)?)
    }
}

#[test]
fn tokens() {
    let service = || Service {
        stop: CancelToken::new(),
    };
    let (one, user) = (service(), CancelToken::new());
    let cancelled = |run, token: &CancelToken, message: &'static str| {
        let run: smol::Task<Result<(), Cancelled>> = run;
        token.cancel_with(message);
        let cancelled = smol::block_on(run).unwrap_err();
        assert_eq!(cancelled.message(), Some(message));
    };
    let stop = one.stop.clone();
    cancelled(
        smol::spawn(async move { one.field().await }),
        &stop,
        "field",
    );
    let (one, given) = (service(), user.clone());
    let run = smol::spawn(async move { one.two(&given).await });
    cancelled(run, &user, "second of two");
    let stop = CancelToken::new();
    let run = smol::spawn(service().owned(stop.clone()));
    cancelled(run, &stop, "owned");

    let one = service();
    let stop = one.stop.clone();
    let blocking = std::thread::spawn(move || one.blocking());
    stop.cancel_with("blocking");
    let cancelled = blocking.join().unwrap().unwrap_err().cancelled();
    assert_eq!(cancelled.message(), Some("blocking"));
}

#[test]
fn names() {
    fn name_of(cx: &Cx) -> String {
        cx.operation().context().name().unwrap().to_string()
    }
    #[cancelable]
    async fn own(cx: &Cx) -> String {
        name_of(cx)
    }
    #[cancelable(name = "plain")]
    async fn literal(cx: &Cx) -> String {
        name_of(cx)
    }
    #[cancelable(name = "part {number:03} of {{{whole}}}")]
    async fn formatted(cx: &Cx, number: u32, whole: &str) -> String {
        let _ = (number, whole);
        name_of(cx)
    }
    #[cancelable(name = format!("{}-{}", who.len(), who))]
    async fn expression(cx: &Cx, who: String) -> String {
        name_of(cx) + &who
    }
    assert_eq!(smol::block_on(own()).unwrap(), "own");
    assert_eq!(smol::block_on(literal()).unwrap(), "plain");
    assert_eq!(
        smol::block_on(formatted(7, "x")).unwrap(),
        "part 007 of {x}"
    );
    assert_eq!(smol::block_on(expression("me".into())).unwrap(), "2-meme");
}

#[test]
fn conditions() {
    static MET: AtomicBool = AtomicBool::new(false);
    fn met() -> bool {
        MET.load(Ordering::SeqCst)
    }
    #[cancelable(condition = (met, "1ms", "met"))]
    async fn described() {
        MET.store(true, Ordering::SeqCst);
        pending::<()>().await;
    }
    #[cancelable(condition = (move || flag.load(Ordering::SeqCst), every))]
    async fn arguments(flag: &'static AtomicBool, every: Duration) {
        flag.store(true, Ordering::SeqCst);
        pending::<()>().await;
    }
    #[cancelable(condition = Condition::new(|| true, SHORT), condition = (|| false, "1h"))]
    async fn built() {
        pending::<()>().await;
    }
    let cancelled = smol::block_on(described()).unwrap_err();
    assert_eq!(cancelled.message(), Some("condition \"met\" met"));
    MET.store(false, Ordering::SeqCst);
    let cancelled = smol::block_on(arguments(&MET, SHORT)).unwrap_err();
    assert_eq!(cancelled.message(), Some("condition in \"arguments\" met"));
    assert_eq!(reason(built()), Reason::Condition);

    // What cannot be built ends it at once, and says so.
    #[cancelable(condition = (|| true, every))]
    async fn never(every: Duration) {
        unreachable!("it is not called");
    }
    let cancelled = smol::block_on(never(Duration::ZERO)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Error);
    assert!(build_error(&cancelled).to_string().contains("interval"));
    assert_eq!(
        cancelled.message(),
        Some(&*build_error(&cancelled).to_string())
    );
}

#[test]
fn sources() {
    #[cancelable(source = Source::future(async { "the moon is full" }))]
    async fn own() {
        pending::<()>().await;
    }
    #[cancelable(source = stop, source = Cancelable::with_timeout(SHORT))]
    async fn converted(stop: &CancelToken) {
        pending::<()>().await;
    }
    #[cancelable(source = Source::condition(|| true, every))]
    async fn fallible(every: Duration) {
        pending::<()>().await;
    }
    let cancelled = smol::block_on(own()).unwrap_err();
    assert_eq!(cancelled.message(), Some("the moon is full"));
    let stop = CancelToken::new();
    assert_eq!(reason(converted(&stop)), Reason::Timeout);
    stop.cancel_with(Reason::Shutdown);
    assert_eq!(reason(converted(&stop)), Reason::Shutdown);
    assert_eq!(reason(fallible(SHORT)), Reason::Condition);
    assert_eq!(reason(fallible(Duration::ZERO)), Reason::Error);
}

#[cfg(unix)]
#[test]
fn signals() {
    use cancel_std::Signal;

    #[cancelable(signals = [Signal::SIGUSR1, Signal::SIGUSR2])]
    async fn listens() {
        signal_hook::low_level::raise(Signal::SIGUSR2.number()).unwrap();
        pending::<()>().await;
    }
    #[cancelable(signals = [number])]
    fn refuses(number: i32) -> Result<(), AppError> {
        unreachable!("it is not called, with {number}");
    }
    let cancelled = smol::block_on(listens()).unwrap_err();
    assert_eq!(cancelled.message(), Some("SIGUSR2"));
    let cancelled = refuses(9).unwrap_err().cancelled();
    assert!(build_error(&cancelled).to_string().contains("SIGKILL"));
}

#[test]
fn parents() {
    type Ids = [Option<cancel_std::OperationId>; 2];
    fn ids(cx: &Cx) -> Ids {
        [cx.operation().context().parent_id(), Some(cx.id())]
    }
    #[cancelable]
    async fn alone(cx: &Cx) -> Ids {
        ids(cx)
    }
    #[cancelable(setup = |op| op.detached())]
    async fn apart(cx: &Cx) -> Ids {
        ids(cx)
    }
    #[cancelable(parent = &parent.clone())]
    async fn linked(parent: &Cx, cx: &Cx) -> Ids {
        ids(cx)
    }
    #[cancelable(parent = Operation::current())]
    async fn current(cx: &Cx) -> Ids {
        ids(cx)
    }
    #[cancelable(child_of = job, timeout = "1h")]
    async fn nested(cx: &Cx, job: Operation) -> Ids {
        assert!(cx.remaining() <= Some(LONG));
        job.cancel_with("from inside");
        // Shielded, so the job around it waits.
        cx.shield_future(cx.sleep(SHORT)).await;
        ids(cx)
    }
    #[cancelable(parent = parent)]
    async fn without(parent: &Cx) -> Option<cancel_std::OperationId> {
        Operation::current().and_then(|cx| cx.context().parent_id())
    }

    let outer = Cancelable::with_timeout(LONG);
    let run = outer.run(async |cx| {
        // Without an argument, too, what begins inside is inside.
        assert_eq!(alone().await.unwrap()[0], Some(cx.id()));
        assert_eq!(apart().await.unwrap()[0], None);
        assert_eq!(linked(cx).await.unwrap()[0], Some(cx.id()));
        assert_eq!(current().await.unwrap()[0], Some(cx.id()));
        assert_eq!(without(cx).await.unwrap(), Some(cx.id()));
        5
    });
    assert_eq!(smol::block_on(run), Ok(5));
    assert_eq!(smol::block_on(current()).unwrap()[0], None);
    assert_eq!(smol::block_on(alone()).unwrap()[0], None);
    let stopped = smol::block_on(linked(&{
        let parent = Cancelable::new().build();
        parent.cancel();
        parent.within(Clone::clone)
    }));
    assert_eq!(stopped.unwrap_err().reason(), Reason::Parent);

    let job = Cancelable::new().build();
    let shown = Arc::new(Mutex::new(None));
    let keep = shown.clone();
    let run =
        job.run(async move |cx| *keep.lock().unwrap() = Some(nested(cx.operation().clone()).await));
    // Held, it came to its end: with `parent` its body would have been dropped in the shield.
    assert_eq!(smol::block_on(run), Ok(()));
    let ids = shown.lock().unwrap().take().unwrap().unwrap();
    assert_eq!(ids[0], Some(job.id()));
    assert_eq!(job.context().message(), Some("from inside"));
}

#[test]
fn runtimes() {
    #[cancelable(runtime = Std)]
    async fn value(cx: &generic::Cx<Std>) -> Instant {
        cx.runtime().now()
    }
    #[cancelable(runtime = Std, timeout = "5ms")]
    async fn no_operation() {
        pending::<()>().await;
    }
    assert!(smol::block_on(value()).unwrap() <= Std.now());
    assert_eq!(reason(no_operation()), Reason::Timeout);
}

#[test]
fn grace() {
    #[cancelable(timeout = "5ms", grace = "1h")]
    async fn graceful(cx: &Cx) -> String {
        format!("stopped by {}", cx.cancelled().await.reason())
    }
    assert_eq!(smol::block_on(graceful()).unwrap(), "stopped by timeout");
}

#[derive(Default)]
struct Names(Mutex<Vec<String>>);

impl Observer for Names {
    fn ended(&self, context: &Context) {
        let text = format!("{} {}", context.name().unwrap_or("?"), context.status());
        self.0.lock().unwrap().push(text);
    }
}

#[test]
fn observers_and_setup() {
    #[cancelable(observer = names.clone(), observer = names.clone(), timeout = "5ms")]
    async fn observed(names: &Arc<Names>) {
        pending::<()>().await;
    }
    #[cancelable(name = "set up", setup = |op| op.metadata("user", user).observe(names))]
    fn set_up(cx: &Cx, user: &'static str, names: Arc<Names>) -> Option<String> {
        cx.operation()
            .context()
            .metadata()
            .get("user")
            .map(String::from)
    }
    let names = Arc::new(Names::default());
    assert_eq!(reason(observed(&names)), Reason::Timeout);
    assert_eq!(
        set_up("ada", names.clone()).unwrap().as_deref(),
        Some("ada")
    );
    let heard = names.0.lock().unwrap().clone();
    assert_eq!(
        heard,
        [
            "observed cancelled",
            "observed cancelled",
            "set up completed"
        ]
    );
}

#[test]
fn registries() {
    fn is_in(registry: &Registry, cx: &Cx) -> bool {
        let context = registry.get(cx.id());
        context.is_some_and(|context| context.name() == Some("listed"))
    }
    #[cancelable(register, name = "listed", timeout = "1h")]
    async fn globally(cx: &Cx) -> bool {
        is_in(Registry::global(), cx)
    }
    // Whatever comes after it in the brackets is set up before it.
    #[cancelable(register = registry, register, name = "listed", token = stop)]
    fn in_both(cx: &Cx, registry: &Registry, stop: CancelToken) -> bool {
        is_in(registry, cx) && is_in(Registry::global(), cx)
    }
    struct Jobs(Registry);
    impl Jobs {
        #[cancelable(register = self.0)]
        async fn cancelled_by_it(&self) {
            self.0.cancel_all("all of them");
            pending::<()>().await;
        }
    }
    assert_eq!(smol::block_on(globally()), Ok(true));
    let registry = Registry::new();
    assert_eq!(in_both(&registry, CancelToken::new()), Ok(true));
    assert!(registry.is_empty());
    let jobs = Jobs(registry);
    let cancelled = smol::block_on(jobs.cancelled_by_it()).unwrap_err();
    assert_eq!(cancelled.message(), Some("all of them"));
}

#[test]
fn another_path_to_the_crate() {
    mod handed_on {
        pub(crate) use cancel_std::{__macros, Cancelable, Cancelled};
    }
    #[cancelable(crate = handed_on, source = Source::timeout(SHORT))]
    async fn elsewhere() {
        pending::<()>().await;
    }
    assert_eq!(reason(elsewhere()), Reason::Timeout);
}

/// Arguments are evaluated when the function runs, with what it was given.
#[test]
fn arguments_are_evaluated_late() {
    static CALLED: AtomicBool = AtomicBool::new(false);
    #[cancelable(timeout = { CALLED.store(true, Ordering::SeqCst); SHORT })]
    async fn late() {}
    let run = late();
    assert!(!CALLED.load(Ordering::SeqCst));
    assert_eq!(smol::block_on(run), Ok(()));
    assert!(CALLED.load(Ordering::SeqCst));
}

/// What comes out of a `macro_rules!` is in an invisible group.
#[test]
fn from_another_macro() {
    macro_rules! limited {
        ($name:ident, $from:ident, $limit:expr, $text:expr) => {
            #[cancelable(timeout = $limit, name = $text)]
            async fn $name(cx: &Cx, $from: u8) -> Option<String> {
                cx.operation().context().name().map(String::from)
            }
        };
    }
    limited!(copy, from, "5s", "copy {from}");
    assert_eq!(smol::block_on(copy(7)).unwrap().as_deref(), Some("copy 7"));
}

/// A parameter's name may be one that the attribute uses, too.
#[test]
fn a_parameter_called_condition() {
    #[cancelable(condition = (|| true, "1ms", condition))]
    async fn wait(condition: String) {
        pending::<()>().await;
    }
    let cancelled = smol::block_on(wait("battery low".into())).unwrap_err();
    assert_eq!(cancelled.message(), Some("condition \"battery low\" met"));
}
