//! tickwright's core: raw exchange bytes in, Arrow columns in NautilusTrader's schemas out.
//!
//! No Python, no sockets, no clock, no global state: whoever calls gives bytes and times.

pub mod data;
