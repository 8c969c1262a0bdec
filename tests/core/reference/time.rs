//! Time limits of nodes.

use super::Reference;
use cancel_core::{Instant, Reason};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timeout {
    at: Instant,
    limit: Duration,
    /// Of two that are due at one moment, the one that was set first comes first.
    order: usize,
}

impl Reference {
    /// Gives a token a time limit, `now` as the clock says.
    pub(crate) fn cancel_after(&mut self, id: usize, now: Instant, limit: Duration) {
        let order = self.limits;
        self.limits += 1;
        let node = &mut self.nodes[id];
        node.was_timed = true;
        if node.fate.is_some() || node.never {
            return;
        }
        if limit.is_zero() {
            self.cancel_or_time_out(id, Reason::Timeout, None, Some(limit));
            return;
        }
        let at = now
            .checked_add(limit)
            .filter(|at| *at != Instant::FAR_FUTURE);
        node.timeout = at.map(|at| Timeout { at, limit, order });
    }

    pub(crate) fn clear_timeout(&mut self, id: usize) {
        self.nodes[id].timeout = None;
    }

    /// The time limit of a node that is there and live.
    fn timeout(&self, id: usize) -> Option<Timeout> {
        let node = &self.nodes[id];
        let timeout = node.timeout.filter(|_| node.fate.is_none())?;
        self.alive(id).then_some(timeout)
    }

    pub(crate) fn deadline(&self, id: usize) -> Option<Instant> {
        self.timeout(id).map(|timeout| timeout.at)
    }

    /// Nodes with a time limit.
    pub(crate) fn timed(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|id| self.timeout(*id).is_some())
    }

    /// Cancels the node whose limit runs out first, if that is over.
    pub(crate) fn time_out(&mut self, now: Instant) -> Option<usize> {
        let timed = self.timed().filter_map(|id| Some((id, self.timeout(id)?)));
        let (id, first) = timed.min_by_key(|(_, timeout)| (timeout.at, timeout.order))?;
        if first.at > now {
            return None;
        }
        let won = self.cancel_or_time_out(id, Reason::Timeout, None, Some(first.limit));
        assert!(won);
        Some(id)
    }

    /// Whether it has ever had a time limit.
    pub(crate) fn was_timed(&self, id: usize) -> bool {
        self.nodes[id].was_timed
    }
}
