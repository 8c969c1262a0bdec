//! What runs: one operation above all, and the jobs below it.

use crate::ending::Ending;
use crate::work;
use cancel_web::{Cancelable, Cx, Operation, Reason, WebError, abort_source};
use futures_util::StreamExt;
use js_sys::{Function, Promise};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_sys::AbortSignal;

/// The operation above all jobs. Stopping it stops them.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Board {
    all: Operation,
}

#[wasm_bindgen]
impl Board {
    /// A board with nothing on it.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default)] // for JavaScript
    pub fn new() -> Board {
        Board {
            all: Cancelable::new().name("everything").build(),
        }
    }

    /// Starts a job: `primes`, `save`, or the download of anything else.
    ///
    /// `seconds` is its deadline from now on, if any. `signal` cancels it, too. `progress` is called with
    /// two numbers, done and total, as often as there is something new.
    pub fn start(
        &self,
        kind: String,
        seconds: Option<f64>,
        signal: &AbortSignal,
        progress: Function,
    ) -> Job {
        let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let op = self
            .all
            .child()
            .name(kind.clone())
            .timeout(limit.unwrap_or(Duration::MAX))
            .source(abort_source(signal))
            .build();
        show_progress(&op, progress);
        let handle = op.clone();
        let ended = future_to_promise(async move {
            let result = op.try_run(async |cx| run(&kind, cx).await).await;
            Ok(Ending::of(&op, result).into())
        });
        Job { op: handle, ended }
    }

    /// Cancels all jobs, with the reason *shutdown*. They say *parent*, and why that was. Then the
    /// board is empty again.
    #[wasm_bindgen(js_name = stopAll)]
    pub fn stop_all(&mut self, message: String) {
        let all = std::mem::replace(&mut self.all, Board::new().all);
        all.cancel_with((Reason::Shutdown, message));
    }
}

async fn run(kind: &str, cx: &Cx) -> Result<String, WebError> {
    match kind {
        "primes" => work::count_primes(cx).await,
        "save" => work::save(cx).await,
        url => work::download(url, cx).await,
    }
}

/// Tells JavaScript the latest, until the operation has ended.
fn show_progress(op: &Operation, show: Function) {
    let mut watch = op.watch_progress();
    spawn_local(async move {
        while let Some(progress) = watch.next().await {
            let numbers = [progress.current(), progress.total()];
            let [done, total] = numbers.map(|n| JsValue::from(n.unwrap_or(0) as f64));
            // An exception in it is its own affair.
            let _ = show.call2(&JsValue::NULL, &done, &total);
        }
    });
}

/// A job that has been started.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Job {
    op: Operation,
    ended: Promise,
}

#[wasm_bindgen]
impl Job {
    /// Cancels it. `false`: it was before, or has ended.
    pub fn cancel(&self, message: String) -> bool {
        self.op.cancel_with(message)
    }

    /// A promise of its [`Ending`], which is never rejected.
    #[wasm_bindgen(getter)]
    pub fn ended(&self) -> Promise {
        self.ended.clone()
    }
}
