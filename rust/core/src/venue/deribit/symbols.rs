//! What a name says: `BTC-PERPETUAL`, `SOL_USDC-25DEC26`, `BTC-25DEC26-100000-C`, `BTC_USDC`, `BTC-FS-25DEC26_PERP`.
//!
//! Source: "Naming", docs.deribit.com, read 2026-10. Frames come before definitions do, or without any; a definition's
//! `kind` says the same.

/// Whether an instrument is several futures or options traded as one: a code of letters stands where a date would
/// (`FS`, `STRD`, `CSR12`). The price of one may be zero and below.
pub(crate) fn is_spread(name: &str) -> bool {
    let mut parts = name.split('-');
    let code = parts.nth(1).unwrap_or_default();
    code.starts_with(|c: char| c.is_ascii_uppercase()) && parts.next().is_some()
}

/// What a spread is made up like: `FS`, `CS`.
pub(super) fn strategy(name: &str) -> Option<&str> {
    name.split('-').nth(1).filter(|_| is_spread(name))
}

/// Whether its amounts are US dollars: those of contracts on a coin against the dollar are, all others are of the coin
/// itself.
pub(super) fn is_in_dollars(name: &str) -> bool {
    let mut parts = name.split('-');
    let is_linear = parts.next().is_some_and(|pair| pair.contains('_'));
    let is_option =
        name.ends_with("-C") || name.ends_with("-P") || strategy(name).is_some_and(|code| code != "FS");
    parts.next().is_some() && !is_linear && !is_option
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, spread, dollars) in [
            ("BTC-PERPETUAL", false, true),
            ("SOL_USDC-PERPETUAL", false, false),
            ("BTC-25DEC26", false, true),
            ("BTC_USDC-25DEC26", false, false),
            ("BTC-25DEC26-100000-C", false, false),
            ("XRP_USDC-30JUN23-0d625-P", false, false),
            ("BTC_USDC", false, false),
            ("BTC-FS-25DEC26_PERP", true, true),
            ("BTC_USDC-FS-25DEC26_PERP", true, false),
            ("BTC-CS-19MAY26-70000_75000", true, false),
            ("BTC-CSR12-16SEP22-21000_23000", true, false),
            ("BTC-STRD-30SEP22-20000", true, false),
            ("", false, false),
        ] {
            assert_eq!((is_spread(name), is_in_dollars(name)), (spread, dollars), "{name}");
        }
        assert_eq!(strategy("BTC-CSR12-16SEP22-21000_23000"), Some("CSR12"));
        assert_eq!(strategy("BTC-PERPETUAL"), None);
    }
}
