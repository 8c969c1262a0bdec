//! On tokio: several threads, and a `LocalSet` for tasks of one thread.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/watched.rs"]
mod watched;

use cancel_tokio::Tokio;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use watched::watched;

macro_rules! case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            watched(|| {
                let mut builder = Builder::new_multi_thread();
                let runtime = builder.worker_threads(2).enable_time().build().unwrap();
                runtime.block_on(cancel_conformance::$group::$case(&Tokio))
            });
        }
    };
}

cancel_conformance::core_cases!(case);
cancel_conformance::heap_cases!(case);
cancel_conformance::spawn_cases!(case);
cancel_conformance::operation_cases!(case);

macro_rules! local_case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            watched(|| {
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                LocalSet::new().block_on(&runtime, cancel_conformance::$group::$case(&Tokio))
            });
        }
    };
}

cancel_conformance::spawn_local_cases!(local_case);
