//! Long work without the GIL, which a signal stops.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tickwright_core::convert::Progress;

use crate::errors::usage;

/// Runs `work` on a thread of its own and waits for it with the GIL released. What a signal raises stops it within a
/// block, as does nobody's waiting any more.
pub(crate) fn watched<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&Progress) -> T + Send + 'static,
) -> PyResult<T> {
    let progress = Arc::new(Progress::default());
    let (send, outcome) = channel();
    let at_work = progress.clone();
    std::thread::spawn(move || {
        // Nobody listens any more after a signal.
        let _ = send.send(work(&at_work));
    });
    // One thread waits on it at a time.
    let outcome = Mutex::new(outcome);
    let wait = || {
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.recv_timeout(Duration::from_millis(50))
    };
    loop {
        match py.detach(wait) {
            Ok(found) => return Ok(found),
            Err(RecvTimeoutError::Timeout) => py.check_signals().inspect_err(|_| progress.cancel())?,
            // The thread died without a word: a panic.
            Err(RecvTimeoutError::Disconnected) => {
                let text = "reading failed inside tickwright; please report this with the input";
                return Err(usage(py, text.to_owned()));
            }
        }
    }
}
