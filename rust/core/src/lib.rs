//! tickwright's core: raw exchange bytes in, Arrow columns in NautilusTrader's schemas out.
//!
//! No Python, no sockets, no clock, no global state: whoever calls gives bytes and times.

pub mod accounting;
#[cfg(feature = "bench")]
pub mod bench;
pub mod book;
pub mod capture;
pub mod convert;
pub mod data;
pub mod decimal;
pub mod decoder;
pub mod dump;
pub mod feed;
pub mod frame;
pub mod instrument;
pub mod json;
mod lanes;
mod quoted;
pub mod schema;
pub mod store;
pub mod symbol;
pub mod time;
pub mod venue;
