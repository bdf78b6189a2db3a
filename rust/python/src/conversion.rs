//! `Conversion`: a conversion on threads of its own, to be watched and stopped.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use serde_json::json;
use tickwright_core::convert::{ConvertError, ConvertOptions, ConvertReport, Progress, convert};

use crate::errors::{convert_error, usage};

type Outcome = Result<ConvertReport, ConvertError>;

/// A running conversion.
#[pyclass(module = "tickwright._core", frozen)]
pub(crate) struct Conversion {
    progress: Arc<Progress>,
    waiting: Mutex<Waiting>,
    started: Instant,
}

/// What is waited for, by one thread at a time.
struct Waiting {
    outcomes: Receiver<Outcome>,
    outcome: Option<Outcome>,
    elapsed: Option<f64>,
}

pub(crate) fn staging_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let here = &raw const now as usize;
    format!("{:x}-{:x}-{:x}", now.as_nanos(), std::process::id(), here)
}

impl Waiting {
    fn wait(&mut self, timeout: Duration, started: Instant) {
        if self.outcome.is_some() {
            return;
        }
        self.outcome = match self.outcomes.recv_timeout(timeout) {
            Ok(outcome) => Some(outcome),
            Err(RecvTimeoutError::Timeout) => None,
            // The thread died without a word: a panic. The catalog is as it was.
            Err(RecvTimeoutError::Disconnected) => Some(Err(ConvertError::Usage(
                "the conversion failed inside tickwright; please report this with the input".to_owned(),
            ))),
        };
        if self.outcome.is_some() {
            self.elapsed = Some(started.elapsed().as_secs_f64());
        }
    }
}

impl Conversion {
    /// Waits up to `timeout` with the GIL released; what is known then.
    fn wait(&self, py: Python<'_>, timeout: Duration) -> MutexGuard<'_, Waiting> {
        py.detach(|| self.lock().wait(timeout, self.started));
        self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Conversion {
    #[new]
    fn new(py: Python<'_>, options: &str) -> PyResult<Self> {
        let mut options: ConvertOptions =
            serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
        if options.now_ns == 0 {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            options.now_ns = now.map_or(0, |d| d.as_nanos() as u64);
        }
        let progress = Arc::new(Progress::default());
        let watched = progress.clone();
        let (send, outcomes) = channel();
        std::thread::spawn(move || {
            let outcome = convert(&options, &staging_name(), &watched);
            // Nobody listens when the object is gone.
            let _ = send.send(outcome);
        });
        let waiting = Mutex::new(Waiting { outcomes, outcome: None, elapsed: None });
        Ok(Self { progress, waiting, started: Instant::now() })
    }

    /// Progress as JSON.
    fn poll(&self) -> String {
        let (phase, bytes_done, bytes_total, rows, rows_written, file) = self.progress.now();
        json!({
            "phase": phase.name(), "bytes_done": bytes_done, "bytes_total": bytes_total, "rows": rows,
            "rows_written": rows_written, "file": file, "elapsed_s": self.started.elapsed().as_secs_f64(),
        })
        .to_string()
    }

    /// Waits up to `timeout` seconds; whether it is over.
    #[pyo3(signature = (timeout = 0.0))]
    fn done(&self, py: Python<'_>, timeout: f64) -> bool {
        // Short waits: they are between two looks at signals.
        self.wait(py, Duration::from_secs_f64(timeout.clamp(0.0, 0.2))).outcome.is_some()
    }

    /// Asks it to stop.
    fn cancel(&self) {
        self.progress.cancel();
    }

    /// The report as JSON; waits for the end.
    fn result(&self, py: Python<'_>) -> PyResult<String> {
        while self.wait(py, Duration::from_millis(20)).outcome.is_none() {
            py.check_signals()?;
        }
        let waiting = self.lock();
        match waiting.outcome.as_ref() {
            Some(Ok(report)) => {
                let mut value = serde_json::to_value(report).map_err(|e| usage(py, e.to_string()))?;
                value["elapsed_s"] = json!(waiting.elapsed);
                Ok(value.to_string())
            }
            Some(Err(error)) => Err(convert_error(py, error)),
            None => Ok(String::new()),
        }
    }
}
