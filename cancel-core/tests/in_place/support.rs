//! Logs and wakers.

use cancel_core::{OnCancel, Token};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

/// Numbers in the order in which they came. Callbacks in place capture references to statics alone,
/// hence leaked.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<usize>>);

impl Log {
    pub(crate) const fn new() -> Self {
        Log(Mutex::new(Vec::new()))
    }

    pub(crate) fn leaked() -> &'static Log {
        Box::leak(Box::default())
    }

    pub(crate) fn push(&self, number: usize) {
        self.0.lock().unwrap().push(number);
    }

    pub(crate) fn read(&self) -> Vec<usize> {
        self.0.lock().unwrap().clone()
    }

    /// A callback that has been entered, and adds a number.
    pub(crate) fn on_cancel<'t>(
        &'static self,
        token: &'t Token,
        number: usize,
    ) -> Pin<Box<OnCancel<'t>>> {
        let mut hook = Box::pin(OnCancel::new(token, move |_| self.push(number)));
        hook.as_mut().enter();
        hook
    }
}

#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Wakes::default());
        (wakes.clone(), Waker::from(wakes))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// A wait that has been polled once, while its token was live.
pub(crate) fn waiting<'t>(token: &'t Token, waker: &Waker) -> Pin<Box<impl Future + use<'t>>> {
    let mut wait = Box::pin(token.cancelled());
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(waker))
            .is_pending()
    );
    wait
}
