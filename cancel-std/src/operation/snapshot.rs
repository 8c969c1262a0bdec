//! The context of an operation: what is known of it now.

use super::Runtime;
use super::base::Inner;
use crate::report::context::Context;
use crate::report::progress::Metadata;
use crate::report::status::Status;
use crate::report::undelivered::Undelivered;

impl<R: Runtime> Inner<R> {
    pub(crate) fn snapshot(&self) -> Context {
        // Once it has ended, nothing depends on the clock, which may panic.
        let ended = self.lock().ended;
        let now = ended.unwrap_or_else(|| self.runtime.now());
        let live = self.live_cause();
        let deadline = self.earliest().map(|(at, _)| at);
        let epoch = self.runtime.unix_time_of_epoch();
        let rest = self.setup.rest.as_ref();
        let shielded = self.is_held();
        let callbacks = &self.setup.callbacks;
        let (panics, cut_off) = (callbacks.panics(), callbacks.cut_off());
        let state = self.lock();
        let end = state.ended.unwrap_or(now);
        let details = state.details.as_deref();
        Context {
            id: self.id,
            parent_id: self.parent_id(),
            external_id: rest.and_then(|rest| rest.external_id.clone()),
            name: self.setup.name.clone(),
            metadata: rest.map_or(Metadata::new(), |rest| rest.metadata.clone()),
            status: state.status,
            shielded: shielded && state.status == Status::Running,
            started: state.started,
            requested: details.and_then(|details| details.requested),
            ended: state.ended,
            epoch,
            duration: state.started.map(|started| end - started),
            remaining: match state.ended {
                Some(_) => None,
                None => deadline.map(|at| at - now),
            },
            cause: match state.ended {
                Some(_) => state.cause.clone(),
                None => live,
            },
            error: details.and_then(|details| details.error.clone()),
            progress: details.and_then(|details| details.progress.clone()),
            partial: details.and_then(|details| details.partial.clone()),
            undelivered: details
                .map_or_else(Undelivered::default, |details| details.undelivered.clone()),
            tasks: details.and_then(|details| details.tasks.clone()),
            callback_panics: panics,
            callbacks_cut_off: cut_off,
            cleanup_lost: details.is_some_and(|details| details.cleanup_lost),
        }
    }
}
