//! Core errors as Python exceptions: one table, the code and the place kept as attributes.

use std::path::Path;

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use tickwright_core::convert::ConvertError;
use tickwright_core::store::StoreError;

create_exception!(tickwright._core, TickwrightError, PyException, "Anything tickwright refuses.");
create_exception!(tickwright._core, UsageError, TickwrightError, "Options that cannot be (exit code 2).");
create_exception!(
    tickwright._core,
    InputError,
    TickwrightError,
    "An input that cannot be read (exit code 3)."
);
create_exception!(tickwright._core, CatalogError, TickwrightError, "The catalog refuses (exit code 4).");
create_exception!(tickwright._core, Cancelled, TickwrightError, "Stopped on request (exit code 130).");

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    let classes = [
        ("TickwrightError", "error", py.get_type::<TickwrightError>()),
        ("UsageError", "usage", py.get_type::<UsageError>()),
        ("InputError", "input", py.get_type::<InputError>()),
        ("CatalogError", "catalog", py.get_type::<CatalogError>()),
        ("Cancelled", "cancelled", py.get_type::<Cancelled>()),
    ];
    for (name, code, class) in classes {
        // What an error raised in Python has that says no more.
        class.setattr("code", code)?;
        class.setattr("path", py.None())?;
        m.add(name, class)?;
    }
    Ok(())
}

fn with_attributes(py: Python<'_>, error: PyErr, code: &str, path: Option<&str>) -> PyErr {
    let value = error.value(py);
    // Setting an attribute of an exception just made cannot fail in a way worth another error.
    let _ = value.setattr("code", code);
    let _ = value.setattr("path", path);
    error
}

pub(crate) fn convert_error(py: Python<'_>, error: &ConvertError) -> PyErr {
    let text = error.to_string();
    let path = match error {
        ConvertError::Input { path, .. }
        | ConvertError::Dump { path, .. }
        | ConvertError::UnknownContainer { path, .. }
        | ConvertError::OnlyCaptures { path, .. }
        | ConvertError::SeveralFeeds { path, .. }
        | ConvertError::UnknownFeed { path, .. } => Some(path.as_str()),
        _ => None,
    };
    let exception = match error.exit_code() {
        2 => UsageError::new_err(text),
        3 => InputError::new_err(text),
        130 => Cancelled::new_err(text),
        _ => CatalogError::new_err(text),
    };
    with_attributes(py, exception, error.code(), path)
}

pub(crate) fn store_error(py: Python<'_>, error: &StoreError) -> PyErr {
    with_attributes(py, CatalogError::new_err(error.to_string()), error.code(), None)
}

pub(crate) fn usage(py: Python<'_>, text: String) -> PyErr {
    with_attributes(py, UsageError::new_err(text), "usage", None)
}

/// A file that cannot be written where it was asked for.
pub(crate) fn input(py: Python<'_>, path: &Path, error: &std::io::Error) -> PyErr {
    let path = path.to_string_lossy();
    let text = format!("{path} cannot be written: {error}; name a file in a folder that can be written to");
    with_attributes(py, InputError::new_err(text), "unwritable", Some(&path))
}
