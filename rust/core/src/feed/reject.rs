//! Rejects: what could not be decoded, with its place, its reason and its bytes.

use serde::{Deserialize, Serialize};

/// A frame or an item that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Number of the source.
    pub source: u32,
    /// Number of the frame in the recording, 0-based.
    pub frame: u64,
    /// Line in the source, 1-based; 0 where there are none.
    pub line: u64,
    /// Byte offset of the frame in the decompressed source.
    pub offset: u64,
    /// Byte offset of the fault in the frame.
    pub at: u64,
    /// Receive time, ns UTC; 0 where there is none.
    pub ts: u64,
    /// A stable name of the reason.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// The instrument or symbol, where it was known.
    pub symbol: String,
    /// The frame's bytes.
    pub body: Vec<u8>,
}

/// A piece of `body` around `at`, safe to print.
#[must_use]
pub(crate) fn excerpt(body: &[u8], at: usize) -> String {
    let start = at.saturating_sub(16).min(body.len());
    let end = (at + 32).min(body.len());
    String::from_utf8_lossy(&body[start..end]).chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}
