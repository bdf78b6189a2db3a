//! The Python module `tickwright._core`: arguments in, one core call with the GIL released, results out.
//!
//! Options and reports cross as JSON text, rows as Arrow (PyCapsule interface). No rule about markets lives
//! here.

use pyo3::prelude::*;

mod books;
mod conversion;
mod decoder;
mod errors;
mod info;
mod instruments;
mod objects;
mod simulate;
mod watch;

#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("DEBUG_BUILD", cfg!(debug_assertions))?;
    m.add_class::<conversion::Conversion>()?;
    m.add_class::<decoder::Decoder>()?;
    m.add_class::<objects::ObjectDecoder>()?;
    m.add_function(wrap_pyfunction!(info::feeds, m)?)?;
    m.add_function(wrap_pyfunction!(info::dumps, m)?)?;
    m.add_function(wrap_pyfunction!(info::inspect, m)?)?;
    m.add_function(wrap_pyfunction!(books::books, m)?)?;
    m.add_function(wrap_pyfunction!(decoder::decode_file, m)?)?;
    m.add_function(wrap_pyfunction!(instruments::write_instruments, m)?)?;
    m.add_function(wrap_pyfunction!(simulate::simulate, m)?)?;
    m.add_function(wrap_pyfunction!(simulate::simulate_dump, m)?)?;
    m.add_function(wrap_pyfunction!(simulate::simulated, m)?)?;
    errors::register(m)
}
