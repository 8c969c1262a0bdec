//! How a thread passes the time until another one lets a lock go.

/// A few instructions of nothing, `times` times.
#[inline]
pub(crate) fn spin(times: u32) {
    (0..times).for_each(|_| core::hint::spin_loop());
}

/// Another thread's turn, if one is ready.
#[inline]
pub(crate) fn give_way() {
    std::thread::yield_now();
}

/// 50 µs of sleep.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn nap() {
    std::thread::sleep(core::time::Duration::from_micros(50));
}

/// A browser's main thread traps when it sleeps, and nothing tells whether this is one.
#[cfg(target_family = "wasm")]
pub(crate) fn nap() {
    spin(128);
    give_way();
}
