//! Values whose drop uses the operation that they belonged to.

use crate::bounded;
use cancel_std::{Cancelable, Source, Status};
use std::sync::{Arc, Mutex};

type Handle = Arc<Mutex<Option<Cancelable>>>;

/// Looks at an operation when it is dropped.
struct LooksOnDrop(Handle);

impl Drop for LooksOnDrop {
    fn drop(&mut self) {
        let op = self.0.lock().unwrap().take();
        assert_eq!(op.map(|op| op.status()), Some(Status::Pending));
    }
}

#[test]
fn the_cleanups_of_a_part_are_dropped_outside_of_its_lock() {
    bounded(|| {
        let handle = Handle::default();
        let looks = LooksOnDrop(handle.clone());
        let part = Cancelable::new().finally(async move |_| drop(looks));
        *handle.lock().unwrap() = Some(part.clone());
        let op = Cancelable::all([Source::from(part)]);
        smol::block_on(op.run(async |_| ())).unwrap();
        assert!(handle.lock().unwrap().is_none());
    });
}
