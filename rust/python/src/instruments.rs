//! `write_instruments`: definitions into a catalog, as a conversion writes those that it found.

use std::path::PathBuf;

use pyo3::prelude::*;
use tickwright_core::convert::instruments_left;
use tickwright_core::store;

use crate::conversion::staging_name;
use crate::errors::{store_error, usage};

/// Writes definitions (JSON, an array) as instruments; how many files are new, and notes on what is no file.
#[pyfunction]
pub(crate) fn write_instruments(
    py: Python<'_>,
    catalog: PathBuf,
    definitions: &str,
    layout: &str,
) -> PyResult<(usize, Vec<String>)> {
    let definitions: Vec<_> = serde_json::from_str(definitions).map_err(|e| usage(py, e.to_string()))?;
    let layout = layout.parse().map_err(|()| usage(py, format!("layout {layout}: 1.231 or 1.220")))?;
    let done = py
        .detach(|| store::write_instruments(&catalog, layout, &definitions, &staging_name()))
        .map_err(|e| store_error(py, &e))?;
    Ok((done.written, instruments_left(&done.left)))
}
