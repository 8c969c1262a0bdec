//! On cancel-std's own timer, without an executor.
#![cfg(not(target_arch = "wasm32"))]

use cancel_std::Std;

macro_rules! case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            let case = cancel_conformance::$group::$case(&Std);
            cancel_std::block_on(case).unwrap_or_else(|failure| panic!("{failure}"));
        }
    };
}

cancel_conformance::core_cases!(case);
cancel_conformance::heap_cases!(case);
cancel_conformance::spawn_cases!(case);
