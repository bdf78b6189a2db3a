//! What a feed is asked for.

use std::sync::Arc;

use crate::book::OnGap;
use crate::data::DataType;

/// A set of row types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSet {
    bits: u16,
    named: bool,
}

impl TypeSet {
    /// Everything received; derived rows are not.
    pub const RECEIVED: Self = Self { bits: u16::MAX, named: false };

    /// Just these; named ones are derived from books and trades where they are not received.
    #[must_use]
    pub fn named(types: impl IntoIterator<Item = DataType>) -> Self {
        Self { bits: types.into_iter().fold(0, |bits, t| bits | 1 << t as u16), named: true }
    }

    /// Whether rows of `data_type` are wanted.
    #[inline]
    #[must_use]
    pub const fn has(self, data_type: DataType) -> bool {
        self.bits & (1 << data_type as u16) != 0
    }

    /// Whether rows of `data_type` may be derived.
    #[must_use]
    pub const fn derives(self, data_type: DataType) -> bool {
        self.named && self.has(data_type)
    }
}

/// Which trades of an instrument are kept where a venue sends raw ones and aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TradeMode {
    /// Raw ones only.
    Raw,
    /// Aggregates only.
    Aggregate,
    /// Aggregates until the first raw trade of the instrument.
    #[default]
    Auto,
    /// Both, each in its own stream: the caller chooses.
    Both,
}

/// Bounds that values must keep beyond those of scale 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limits {
    /// Nautilus's 16-byte build.
    #[default]
    High,
    /// Its 8-byte build: nine decimals, 64 bits.
    Standard,
}

impl Limits {
    const PER_UNIT: i128 = 10_i128.pow(7);
    const STANDARD_PRICE: i128 = 9_223_372_036 * 10_i128.pow(16);
    const STANDARD_SIZE: i128 = 18_446_744_073 * 10_i128.pow(16);

    /// Whether a price (scale 16) can be written.
    #[inline]
    #[must_use]
    pub const fn price(self, value: i128) -> bool {
        match self {
            Self::High => true,
            Self::Standard => value % Self::PER_UNIT == 0 && value.abs() <= Self::STANDARD_PRICE,
        }
    }

    /// Whether a size (scale 16) can be written.
    #[inline]
    #[must_use]
    pub const fn size(self, value: i128) -> bool {
        match self {
            Self::High => true,
            Self::Standard => value % Self::PER_UNIT == 0 && value.abs() <= Self::STANDARD_SIZE,
        }
    }
}

/// Options of a [`super::Feed`].
#[derive(Debug, Clone)]
pub struct FeedOptions {
    /// Types wanted.
    pub types: TypeSet,
    /// Trades wanted.
    pub trades: TradeMode,
    /// The book channel wanted; `None` for the venue's preference.
    pub book: Option<Arc<str>>,
    /// Whether every book channel is kept in a stream of its own, for the caller to choose from.
    pub all_channels: bool,
    /// What to do about holes.
    pub on_gap: OnGap,
    /// Depths and quotes that are derived from books: at the ends of intervals of so many ns; 0: whenever they change.
    pub derive_every: u64,
    /// First receive time wanted, ns UTC.
    pub from: u64,
    /// First receive time no longer wanted, ns UTC.
    pub to: u64,
    /// Bounds of values.
    pub limits: Limits,
    /// Whether holes are told when they are found ([`super::Market::take_opened`]), not only when they are over.
    pub tell_openings: bool,
    /// How many rejects keep their bytes.
    pub max_kept_rejects: usize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            types: TypeSet::RECEIVED,
            trades: TradeMode::Auto,
            book: None,
            all_channels: false,
            on_gap: OnGap::Withhold,
            derive_every: 0,
            from: 0,
            to: u64::MAX,
            limits: Limits::High,
            tell_openings: false,
            max_kept_rejects: 10_000,
        }
    }
}
