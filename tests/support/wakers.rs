//! Instrument wakers: they count, and call what a test wants from `wake`, `clone` and `drop`
//! (re-entrant, panicking, or both).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

/// A waker that counts its wakes.
#[derive(Debug, Default)]
pub struct Counter(AtomicUsize);

impl Counter {
    /// With no wakes so far.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How often it was woken.
    pub fn wakes(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// A waker of it.
    pub fn waker(self: &Arc<Self>) -> Waker {
        self.clone().into()
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

type Hook = Box<dyn Fn() + Send + Sync>;

/// A waker that calls a hook from `wake`, `clone` and `drop`, and counts the calls.
///
/// The hook of `drop` runs for each waker that is dropped; `wake` by value is a wake and a drop.
#[derive(Default)]
pub struct Hooks {
    wake: Option<Hook>,
    clone: Option<Hook>,
    drop: Option<Hook>,
    wakes: AtomicUsize,
    clones: AtomicUsize,
    drops: AtomicUsize,
}

impl Hooks {
    /// Without hooks.
    pub fn new() -> Self {
        Hooks::default()
    }

    /// Called by each wake.
    pub fn on_wake(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.wake = Some(Box::new(hook));
        self
    }

    /// Called by each clone.
    pub fn on_clone(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.clone = Some(Box::new(hook));
        self
    }

    /// Called by each drop.
    pub fn on_drop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.drop = Some(Box::new(hook));
        self
    }

    /// A waker, and the hooks to ask for counts.
    pub fn waker(self) -> (Waker, Arc<Hooks>) {
        let hooks = Arc::new(self);
        // SAFETY: the vtable's functions keep the contract: each waker owns one `Arc`.
        let waker = unsafe { Waker::new(Arc::into_raw(hooks.clone()).cast(), &VTABLE) };
        (waker, hooks)
    }

    /// How often it was woken.
    pub fn wakes(&self) -> usize {
        self.wakes.load(SeqCst)
    }

    /// How often it was cloned.
    pub fn clones(&self) -> usize {
        self.clones.load(SeqCst)
    }

    /// How often one of its wakers was dropped.
    pub fn drops(&self) -> usize {
        self.drops.load(SeqCst)
    }

    /// How many of its wakers are alive.
    pub fn alive(&self) -> usize {
        1 + self.clones() - self.drops()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("wakes", &self.wakes)
            .field("clones", &self.clones)
            .field("drops", &self.drops)
            .finish_non_exhaustive()
    }
}

fn call(hook: Option<&Hook>, count: &AtomicUsize) {
    count.fetch_add(1, SeqCst);
    if let Some(hook) = hook {
        hook();
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

unsafe fn clone(data: *const ()) -> RawWaker {
    let data: *const Hooks = data.cast();
    // SAFETY: the waker that is cloned owns an `Arc`.
    let hooks = unsafe { &*data };
    if let Some(hook) = &hooks.clone {
        hook();
    }
    hooks.clones.fetch_add(1, SeqCst); // after the hook, which may panic
    // SAFETY: as above.
    unsafe { Arc::increment_strong_count(data) };
    RawWaker::new(data.cast(), &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's `Arc` is used up.
    let owned = Dropped(unsafe { Arc::from_raw(data.cast::<Hooks>()) });
    call(owned.0.wake.as_ref(), &owned.0.wakes);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker owns an `Arc`.
    let hooks = unsafe { &*data.cast::<Hooks>() };
    call(hooks.wake.as_ref(), &hooks.wakes);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's `Arc` is used up.
    drop(Dropped(unsafe { Arc::from_raw(data.cast::<Hooks>()) }));
}

/// Calls the hook of `drop`, also when `wake` panics.
struct Dropped(Arc<Hooks>);

impl Drop for Dropped {
    fn drop(&mut self) {
        call(self.0.drop.as_ref(), &self.0.drops);
    }
}
