//! Kraken: spot and futures speak protocols of their own.

mod futures;
mod spot;

pub(super) use futures::FUTURES;
pub(super) use spot::SPOT;
