//! `books`: order books at a time.

use pyo3::prelude::*;
use tickwright_core::convert::{BooksOptions, books as books_at};

use crate::errors::{convert_error, usage};
use crate::watch::watched;

/// The books of inputs at a time, as JSON.
#[pyfunction]
pub(crate) fn books(py: Python<'_>, options: &str) -> PyResult<String> {
    let options: BooksOptions =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let found = watched(py, move |progress| books_at(&options, progress))?;
    let found = found.map_err(|e| convert_error(py, &e))?;
    serde_json::to_string(&found).map_err(|e| usage(py, e.to_string()))
}
