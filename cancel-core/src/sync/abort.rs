//! The way out when going on would be unsound.

/// Ends the program: a panic inside a panic does so everywhere, with or without `std`.
#[cold]
#[inline(never)]
pub(crate) fn abort(why: &'static str) -> ! {
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            panic!("aborting")
        }
    }
    let _again = Again;
    panic!("{why}")
}
