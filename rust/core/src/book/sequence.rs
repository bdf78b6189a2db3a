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
    /// It starts the book anew: CLEAR, then apply.
    Replace,
}

/// A venue's rule.
pub type Judge = fn(Position, Update) -> Verdict;
