//! On JavaScript's event loop: in Node, and in a page of a browser.
//!
//! `cargo xtask web` runs it in both.
#![cfg(target_arch = "wasm32")]

use cancel_web::Web;
use wasm_bindgen_test::wasm_bindgen_test;

macro_rules! case {
    ($group:ident $case:ident) => {
        #[wasm_bindgen_test]
        async fn $case() {
            let case = cancel_conformance::$group::$case(&Web);
            case.await.unwrap_or_else(|failure| panic!("{failure}"));
        }
    };
}

cancel_conformance::core_cases!(case);
cancel_conformance::heap_cases!(case);
cancel_conformance::spawn_cases!(case);
cancel_conformance::operation_cases!(case);
cancel_conformance::spawn_local_cases!(case);
