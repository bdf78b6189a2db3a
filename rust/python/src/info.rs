//! `feeds` and `inspect`.

use pyo3::prelude::*;
use serde_json::json;
use tickwright_core::convert::{InspectOptions, inspect as inspect_inputs};
use tickwright_core::data::DataType;
use tickwright_core::{dump, venue};

use crate::errors::{convert_error, usage};
use crate::watch::watched;

fn names(types: &[DataType]) -> Vec<&'static str> {
    types.iter().map(|data_type| data_type.name()).collect()
}

/// The dump formats there are, as JSON.
#[pyfunction]
pub(crate) fn dumps() -> String {
    let formats = dump::REGISTRY.iter();
    let formats: Vec<_> =
        formats.map(|f| json!({"name": f.name, "title": f.title, "types": names(f.types)})).collect();
    serde_json::Value::Array(formats).to_string()
}

/// The feeds there are, as JSON.
#[pyfunction]
pub(crate) fn feeds() -> String {
    let feeds: Vec<_> = venue::REGISTRY
        .iter()
        .map(|f| {
            json!({
                "name": f.name, "venue": f.venue, "title": f.title, "channels": f.channels, "rows": names(f.rows),
                "continuity": f.continuity,
            })
        })
        .collect();
    serde_json::Value::Array(feeds).to_string()
}

/// What inputs are, as JSON.
#[pyfunction]
pub(crate) fn inspect(py: Python<'_>, options: &str) -> PyResult<String> {
    let options: InspectOptions =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let found = watched(py, move |progress| inspect_inputs(&options, progress))?;
    let found = found.map_err(|e| convert_error(py, &e))?;
    serde_json::to_string(&found).map_err(|e| usage(py, e.to_string()))
}
