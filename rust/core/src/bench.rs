//! Parts of the data path on their own, for `benches/peers`.

pub use crate::venue::binance::bench::DepthReader;
