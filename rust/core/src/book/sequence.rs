//! Continuity: what an update's numbers say about the book that is to take it.
//!
//! Sequencing is apart from parsing and from the ladder. A venue's rule is a pure function, [`Judge`], in
//! `venue/<name>/sequence.rs`, with its source; [`super::LiveBook`] acts on the verdict.

/// The numbers of one book update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// First update id in it (Binance `U`).
    pub first: u64,
    /// Last update id in it (Binance `u`): the book's id once applied.
    pub last: u64,
    /// The last id of the update before it, where the venue says (Binance futures `pu`).
    pub previous: Option<u64>,
    /// A number that only grows over all of the venue's books (Bybit `seq`); 0 where there is none.
    pub cross: u64,
    /// Whether its levels are the whole book, not changes of it.
    pub whole: bool,
}

impl Update {
    /// Changes with the ids `first` to `last`, and nothing else said of them.
    #[must_use]
    pub const fn changes(first: u64, last: u64) -> Self {
        Self { first, last, previous: None, cross: 0, whole: false }
    }

    /// Changes that no number says the place of.
    #[must_use]
    pub const fn unnumbered() -> Self {
        Self::changes(0, 0)
    }

    /// Whether a number says where it belongs.
    #[must_use]
    pub const fn is_numbered(&self) -> bool {
        self.last > 0 || self.previous.is_some()
    }
}

/// Where a book stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Id of the last thing applied.
    pub id: u64,
    /// Id of the snapshot it was built on.
    pub snapshot: u64,
    /// Whether that snapshot was the last thing applied.
    pub fresh: bool,
    /// [`Update::cross`] of the last thing applied; 0 where there is none.
    pub cross: u64,
}

impl Position {
    /// Right after the whole book `update`.
    #[must_use]
    pub const fn fresh(update: Update) -> Self {
        Self { id: update.last, snapshot: update.last, fresh: true, cross: update.cross }
    }
}

/// What to do with an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is next.
    Apply,
    /// The snapshot already has it.
    Stale,
    /// It was applied before.
    Duplicate,
    /// Something is missing before it.
    Gap,
    /// It starts the book anew, as a snapshot that the stream itself brings: CLEAR, then its levels.
    Replace,
}

/// A venue's rule.
pub type Judge = fn(&Position, &Update) -> Verdict;
