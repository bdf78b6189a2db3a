//! Trading status of an instrument (Nautilus `InstrumentStatus`).

use super::{TextColumn, columns};

/// One status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRow<'a> {
    /// Nautilus's `MarketStatusAction` by name, such as `TRADING`.
    pub action: &'a str,
    /// The venue's word for it.
    pub reason: &'a str,
    /// Whether it trades, where known.
    pub is_trading: Option<bool>,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of statuses.
    StatusColumns {
        /// `MarketStatusAction` names.
        action: TextColumn,
        /// The venue's words.
        reason: TextColumn,
        /// Whether it trades.
        is_trading: Vec<Option<bool>>,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl StatusColumns {
    /// Appends one status.
    pub fn push(&mut self, row: &StatusRow<'_>) {
        self.action.push(row.action);
        self.reason.push(row.reason);
        self.is_trading.push(row.is_trading);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
