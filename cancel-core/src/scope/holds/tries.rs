//! What the passes so far say about the next one: numbers, which `holds.rs` explains.

/// What the passes so far say about the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries {
    /// Whether the scope has asked for this pass itself.
    pub(super) asked: bool,
    /// Whether the last pass was the end of a search, and has kept the body; and whether a scope inside has
    /// asked for this pass.
    pub(super) kept: bool,
    pub(super) inside: bool,
    /// In a row of such: whether a hold with another waker than the scope's was woken; how many passes
    /// have polled no hold; and how many of these since the last hold was woken.
    pub(super) woke: bool,
    pub(super) idle: u8,
    pub(super) quiet: u8,
    /// How many more passes take the echo of the last search, and are not searched.
    pub(super) settle: u32,
    /// How many searches that woke holds have found one.
    finds: u32,
}

pub(super) const NO_TRIES: Tries = Tries {
    asked: false,
    kept: false,
    inside: false,
    woke: false,
    idle: 0,
    quiet: 0,
    settle: 0,
    finds: 0,
};

impl Tries {
    /// Whether nothing is known to have happened before this pass.
    pub(super) fn is_asked(self) -> bool {
        self.asked || (self.kept && self.inside)
    }

    /// A pass that the scope has asked for has found a hold.
    pub(super) fn found(self) -> Self {
        let finds = self.finds.saturating_add(u32::from(self.woke));
        let settle = match self.woke {
            true => u32::BITS - finds.leading_zeros(),
            false => self.settle.saturating_sub(1),
        };
        Tries {
            settle,
            finds,
            ..NO_TRIES
        }
    }

    /// Something has happened in this pass, or before it: it proves nothing, and the next one may search.
    pub(super) fn again(self) -> Self {
        Tries {
            woke: self.woke,
            finds: self.finds,
            ..NO_TRIES
        }
    }
}
