//! Kraken: spot and futures speak protocols of their own.

mod spot;

pub use spot::SPOT;
