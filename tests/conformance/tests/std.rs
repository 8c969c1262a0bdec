//! On cancel-std's own timer and background thread, without an executor.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/watched.rs"]
mod watched;

use cancel_std::{Std, block_on};
use watched::watched;

macro_rules! case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            watched(|| block_on(cancel_conformance::$group::$case(&Std)));
        }
    };
}

cancel_conformance::core_cases!(case);
cancel_conformance::heap_cases!(case);
cancel_conformance::spawn_cases!(case);
cancel_conformance::operation_cases!(case);
