//! Kraken: spot and futures speak protocols of their own.

mod futures;
mod spot;

pub use futures::FUTURES;
pub use spot::SPOT;
pub(crate) use spot::pair;
