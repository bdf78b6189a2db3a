//! How far a conversion is, for whoever watches, and the wish to stop it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Looking at inputs.
    Plan,
    /// Decoding.
    Decode,
    /// Writing files.
    Encode,
    /// Committing.
    Commit,
    /// Done.
    Done,
}

impl Phase {
    /// The name shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Commit => "commit",
            Self::Done => "done",
        }
    }
}

/// Shared between the conversion and its watcher.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    rows: AtomicU64,
    rows_written: AtomicU64,
    file: Mutex<String>,
    cancelled: AtomicBool,
}

impl Progress {
    /// Asks the conversion to stop; it does so within a block.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn total(&self, bytes: u64) {
        self.bytes_total.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn set_done(&self, bytes: u64, rows: u64) {
        self.bytes_done.store(bytes, Ordering::Relaxed);
        self.rows.store(rows, Ordering::Relaxed);
    }

    pub(super) fn add_rows_written(&self, rows: u64) {
        self.rows_written.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn file(&self, name: &str) {
        if let Ok(mut file) = self.file.lock()
            && *file != name
        {
            name.clone_into(&mut file);
        }
    }

    /// The phase, bytes of inputs done and in all, rows decoded and written, and the file at hand.
    #[must_use]
    pub fn now(&self) -> (Phase, u64, u64, u64, u64, String) {
        let phase = match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Plan,
            1 => Phase::Decode,
            2 => Phase::Encode,
            3 => Phase::Commit,
            _ => Phase::Done,
        };
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let file = self.file.lock().map(|f| f.clone()).unwrap_or_default();
        (
            phase,
            load(&self.bytes_done),
            load(&self.bytes_total),
            load(&self.rows),
            load(&self.rows_written),
            file,
        )
    }
}
