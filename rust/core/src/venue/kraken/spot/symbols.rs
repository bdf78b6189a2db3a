//! Names of pairs: those of protocol v2 are Nautilus's, and ours.
//!
//! Protocol v1 and the REST answers name Bitcoin XBT and Dogecoin XDG, on either leg; answers are keyed by names without a
//! slash (`XXBTZUSD`, `XBTUSD`), which `AssetPairs` gives the pair of. Where that was not asked for, a key is cut before
//! the currency it ends in.

use std::borrow::Cow;
use std::collections::HashMap;

/// The pair as protocol v2 names it.
pub(super) fn canonical(pair: &str) -> Cow<'_, str> {
    match pair.split_once('/') {
        Some((base, quote)) if is_old(base) || is_old(quote) => {
            Cow::Owned(format!("{}/{}", currency(base), currency(quote)))
        }
        _ => Cow::Borrowed(pair),
    }
}

fn is_old(leg: &str) -> bool {
    matches!(leg, "XBT" | "XDG")
}

/// A currency as protocol v2 names it.
fn currency(leg: &str) -> &str {
    match leg {
        "XBT" => "BTC",
        "XDG" => "DOGE",
        _ => leg,
    }
}

/// Currencies that pairs are quoted in; longer names first.
const QUOTES: [&str; 18] = [
    "PYUSD", "RLUSD", "USDT", "USDC", "USDG", "EURC", "USD", "EUR", "GBP", "CAD", "JPY", "CHF", "AUD", "AED",
    "DAI", "XBT", "ETH", "DOT",
];

/// The pairs of the keys of answers.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pairs: HashMap<String, String>,
}

impl Keys {
    /// Learns what a key stands for.
    pub(super) fn learn(&mut self, key: &str, pair: &str) {
        if self.pairs.get(key).is_none_or(|held| held != pair) {
            self.pairs.insert(key.to_owned(), pair.to_owned());
        }
    }

    /// The pair of a key; `None` where it names none.
    pub(super) fn pair(&self, key: &str) -> Option<String> {
        if let Some(pair) = self.pairs.get(key) {
            return Some(pair.clone());
        }
        if key.contains('/') {
            return Some(canonical(key).into_owned());
        }
        // Of the old currencies each has four letters, X before a coin and Z before money; USDT is one of them.
        if let (8, Some((base, quote))) = (key.len(), key.split_at_checked(4)) {
            let base = base.strip_prefix(['X', 'Z']).or((base == "USDT").then_some(base));
            let old = base.zip(quote.strip_prefix(['X', 'Z']));
            if let Some((base, quote)) = old.filter(|(_, quote)| QUOTES.contains(quote)) {
                return Some(format!("{}/{}", currency(base), currency(quote)));
            }
        }
        QUOTES.iter().find_map(|quote| {
            let base = key.strip_suffix(quote).filter(|base| !base.is_empty())?;
            Some(format!("{}/{}", currency(base), currency(quote)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, want) in [
            ("XBT/USD", "BTC/USD"),
            ("XDG/XBT", "DOGE/BTC"),
            ("ETH/XBT", "ETH/BTC"),
            ("XBTC/USD", "XBTC/USD"),
            ("BTC/USD", "BTC/USD"),
            ("XBT", "XBT"),
        ] {
            assert_eq!(canonical(name), want, "{name}");
        }
        let mut keys = Keys::default();
        keys.learn("ABCDEF", "ABC/DEF");
        for (key, want) in [
            ("ABCDEF", Some("ABC/DEF")),
            ("XXBTZUSD", Some("BTC/USD")),
            ("XETHXXBT", Some("ETH/BTC")),
            ("USDTZUSD", Some("USDT/USD")),
            ("ZEURZUSD", Some("EUR/USD")),
            ("ZUSDZJPY", Some("USD/JPY")),
            ("USDTZEUR", Some("USDT/EUR")),
            ("XBTUSDT", Some("BTC/USDT")),
            ("XDGEUR", Some("DOGE/EUR")),
            ("USDAED", Some("USD/AED")),
            ("AAPLxUSD", Some("AAPLx/USD")),
            ("XBT/USD", Some("BTC/USD")),
            ("USD", None),
            ("WHAT", None),
            ("", None),
        ] {
            assert_eq!(keys.pair(key).as_deref(), want, "{key}");
        }
    }
}
