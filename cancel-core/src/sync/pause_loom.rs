//! How a thread of a model passes the time: the others go on.

pub(crate) fn spin(_: u32) {
    loom::thread::yield_now();
}

pub(crate) fn give_way() {
    loom::thread::yield_now();
}

pub(crate) fn nap() {
    loom::thread::yield_now();
}
