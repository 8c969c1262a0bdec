//! A count that several contexts change.

#[cfg(any(feature = "std", all(loom, feature = "loom")))]
mod imp {
    use crate::sync::{AcqRel, Acquire, AtomicU32};

    #[derive(Debug)]
    pub(crate) struct Count(AtomicU32);

    impl Count {
        crate::sync::const_fn! {
            pub(crate) const fn new() -> Self {
                Count(AtomicU32::new(0))
            }
        }

        /// AcqRel here and Acquire in `get`: whoever sees a count sees what was done before it.
        #[inline]
        pub(crate) fn up(&self) {
            self.0.fetch_add(1, AcqRel);
        }

        #[inline]
        pub(crate) fn down(&self) {
            self.0.fetch_sub(1, AcqRel);
        }

        #[inline]
        pub(crate) fn get(&self) -> u32 {
            self.0.load(Acquire)
        }
    }
}

/// Without `std` there may be no read-modify-write: a critical section stands for it.
#[cfg(not(any(feature = "std", all(loom, feature = "loom"))))]
mod imp {
    use crate::sync::{Acquire, AtomicU32, Relaxed, Release};

    #[derive(Debug)]
    pub(crate) struct Count(AtomicU32);

    impl Count {
        pub(crate) const fn new() -> Self {
            Count(AtomicU32::new(0))
        }

        pub(crate) fn up(&self) {
            self.add(1);
        }

        pub(crate) fn down(&self) {
            self.add(u32::MAX);
        }

        fn add(&self, n: u32) {
            // Relaxed: the section orders it after the last change. Release: for `get`.
            critical_section::with(|_| {
                let sum = self.0.load(Relaxed).wrapping_add(n);
                self.0.store(sum, Release);
            });
        }

        pub(crate) fn get(&self) -> u32 {
            self.0.load(Acquire)
        }
    }
}

pub(crate) use imp::Count;
