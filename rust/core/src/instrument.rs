//! Instrument definitions as a venue publishes them: exact decimals, nothing guessed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The Nautilus class of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstrumentClass {
    /// Spot.
    CurrencyPair,
    /// Perpetual swap.
    CryptoPerpetual,
    /// Future with an expiry.
    CryptoFuture,
    /// Option.
    CryptoOption,
    /// Several futures traded as one; prices may be negative.
    CryptoFuturesSpread,
    /// Several options traded as one; prices may be negative.
    CryptoOptionSpread,
}

/// Kind of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OptionKind {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// One definition. Decimals are canonical text; what the venue does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Nautilus class.
    pub class: InstrumentClass,
    /// Nautilus id, with the venue.
    pub instrument_id: Arc<str>,
    /// The venue's symbol.
    pub raw_symbol: String,
    /// Base currency.
    pub base: String,
    /// Quote currency.
    pub quote: String,
    /// Settlement currency.
    pub settlement: String,
    /// Whether it is margined and settled in the base currency.
    pub is_inverse: bool,
    /// Decimals of the price increment.
    pub price_precision: u8,
    /// Decimals of the size increment.
    pub size_precision: u8,
    /// Price increment.
    pub price_increment: String,
    /// Size increment.
    pub size_increment: String,
    /// Units of the underlying in one contract.
    pub multiplier: String,
    /// Lowest price.
    pub min_price: Option<String>,
    /// Highest price.
    pub max_price: Option<String>,
    /// Least size.
    pub min_quantity: Option<String>,
    /// Largest size.
    pub max_quantity: Option<String>,
    /// Least price x size.
    pub min_notional: Option<String>,
    /// Largest price x size.
    pub max_notional: Option<String>,
    /// Start of trading, ns UTC.
    pub activation_ns: Option<u64>,
    /// Expiry, ns UTC.
    pub expiration_ns: Option<u64>,
    /// What a future or an option is on.
    pub underlying: Option<String>,
    /// Kind of an option.
    #[serde(default)]
    pub option_kind: Option<OptionKind>,
    /// Strike price of an option.
    #[serde(default)]
    pub strike: Option<String>,
    /// What a spread is made up like, the venue's word.
    #[serde(default)]
    pub strategy: Option<String>,
    /// Initial margin, fraction.
    pub margin_init: Option<String>,
    /// Maintenance margin, fraction.
    pub margin_maint: Option<String>,
    /// Trading status, the venue's word.
    pub status: String,
    /// When it was received, ns UTC.
    pub ts_ns: u64,
}

impl Definition {
    /// Widens the precision to what was sent, the increments with it.
    pub fn widen(&mut self, decimals: crate::data::Decimals) {
        let increment = |precision: u8| match precision {
            0 => "1".to_owned(),
            n => format!("0.{}1", "0".repeat(usize::from(n) - 1)),
        };
        if decimals.price > self.price_precision {
            self.price_precision = decimals.price;
            self.price_increment = increment(decimals.price);
        }
        if decimals.size > self.size_precision {
            self.size_precision = decimals.size;
            self.size_increment = increment(decimals.size);
        }
    }
}
