//! What else depends on the build: constants, and items that exist or are `const` in some builds.

/// Whether there are nodes with several sources, and links to them: they live on the heap. (Known
/// here, so that programs without one do not have the code for them.)
pub(crate) const HAS_LINKS: bool = cfg!(feature = "alloc");

/// A count of handles, which shared tokens have: on the heap.
#[cfg(feature = "alloc")]
pub(crate) use super::AtomicU32 as Handles;

#[cfg(not(feature = "alloc"))]
#[derive(Debug)]
pub(crate) struct Handles;

#[cfg(not(feature = "alloc"))]
impl Handles {
    pub(crate) const fn new(_: u32) -> Self {
        Handles
    }
}

/// How many entries are handled before all locks are let go.
pub(crate) const HOLD: u32 = if cfg!(all(loom, feature = "loom")) {
    2
} else if cfg!(feature = "std") {
    32
} else {
    1
};

/// How many passes a scope waits for holds that it has woken (`scope/holds.rs`).
pub(crate) const QUIET_PASSES: u8 = if cfg!(all(loom, feature = "loom")) {
    1
} else {
    16
};

/// How many wakers are taken out at a time; they live on the canceller's stack.
pub(crate) const BATCH: usize = if cfg!(all(loom, feature = "loom")) {
    1
} else if cfg!(feature = "std") {
    32
} else {
    4
};

/// How many are taken out at a time where there is nothing but waiters. Few, so that the processor has
/// the next lock and the walk behind it in view while it still wakes these.
#[cfg(feature = "alloc")]
pub(crate) const FEW: usize = if cfg!(all(loom, feature = "loom")) {
    1
} else {
    8
};

/// `const fn` everywhere but under loom, whose atomics cannot be made at compile time.
macro_rules! const_fn {
    ($(#[$attr:meta])* $vis:vis const fn $($rest:tt)*) => {
        $(#[$attr])*
        #[cfg(not(all(loom, feature = "loom")))]
        $vis const fn $($rest)*
        $(#[$attr])*
        #[cfg(all(loom, feature = "loom"))]
        $vis fn $($rest)*
    };
}
pub(crate) use const_fn;

/// A value made at compile time, where `const_fn` is one.
macro_rules! const_value {
    ($value:expr) => {{
        #[cfg(not(all(loom, feature = "loom")))]
        let value = const { $value };
        #[cfg(all(loom, feature = "loom"))]
        let value = $value;
        value
    }};
}
pub(crate) use const_value;

/// Items of an `impl` that need a `static` made at compile time, which models do not have.
macro_rules! unless_loom {
    ($(#[$attr:meta])* $vis:vis fn $($rest:tt)*) => {
        $(#[$attr])*
        #[cfg(not(all(loom, feature = "loom")))]
        $vis fn $($rest)*
    };
}
pub(crate) use unless_loom;

/// Items that need the standard library: threads that block, its types of errors and locks.
macro_rules! with_std {
    ($($item:item)*) => {
        $(
            #[cfg(feature = "std")]
            #[cfg_attr(docsrs, doc(cfg(feature = "std")))]
            $item
        )*
    };
}
pub(crate) use with_std;

/// What stands there without `std`.
#[cfg(feature = "alloc")]
macro_rules! without_std {
    ($($item:item)*) => {
        $(
            #[cfg(not(feature = "std"))]
            $item
        )*
    };
}
#[cfg(feature = "alloc")]
pub(crate) use without_std;

/// A function that is to be inlined where code size does not matter.
macro_rules! inline_on_std {
    ($(#[$attr:meta])* $vis:vis unsafe fn $($rest:tt)*) => {
        $(#[$attr])*
        #[cfg_attr(feature = "std", inline(always))]
        $vis unsafe fn $($rest)*
    };
}
pub(crate) use inline_on_std;

/// The size of a type, known at compile time. (Those of a model are larger.)
macro_rules! assert_size {
    ($type:ty, at most $most:expr) => {
        #[cfg(not(all(loom, feature = "loom")))]
        const _: () = assert!(size_of::<$type>() <= $most);
    };
    ($type:ty, $size:expr) => {
        #[cfg(not(all(loom, feature = "loom")))]
        const _: () = assert!(size_of::<$type>() == $size);
    };
}
pub(crate) use assert_size;

/// A `static` atomic, which a model makes anew for each execution.
#[cfg(not(feature = "alloc"))]
macro_rules! atomic_static {
    (static $name:ident: $type:ty = $value:expr;) => {
        #[cfg(not(all(loom, feature = "loom")))]
        static $name: $type = $value;
        #[cfg(all(loom, feature = "loom"))]
        loom::lazy_static! {
            static ref $name: $type = $value;
        }
    };
}
#[cfg(not(feature = "alloc"))]
pub(crate) use atomic_static;

/// A cause with a message, without a heap. (In a model, which has no such `static`, without the
/// message.) The types are the caller's to name.
#[cfg(not(feature = "alloc"))]
macro_rules! static_cause {
    ($static:ty, $cause:ty, $reason:expr, $message:expr) => {{
        #[cfg(not(all(loom, feature = "loom")))]
        let cause = {
            static CAUSE: $static = <$static>::new($reason, $message);
            <$cause>::from(&CAUSE)
        };
        #[cfg(all(loom, feature = "loom"))]
        let cause = <$cause>::new($reason);
        cause
    }};
}
#[cfg(not(feature = "alloc"))]
pub(crate) use static_cause;

/// What models ask for, as items of the crate's root.
macro_rules! export_to_models {
    () => {
        #[cfg(all(loom, feature = "loom"))]
        #[doc(hidden)]
        pub use sync::LIVE;
    };
}
pub(crate) use export_to_models;
