//! `commit_instruments`: files of instrument definitions into a catalog, as a commit of their own.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::errors::store_error;

/// Marks the definitions of the catalog's commits up to `version` as written.
#[pyfunction]
pub(crate) fn mark_definitions(py: Python<'_>, catalog: PathBuf, version: u64) -> PyResult<()> {
    py.detach(|| tickwright_core::store::mark_definitions(&catalog, version)).map_err(|e| store_error(py, &e))
}

/// Puts the files under `staged/data` into the catalog's `data` in one commit; how many were new.
#[pyfunction]
pub(crate) fn commit_instruments(py: Python<'_>, catalog: PathBuf, staged: PathBuf) -> PyResult<usize> {
    py.detach(|| tickwright_core::store::put_definitions(&catalog, &staged)).map_err(|e| store_error(py, &e))
}
