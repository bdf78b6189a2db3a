//! Instruments: invented, but with prices, ticks and steps as real ones have them.

use crate::decimal::Decimal;
use crate::random::Random;

/// What is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// The asset itself.
    Spot,
    /// Futures settled in the quote currency, sizes in the base.
    Linear,
    /// Futures settled in the base currency, sizes in contracts of the quote.
    Inverse,
}

/// How long a contract lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// For ever: spot and perpetual swaps.
    Perpetual,
    /// Until this time, ns UTC.
    Until(u64),
}

/// One instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Base asset, such as `BTC`.
    pub base: String,
    /// Quote asset, such as `USDT`.
    pub quote: String,
    /// What is traded.
    pub product: Product,
    /// How long.
    pub term: Term,
    /// Decimals of a price.
    pub price_places: u8,
    /// The tick in units of the last decimal.
    pub tick: i64,
    /// Decimals of a size; the step is one unit of the last.
    pub size_places: u8,
    /// Value of one contract in the quote currency (inverse); 1 elsewhere.
    pub contract_size: i64,
    /// Where the price starts, ticks.
    pub start: i64,
    /// A usual size, steps.
    pub usual: i64,
    /// Mean time between two changes of the book, ns.
    pub gap_ns: u64,
}

impl Instrument {
    /// A price in ticks as a decimal.
    #[must_use]
    pub const fn price(&self, ticks: i64) -> Decimal {
        Decimal::new(ticks as i128 * self.tick as i128, self.price_places)
    }

    /// A size in steps as a decimal.
    #[must_use]
    pub const fn size(&self, steps: i64) -> Decimal {
        Decimal::new(steps as i128, self.size_places)
    }
}

/// Base, price, its decimals, decimals of sizes, a usual size in units of their last decimal.
type Row = (&'static str, i64, u8, u8, i64);

const KNOWN: &[Row] = &[
    ("BTC", 912_345, 1, 3, 150),
    ("ETH", 310_512, 2, 3, 1_500),
    ("SOL", 142_350, 3, 2, 900),
    ("XRP", 21_345, 4, 1, 9_000),
    ("DOGE", 154_320, 6, 0, 4_000),
    ("1000SHIB", 84_120, 7, 0, 30_000),
    ("BNB", 87_210, 2, 2, 120),
    ("ADA", 45_210, 5, 0, 2_000),
    ("LINK", 14_321, 3, 2, 4_000),
    ("AVAX", 15_430, 3, 0, 60),
    ("LTC", 8_812, 2, 3, 9_000),
    ("DOT", 2_431, 3, 1, 2_500),
    ("UNI", 6_210, 3, 0, 200),
    ("BCH", 52_314, 2, 3, 3_000),
    ("1INCH", 2_015, 4, 0, 3_000),
    ("TRX", 28_120, 5, 0, 5_000),
];

/// Names for those beyond the known ones: four letters, none twice.
fn invented(number: u64) -> String {
    let letter = |place: u32| char::from(b'A' + (number / 26_u64.pow(place) % 26) as u8);
    ['Q', letter(2), letter(1), letter(0)].iter().collect()
}

/// End of the quarter contract, ns UTC: 2026-12-25 08:00.
const QUARTER_NS: u64 = 1_798_185_600_000_000_000;

/// The `count` instruments of a market; `rate` is the changes a second of the busiest book.
#[must_use]
pub fn instruments(product: Product, count: u32, rate: u32, seed: u64) -> Vec<Instrument> {
    let mut random = Random::new(seed, 1);
    let mut taken = 0;
    (0..u64::from(count))
        .map(|at| {
            // Every sixth is a quarter contract of the first ones, where there are such.
            let dated = product != Product::Spot && at % 6 == 5 && at < 36;
            let number = if dated {
                at / 6
            } else {
                taken += 1;
                taken - 1
            };
            let known = KNOWN.get(number as usize);
            let (base, units, price_places, size_places, usual) = match known {
                Some((base, units, price_places, size_places, usual)) => {
                    ((*base).to_owned(), *units, *price_places, *size_places, *usual)
                }
                None => {
                    let places = random.between(2, 7) as u8;
                    let size_places = if places <= 3 { 2 } else { 0 };
                    let usual = random.between(200, 90_000);
                    (invented(number), random.between(2_000, 900_000), places, size_places, usual)
                }
            };
            let tick = if number % 7 == 3 { 5 } else { 1 };
            let gap_ns = 1_000_000_000 / u64::from(rate.max(1));
            let inverse = product == Product::Inverse;
            Instrument {
                quote: if inverse { "USD".to_owned() } else { "USDT".to_owned() },
                product,
                term: if dated { Term::Until(QUARTER_NS) } else { Term::Perpetual },
                price_places,
                tick,
                size_places: if inverse { 0 } else { size_places },
                contract_size: match (inverse, &*base) {
                    (true, "BTC") => 100,
                    (true, _) => 10,
                    _ => 1,
                },
                start: units / tick,
                usual: if inverse { 400 } else { usual },
                // The further down the list, the quieter: as 1 / (1 + n / 3), and never below one in 5 s.
                gap_ns: (gap_ns + gap_ns * at / 3).min(5_000_000_000),
                base,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_instruments_have_a_thousand_names() {
        for product in [Product::Spot, Product::Linear, Product::Inverse] {
            let all = instruments(product, 1_000, 100, 7);
            let mut names: Vec<_> = all.iter().map(|i| (i.base.clone(), i.term == Term::Perpetual)).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 1_000);
            assert!(all.iter().all(|i| i.start > 400 && i.price_places <= 8 && i.usual > 0));
        }
    }
}
