//! What chunked streams of an operation had taken, and have not handed out: the last of it.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many items are kept. The chunk that came last is kept whole, however large it is.
pub(crate) const LIMIT: usize = 1024;

/// Bounded: the oldest chunks go when there are more than [`LIMIT`] items. Clones share the items.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undelivered {
    chunks: VecDeque<Chunk>,
    /// In all chunks together.
    items: usize,
    dropped: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// A `Vec`.
    items: Arc<dyn Any + Send + Sync>,
    len: usize,
}

impl Undelivered {
    /// Adds a chunk that is not empty.
    ///
    /// # Returns
    ///
    /// The chunks that had to go: to be dropped without a lock, since items are foreign.
    #[must_use]
    pub(crate) fn push<T: Send + Sync + 'static>(&mut self, items: Arc<Vec<T>>) -> Vec<Chunk> {
        let len = items.len();
        self.items += len;
        self.chunks.push_back(Chunk { items, len });
        let mut surplus = Vec::new();
        while self.items > LIMIT && self.chunks.len() > 1 {
            let Some(oldest) = self.chunks.pop_front() else {
                break;
            };
            self.items -= oldest.len;
            self.dropped += oldest.len as u64;
            surplus.push(oldest);
        }
        surplus
    }

    pub(crate) fn of<T: 'static>(&self) -> impl Iterator<Item = &T> {
        self.chunks
            .iter()
            .filter_map(|chunk| chunk.items.downcast_ref::<Vec<T>>())
            .flatten()
    }

    /// How many items had to go.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}
