//! Operations of cancel-std on JavaScript's event loop.
#![cfg(target_arch = "wasm32")]

use cancel_web::{
    BuildError, CancelToken, Cancelable, Cancelled, Condition, Filter, Reason, Registry, Signal,
    SpawnLocal, Status, TaskGroup, TimeoutExt, Timer, Web,
};
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

#[wasm_bindgen_test]
async fn a_timeout() {
    let op = Cancelable::with_timeout(SHORT).name("nap").build();
    let result = op.run(async |cx| cx.sleep(Duration::MAX).await).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(op.context().duration() >= Some(SHORT));
    assert_eq!(op.status(), Status::Cancelled);
}

#[wasm_bindgen_test]
async fn a_timeout_that_is_far_away() {
    for long in [LONG * 24 * 30, Duration::MAX] {
        let op = Cancelable::with_timeout(long);
        assert_eq!(op.run(async |cx| cx.sleep(SHORT).await).await, Ok(()));
    }
}

#[wasm_bindgen_test]
async fn bodies_may_hold_what_is_not_send() {
    let seen = Rc::new(Cell::new(0));
    let op = Cancelable::new().build();
    let run = op.run(async |cx| {
        for n in 1..=3 {
            cx.progress(n, 3);
            cx.checkpoint().await?;
            seen.set(n);
        }
        Ok::<_, Cancelled>(seen.clone())
    });
    assert_eq!(run.await.unwrap().unwrap().get(), 3);
    assert_eq!(op.context().progress().unwrap().fraction(), Some(1.0));
}

#[wasm_bindgen_test]
async fn cancelled_from_a_local_task() {
    let op = Cancelable::new().build();
    let handle = op.clone();
    Web.spawn_local(async move {
        Web.sleep(SHORT).await.unwrap();
        handle.cancel_with("enough");
    })
    .unwrap();
    let cancelled = op.run(async |_| pending::<()>().await).await.unwrap_err();
    assert_eq!(cancelled.message(), Some("enough"));
}

#[wasm_bindgen_test]
async fn children_shields_and_cleanup() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let op = Cancelable::with_timeout(LONG).build();
    let log = order.clone();
    let run = op.run(async move |cx| {
        let child = cx.child().run(async |part| {
            assert!(cx.operation().set_timeout(SHORT)); // only now: the browser may be busy
            let saved = part.shield_future(async { Web.sleep(SHORT * 3).await.unwrap() });
            saved.await;
            log.borrow_mut().push("saved");
            part.sleep(LONG).await;
        });
        child.await.unwrap_err().root_reason()
    });
    // The shield held the body around it, which then saw how its part had ended.
    assert_eq!(run.await, Ok(Reason::Timeout));
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
    assert_eq!(*order.borrow(), ["saved"]);
}

#[wasm_bindgen_test]
async fn a_group_of_tasks() {
    let op = Cancelable::new();
    let sum = op.run_group(async |group: TaskGroup<Web>| {
        let parts: Vec<_> = (1..=4u64)
            .map(|n| {
                group.spawn(move |cx| async move {
                    cx.sleep(Duration::from_millis(n)).await;
                    n
                })
            })
            .collect();
        let mut sum = 0;
        for part in parts {
            sum += part.await.unwrap();
        }
        sum
    });
    assert_eq!(sum.await, Ok(10));
}

#[wasm_bindgen_test]
async fn the_first_failure_ends_a_group() {
    type AnyError = Box<dyn std::error::Error + Send + Sync>;
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), AnyError> {
        group.spawn(|cx| async move { cx.sleep(LONG).await });
        group.try_spawn(|_| async { Ok("no number".parse::<u32>()?) });
        pending().await
    });
    assert!(run.await.unwrap_err().is::<std::num::ParseIntError>());
    assert_eq!(op.status(), Status::Failed);
}

#[wasm_bindgen_test]
async fn futures_and_tokens_with_timeouts() {
    let result = pending::<()>().timeout(&Web, SHORT).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    let token = CancelToken::with_timeout(&Web, SHORT).unwrap();
    assert_eq!(token.cancelled().await.reason(), Reason::Timeout);
}

#[wasm_bindgen_test]
async fn a_registry_lists_cancels_and_forgets() {
    let registry = Registry::new();
    let op = Cancelable::new().name("listed").register(&registry);
    let inside = registry.clone();
    let result = op
        .run(async |cx| {
            assert_eq!(inside.list(&Filter::new())[0].name(), Some("listed"));
            inside.cancel_all(Reason::Shutdown);
            cx.sleep(LONG).await;
        })
        .await;
    assert_eq!(result.unwrap_err().reason(), Reason::Shutdown);
    assert_eq!(registry.history(&Filter::new()).len(), 1);
    assert_eq!(registry.clear_history_older_than(LONG), 0);
    Web.sleep(SHORT).await.unwrap();
    assert_eq!(
        registry.clear_history_older_than(Duration::from_millis(1)),
        1
    );
}

#[wasm_bindgen_test]
async fn conditions_run_in_place() -> Result<(), BuildError> {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let op = Cancelable::new()
        .source(Condition::new(
            move || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2,
            Duration::from_millis(1),
        )?)
        .build();
    let cancelled = op.run(async |_| pending::<()>().await).await.unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Condition);
    assert_eq!(op.context().callback_panics(), 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn threads_are_refused_with_an_error() {
    let op = Cancelable::new();
    let run = op.run(async |cx| cx.run_in_thread(|_| 5).await).await;
    let refused = run.unwrap().unwrap_err();
    assert_eq!(refused.reason(), Reason::Error);
    assert_eq!(
        refused.message(),
        Some("there are no threads on this platform")
    );
}

#[wasm_bindgen_test]
fn a_blocking_body_that_does_not_wait() {
    // (Long enough for a busy browser to get to the first check.)
    let op = Cancelable::with_timeout(SHORT * 40).build();
    let rounds = op.run_blocking(|cx| {
        let mut rounds = 0u64;
        while cx.check().is_ok() {
            rounds += 1;
        }
        rounds
    });
    assert!(rounds.unwrap() > 0);
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
    let run = Cancelable::new().try_run_blocking(|cx| -> Result<u32, Cancelled> {
        cx.sleep_blocking(Duration::ZERO)?;
        Ok(5)
    });
    assert_eq!(run, Ok(5));
}

#[wasm_bindgen_test]
fn signals_of_an_operating_system_are_refused() {
    let refused = Cancelable::with_signal(Signal::SIGINT).unwrap_err();
    assert!(refused.to_string().contains("no signals"), "{refused}");
}
