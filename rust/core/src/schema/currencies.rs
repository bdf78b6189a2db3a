//! How many decimals NautilusTrader gives an amount of a currency: its text of one depends on it.

/// Decimals of a currency that NautilusTrader does not know: it takes it for a crypto-currency.
const OF_OTHERS: u8 = 8;

/// Currencies of other precisions in NautilusTrader 1.231.0; a test holds them to the installed package.
const PRECISIONS: [(&str, u8); 35] = [
    ("ADA", 6),
    ("AUD", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNH", 2),
    ("CNY", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("HUF", 2),
    ("ILS", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("MXN", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("PLN", 2),
    ("RUB", 2),
    ("SAR", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TRY", 2),
    ("USD", 2),
    ("USDC.e", 6),
    ("XAG", 2),
    ("XAU", 2),
    ("XRP", 6),
    ("XTZ", 6),
    ("ZAR", 2),
    ("pUSD", 6),
];

/// Decimals of an amount of the currency `code`.
pub(super) fn precision(code: &str) -> u8 {
    PRECISIONS.iter().find(|(known, _)| *known == code).map_or(OF_OTHERS, |(_, precision)| *precision)
}
