//! The futures of cases that need no heap are small: they live in the static memory of one task.
#![cfg(not(target_arch = "wasm32"))]

use cancel_std::Std;

/// On a machine with 64 bits, where pointers are twice as large as on the small ones, and with
/// sleeps that are larger, too.
const MOST: usize = 1280;

macro_rules! sizes {
    (($all:ident) $($group:ident: $($case:ident)*;)*) => {
        $($(
            let size = size_of_val(&cancel_conformance::$group::$case(&Std));
            $all.push((concat!(stringify!($group), "::", stringify!($case)), size));
        )*)*
    };
}

fn sizes() -> Vec<(&'static str, usize)> {
    let mut all = Vec::new();
    cancel_conformance::__core_list! { sizes, (all) }
    all
}

#[test]
fn cases_without_a_heap_are_small() {
    for (case, size) in sizes() {
        assert!(size <= MOST, "{case}: {size} bytes, over {MOST}");
    }
}

/// In turn they take no more than the largest of them does.
#[test]
fn in_turn_they_share_their_memory() {
    let largest = sizes().iter().map(|(_, size)| *size).max().unwrap_or(0);
    let all = size_of_val(&cancel_conformance::run::core(&Std, |_, _| {}));
    assert!(all <= largest + 256, "{all} bytes, for {largest}");
}
