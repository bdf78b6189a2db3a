//! `books`: order books at a time.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tickwright_core::convert::{BooksOptions, Progress, books as books_at};

use crate::errors::{convert_error, usage};

/// The books of inputs at a time, as JSON. It reads on a thread of its own, so that a signal stops it.
#[pyfunction]
pub(crate) fn books(py: Python<'_>, options: &str) -> PyResult<String> {
    let options: BooksOptions =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let progress = Arc::new(Progress::default());
    let (send, outcome) = channel();
    let watched = progress.clone();
    std::thread::spawn(move || {
        // Nobody listens any more after a signal.
        let _ = send.send(books_at(&options, &watched));
    });
    // One thread waits on it at a time, with the GIL released.
    let outcome = Mutex::new(outcome);
    let wait = || {
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.recv_timeout(Duration::from_millis(50))
    };
    loop {
        match py.detach(wait) {
            Ok(found) => {
                let found = found.map_err(|e| convert_error(py, &e))?;
                return serde_json::to_string(&found).map_err(|e| usage(py, e.to_string()));
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals().inspect_err(|_| progress.cancel())?,
            // The thread died without a word: a panic.
            Err(RecvTimeoutError::Disconnected) => {
                let text = "reading failed inside tickwright; please report this with the input";
                return Err(usage(py, text.to_owned()));
            }
        }
    }
}
