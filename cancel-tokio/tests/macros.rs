//! `#[cancelable]` on tokio.

use cancel_tokio::{
    CancelToken, Cancelable, Cancelled, On, Operation, Reason, Smol, Timer, cancelable,
};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

#[cancelable(timeout = "5ms")]
async fn nap(cx: &Cancelable, duration: Duration) -> &'static str {
    cx.sleep(duration).await;
    "slept well"
}

/// No operation in its signature: the runtime is tokio's nevertheless.
#[cancelable(token = stop)]
async fn wait(stop: CancelToken) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    assert!(Cancelable::current().is_some());
    pending().await
}

#[cancelable(timeout = "5ms")]
fn blocking(cx: &Cancelable) -> Result<(), Cancelled> {
    cx.sleep_blocking(Duration::MAX)
}

#[test]
fn the_default_is_tokio() {
    let result = tokio::block_on(tokio::spawn(nap(Duration::ZERO)));
    assert_eq!(result, Ok("slept well"));
    let result = tokio::block_on(tokio::spawn(nap(Duration::MAX)));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);

    let stop = CancelToken::new();
    let task = tokio::spawn(wait(stop.clone()));
    stop.cancel_with("enough");
    let error = tokio::block_on(task).unwrap_err();
    let cancelled: &Cancelled = error.downcast_ref().unwrap();
    assert_eq!(cancelled.message(), Some("enough"));

    assert_eq!(blocking().unwrap_err().reason(), Reason::Timeout);
}

/// The attribute of cancel-std, told where it is.
#[test]
fn the_crate_can_be_named() {
    #[cancel_std::cancelable(crate = cancel_tokio, timeout = "5ms")]
    async fn named() {
        assert!(Cancelable::current().is_some());
        pending::<()>().await;
    }
    #[cancel_std::cancelable]
    async fn by_its_type(cx: &Cancelable) -> Duration {
        cx.runtime().now()
    }
    let result = tokio::block_on(named());
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(tokio::block_on(by_its_type()).unwrap() <= Smol.now());
}

#[test]
fn an_executor_of_ones_own() {
    #[cancelable(runtime = On::new(executor), timeout = "5ms")]
    async fn on(executor: &Arc<tokio::Executor<'static>>, cx: &Operation<On>) -> u32 {
        cx.sleep(Duration::ZERO).await;
        5
    }
    #[cancelable(child_of = job, timeout = "5ms")]
    async fn part(job: Operation<On>) {
        pending::<()>().await;
    }
    let executor = Arc::new(tokio::Executor::new());
    assert_eq!(tokio::block_on(executor.run(on(&executor))), Ok(5));
    let job = Operation::on(On::new(&executor));
    let run = job.run(async |cx| part(cx.clone()).await);
    let result = tokio::block_on(executor.run(run)).unwrap();
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}
