//! The part of a cancel that lies below its root. Invariants: `propagate.rs`.

use super::batch::Batch;
use super::mark::Step;
use super::work::Cancel;
use crate::sync::{Held, Panics, Word};
use crate::tree::block::Calls;
use crate::tree::hub::Hub;
use crate::tree::multi::Finished;
use crate::tree::state::{INHERITED, MARKING, OUTCOME};
use crate::tree::timed::Closed;
use core::ptr::addr_of;

/// The part below the root. `held`: its lock, with the flags to be.
/// `panics`: of waiters that have been served before.
#[inline(never)]
pub(super) unsafe fn propagate(root: *const Hub, mut held: Held, panics: Panics) {
    // SAFETY: the root is alive (P5); lists under the locks.
    unsafe {
        // The two lists. Others reach them through `source` until they are empty again (P4).
        let (work, left) = (Hub::new(0), Hub::new(0));
        let own = (*root).cause.get();
        let said = own.for_others((*root).id());
        let mut cancel = Cancel {
            root,
            said: said.unwrap_or(own),
            spare: 0,
            kept: 0,
            outcome: held.flags & OUTCOME,
            inherited: held.flags & INHERITED,
            work: addr_of!(work),
            left: addr_of!(left),
            used: false,
            nodes_left: false,
            root_left: false,
            root_calls: false,
            node_calls: false,
            batch: Batch::new(),
            calls: Calls::new(),
            finished: Finished::new(),
            closed: Closed::none(),
            busy: root,
            panics,
            served: false,
        };
        let first = (*root).list.first();
        if (*first).kind.is_dependent() {
            held.flags |= MARKING;
            if said.is_some() {
                Word::publish(addr_of!((*root).word), &held);
                cancel.mark(held);
            } else {
                // `MARKING` says meanwhile that there is more to come.
                Hub::unlock(root, held);
                cancel.said = own.with_origin((*root).id());
                (cancel.spare, cancel.kept) = (1, 1);
                cancel.mark_on(Step::More);
            }
        } else {
            cancel.root_left = true;
            cancel.take_from_root(&mut held);
            Hub::unlock(root, held);
        }
        cancel.serve();
        core::mem::take(&mut cancel.panics).resume();
    }
}
