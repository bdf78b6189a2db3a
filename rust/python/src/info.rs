//! `feeds` and `inspect`.

use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::json;
use tickwright_core::venue;

use crate::errors::{convert_error, usage};

/// The feeds there are, as JSON.
#[pyfunction]
pub(crate) fn feeds() -> String {
    let feeds: Vec<_> = venue::REGISTRY
        .iter()
        .map(|f| json!({"name": f.name, "venue": f.venue, "title": f.title, "channels": f.channels}))
        .collect();
    serde_json::Value::Array(feeds).to_string()
}

#[derive(Deserialize)]
struct InspectOptions {
    inputs: Vec<String>,
    #[serde(default)]
    feed: Option<String>,
}

/// What inputs are, as JSON.
#[pyfunction]
pub(crate) fn inspect(py: Python<'_>, options: &str) -> PyResult<String> {
    let options: InspectOptions =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let found =
        py.detach(|| tickwright_core::convert::inspect(&options.inputs, options.feed.as_deref(), 64 << 20));
    let found = found.map_err(|e| convert_error(py, &e))?;
    serde_json::to_string(&found).map_err(|e| usage(py, e.to_string()))
}
