//! `Decoder`: frames in, record batches out, for whoever has frames in memory.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use pyo3_arrow::PyRecordBatch;
use serde::Deserialize;
use serde_json::json;
use tickwright_core::decoder::{BatchKey, FrameDecoder, Options, decode_file as read_file};

use crate::errors::{convert_error, usage};
use crate::watch::watched;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecoderOptions {
    #[serde(default)]
    flavour: Option<String>,
    #[serde(default)]
    types: Option<Vec<String>>,
    #[serde(default)]
    trades: Option<String>,
    #[serde(default)]
    book: Option<String>,
    #[serde(default)]
    on_gap: Option<String>,
    #[serde(default)]
    precision: Option<(u8, u8)>,
    #[serde(default)]
    derive_every: u64,
}

impl From<DecoderOptions> for Options {
    fn from(options: DecoderOptions) -> Self {
        Self {
            flavour: options.flavour,
            types: options.types,
            trades: options.trades,
            book: options.book,
            on_gap: options.on_gap,
            precision: options.precision,
            derive_every: options.derive_every,
            tell_openings: false,
        }
    }
}

/// Frames that are decoded before signals are looked at: some milliseconds.
const FRAMES_BETWEEN_SIGNALS: usize = 4_096;

/// Decodes frames of one feed.
#[pyclass(module = "tickwright._core", frozen)]
pub(crate) struct Decoder {
    inner: Mutex<FrameDecoder>,
}

fn batches<'py>(
    py: Python<'py>,
    found: Vec<(BatchKey, arrow_array::RecordBatch)>,
) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    for ((data_type, id), batch) in found {
        all.set_item((data_type, id), PyRecordBatch::new(batch).into_arro3(py)?)?;
    }
    Ok(all)
}

impl Decoder {
    fn with<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut FrameDecoder) -> T + Send) -> T {
        py.detach(|| {
            // A panic elsewhere leaves the decoder as it was before that frame.
            let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            act(&mut inner)
        })
    }
}

#[pymethods]
impl Decoder {
    #[new]
    #[pyo3(signature = (feed, instruments = None, options = "{}"))]
    fn new(py: Python<'_>, feed: &str, instruments: Option<&[u8]>, options: &str) -> PyResult<Self> {
        let options: DecoderOptions =
            serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
        let options = Options::from(options);
        let mut decoder = FrameDecoder::new(feed, &options).map_err(|e| convert_error(py, &e))?;
        if let Some(body) = instruments {
            decoder.define(body).map_err(|e| convert_error(py, &e))?;
        }
        Ok(Self { inner: Mutex::new(decoder) })
    }

    fn push(&self, py: Python<'_>, frame: &Bound<'_, PyBytes>, ts_init: u64) {
        let frame = frame.as_bytes();
        self.with(py, |decoder| decoder.push(frame, ts_init));
    }

    fn push_many(
        &self,
        py: Python<'_>,
        buffers: Vec<Bound<'_, PyBytes>>,
        ts_inits: Vec<u64>,
    ) -> PyResult<()> {
        if buffers.len() != ts_inits.len() {
            let text = format!("{} buffers and {} times", buffers.len(), ts_inits.len());
            return Err(usage(py, text));
        }
        let frames: Vec<(&[u8], u64)> = buffers.iter().map(|b| b.as_bytes()).zip(ts_inits).collect();
        for some in frames.chunks(FRAMES_BETWEEN_SIGNALS) {
            self.with(py, |decoder| some.iter().for_each(|(frame, ts)| decoder.push(frame, *ts)));
            py.check_signals()?;
        }
        Ok(())
    }

    fn snapshot(&self, py: Python<'_>, symbol: &str, body: &[u8], ts_init: u64) {
        self.with(py, |decoder| decoder.snapshot(symbol, body, ts_init));
    }

    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.with(py, FrameDecoder::flush).map_err(|e| convert_error(py, &e))?;
        batches(py, found)
    }

    /// The input is over: what still waits for a snapshot is withheld.
    fn finish(&self, py: Python<'_>) {
        self.with(py, FrameDecoder::finish);
    }

    fn report(&self, py: Python<'_>) -> String {
        self.with(py, |decoder| decoder.report().to_string())
    }
}

/// Decodes a whole capture in memory: batches by (type, id), and a report as JSON.
#[pyfunction]
#[pyo3(signature = (path, options = "{}"))]
pub(crate) fn decode_file<'py>(
    py: Python<'py>,
    path: &str,
    options: &str,
) -> PyResult<(Bound<'py, PyDict>, String)> {
    let mut value: serde_json::Value =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let feed =
        value.as_object_mut().and_then(|o| o.remove("feed")).and_then(|f| f.as_str().map(str::to_owned));
    let options: DecoderOptions =
        serde_json::from_value(value).map_err(|e| usage(py, format!("options: {e}")))?;
    let options = Options::from(options);
    let path = path.to_owned();
    let decoded = watched(py, move |progress| read_file(&path, feed.as_deref(), &options, progress))?;
    let (found, report) = decoded.map_err(|e| convert_error(py, &e))?;
    Ok((batches(py, found)?, json!(report).to_string()))
}
