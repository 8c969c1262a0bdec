//! `#[cancelable]` on tokio.

use cancel_tokio::{
    CancelToken, Cancelled, Cx, Instant, On, Operation, Reason, Timer, Tokio, cancelable, generic,
};
use std::future::pending;
use std::time::Duration;
use tokio::runtime::Handle;

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(3600);

#[cancelable(timeout = limit)]
async fn nap(cx: &Cx, limit: Duration, duration: Duration) -> &'static str {
    cx.sleep(duration).await;
    "slept well"
}

/// No operation in its signature: the runtime is tokio's nevertheless.
#[cancelable(token = stop)]
async fn wait(stop: CancelToken) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    assert!(Operation::current().is_some());
    pending().await
}

#[cancelable(runtime = On::new(handle), timeout = "5ms")]
fn blocking(handle: &Handle, cx: &generic::Cx<On>) -> Result<(), Cancelled> {
    cx.sleep_blocking(Duration::MAX)
}

#[tokio::test]
async fn the_default_is_tokio() {
    let result = tokio::spawn(nap(LONG, Duration::ZERO)).await.unwrap();
    assert_eq!(result, Ok("slept well"));
    let result = tokio::spawn(nap(SHORT, Duration::MAX)).await.unwrap();
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);

    let stop = CancelToken::new();
    let task = tokio::spawn(wait(stop.clone()));
    stop.cancel_with("enough");
    let error = task.await.unwrap().unwrap_err();
    let cancelled: &Cancelled = error.downcast_ref().unwrap();
    assert_eq!(cancelled.message(), Some("enough"));
}

#[test]
fn what_blocks_is_told_its_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cancelled = blocking(runtime.handle()).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
}

/// The attribute of cancel-std, told where it is.
#[tokio::test]
async fn the_crate_can_be_named() {
    #[cancel_std::cancelable(crate = cancel_tokio, timeout = "5ms")]
    async fn named() {
        assert!(Operation::current().is_some());
        pending::<()>().await;
    }
    #[cancel_std::cancelable]
    async fn by_its_type(cx: &Cx) -> Instant {
        cx.runtime().now()
    }
    assert_eq!(named().await.unwrap_err().reason(), Reason::Timeout);
    assert!(by_its_type().await.unwrap() <= Tokio.now());
}

#[tokio::test]
async fn a_runtime_by_its_handle() {
    #[cancelable(runtime = On::new(&Handle::current()), timeout = "1h")]
    async fn on(cx: &generic::Cx<On>) -> u32 {
        cx.sleep(Duration::ZERO).await;
        5
    }
    #[cancelable(child_of = job, timeout = "5ms")]
    async fn part(job: generic::Operation<On>) {
        pending::<()>().await;
    }
    assert_eq!(on().await, Ok(5));
    let job = generic::Cancelable::on(On::new(&Handle::current()));
    let run = job.run(async |cx| part(cx.operation().clone()).await);
    assert_eq!(run.await.unwrap().unwrap_err().reason(), Reason::Timeout);
}
