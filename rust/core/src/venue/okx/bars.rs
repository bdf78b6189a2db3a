//! Lengths of candles: `1m`, `4H`, `1Dutc`.
//!
//! Source: "Candlesticks channel", okx.com/docs-v5, read 2026-08: bars of six hours and more open on the clock of Hong
//! Kong (UTC+8), those whose name ends in `utc` on UTC.

use crate::time::{self, DAY, HOUR, MINUTE, SECOND};

/// How far the clock of Hong Kong is ahead, ns.
const AHEAD: u64 = 8 * HOUR;

/// How long a bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// So many ns.
    Fixed(u64),
    /// So many months of the calendar.
    Months(u64),
}

/// Which clock a bar opens by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Utc,
    HongKong,
}

impl Clock {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utc => "utc",
            Self::HongKong => "hong_kong",
        }
    }
}

/// A kind of bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bars {
    /// Nautilus's specification.
    pub spec: &'static str,
    pub clock: Clock,
    length: Length,
}

/// Names, Nautilus's specifications and lengths.
const LENGTHS: [(&str, &str, Length); 20] = [
    ("1s", "1-SECOND-LAST-EXTERNAL", Length::Fixed(SECOND)),
    ("1m", "1-MINUTE-LAST-EXTERNAL", Length::Fixed(MINUTE)),
    ("3m", "3-MINUTE-LAST-EXTERNAL", Length::Fixed(3 * MINUTE)),
    ("5m", "5-MINUTE-LAST-EXTERNAL", Length::Fixed(5 * MINUTE)),
    ("15m", "15-MINUTE-LAST-EXTERNAL", Length::Fixed(15 * MINUTE)),
    ("30m", "30-MINUTE-LAST-EXTERNAL", Length::Fixed(30 * MINUTE)),
    ("1H", "1-HOUR-LAST-EXTERNAL", Length::Fixed(HOUR)),
    ("2H", "2-HOUR-LAST-EXTERNAL", Length::Fixed(2 * HOUR)),
    ("4H", "4-HOUR-LAST-EXTERNAL", Length::Fixed(4 * HOUR)),
    ("6H", "6-HOUR-LAST-EXTERNAL", Length::Fixed(6 * HOUR)),
    ("12H", "12-HOUR-LAST-EXTERNAL", Length::Fixed(12 * HOUR)),
    ("1D", "1-DAY-LAST-EXTERNAL", Length::Fixed(DAY)),
    ("2D", "2-DAY-LAST-EXTERNAL", Length::Fixed(2 * DAY)),
    ("3D", "3-DAY-LAST-EXTERNAL", Length::Fixed(3 * DAY)),
    ("5D", "5-DAY-LAST-EXTERNAL", Length::Fixed(5 * DAY)),
    ("1W", "1-WEEK-LAST-EXTERNAL", Length::Fixed(7 * DAY)),
    ("1M", "1-MONTH-LAST-EXTERNAL", Length::Months(1)),
    ("3M", "3-MONTH-LAST-EXTERNAL", Length::Months(3)),
    ("6M", "6-MONTH-LAST-EXTERNAL", Length::Months(6)),
    ("1Y", "1-YEAR-LAST-EXTERNAL", Length::Months(12)),
];

/// The bars of a name, as in `candle1Dutc` after `candle`.
pub(super) fn named(name: &str) -> Option<Bars> {
    let (length_name, clock) = match name.strip_suffix("utc") {
        Some(length_name) => (length_name, Clock::Utc),
        None => (name, Clock::HongKong),
    };
    let (_, spec, length) = LENGTHS.iter().copied().find(|(name, ..)| *name == length_name)?;
    // Shorter bars open at the same times on both clocks.
    let clock = if matches!(length, Length::Fixed(ns) if ns < 6 * HOUR) { Clock::Utc } else { clock };
    Some(Bars { spec, clock, length })
}

impl Bars {
    /// How long it is in minutes; months differ.
    pub(super) fn minutes(self) -> Option<u16> {
        match self.length {
            Length::Fixed(ns) => u16::try_from(ns / MINUTE).ok(),
            Length::Months(_) => None,
        }
    }

    /// When a bar that opened at `start` is over, both ns UTC.
    pub(super) fn close(self, start: u64) -> Option<u64> {
        match self.length {
            Length::Fixed(ns) => Some(start + ns),
            Length::Months(months) => {
                let ahead = if self.clock == Clock::HongKong { AHEAD } else { 0 };
                let (year, month, _) = time::civil(((start + ahead) / DAY) as i64);
                let months = u64::from(month) - 1 + months;
                let next = [u64::try_from(year).ok()? + months / 12, months % 12 + 1, 1];
                Some(time::from_civil(next, [0; 4])? - ahead)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes() {
        let day = |year, month| time::from_civil([year, month, 1], [0; 4]).unwrap_or(0);
        let february = day(2024, 2);
        for (name, start, want) in [
            ("1m", february, february + MINUTE),
            ("1D", february - AHEAD, february + DAY - AHEAD),
            ("1Wutc", february, february + 7 * DAY),
            ("1Mutc", february, february + 29 * DAY),
            ("1M", february - AHEAD, february + 29 * DAY - AHEAD),
            ("6Mutc", february, day(2024, 8)),
            ("1Yutc", day(2024, 1), day(2025, 1)),
        ] {
            assert_eq!(named(name).and_then(|bars| bars.close(start)), Some(want), "{name}");
        }
        assert_eq!(named("1Hutc"), named("1H"));
        assert_ne!(named("1Dutc"), named("1D"));
        assert_eq!([named("7m"), named(""), named("utc"), named("1d")], [None; 4]);
    }
}
