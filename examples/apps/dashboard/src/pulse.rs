//! `Pulse`: says that some operation has reported progress. Registries tell of everything else.

use cancel_smol::{CancelToken, Observer, Progress};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An observer for the roots of the operations that are shown: they hear of all progress below them.
/// Any number of reports before the dashboard looks are one.
#[derive(Debug, Default)]
pub struct Pulse {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    beaten: bool,
    /// Cancelled by the next beat. There if somebody waits for that.
    next: Option<CancelToken>,
}

impl Pulse {
    /// To be given to [`Operation::observe`](cancel_smol::Cancelable::observe), and to the dashboard.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has been reported.
    pub fn beat(&self) {
        let mut state = self.lock();
        state.beaten = true;
        let next = state.next.take();
        drop(state); // wakers are foreign code
        if let Some(token) = next {
            token.cancel();
        }
    }

    /// Waits for a beat since the last one that was waited for. For one reader.
    pub async fn beaten(&self) {
        loop {
            let next = {
                let mut state = self.lock();
                if std::mem::take(&mut state.beaten) {
                    return;
                }
                state.next.get_or_insert_with(CancelToken::new).clone()
            };
            next.cancelled().await;
        }
    }
}

impl Observer for Pulse {
    fn progress(&self, _: &Progress) {
        self.beat();
    }
}
