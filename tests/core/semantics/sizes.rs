//! Sizes that the documentation names, on machines of 64 and of 32 bits.

use cancel_core::{CancelToken, Child, OnCancel, Token, TokenView, WaitForCancel};

/// The one of this machine.
fn of(bits_64: usize, bits_32: usize) -> usize {
    match usize::BITS {
        64 => bits_64,
        32 => bits_32,
        other => panic!("{other} bits"),
    }
}

#[test]
fn what_is_in_place() {
    assert_eq!(size_of::<Token>(), of(24, 16), "a token");
    assert_eq!(size_of::<Child<'_>>(), of(64, 36), "a child in place");
    assert_eq!(size_of::<WaitForCancel<&Token>>(), of(48, 24), "a wait");
    assert_eq!(size_of::<OnCancel<'_>>(), of(56, 28), "a callback in place");
}

#[test]
fn handles_are_pointers() {
    assert_eq!(size_of::<CancelToken>(), of(8, 4));
    assert_eq!(size_of::<Option<CancelToken>>(), of(8, 4));
    assert_eq!(size_of::<TokenView<CancelToken>>(), of(8, 4));
}
