//! Candles of `chart.trades` and of `get_tradingview_chart_data`.
//!
//! Source: "chart.trades.{instrument_name}.{resolution}", docs.deribit.com, read 2026-10: the running candle, again and
//! again; an interval without trades has the last close for its prices and a volume of 0.

use super::messages::{Whole, any_price};
use crate::decimal::Decimal;
use crate::feed::Candle;
use crate::json::{Cursor, JsonError, Key, Kind, Message, keys};
use crate::venue::values::{epoch, size_or_zero};

type Read = Result<(), JsonError>;

/// `chart.trades`: the running candle. `volume` is in the base coin, `cost` in the quote currency.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub candle: Candle,
    pub cost: Decimal,
}

impl<'a> Message<'a> for Chart {
    const KEYS: &'static [Key] = keys!["tick", "open", "high", "low", "close", "volume", "cost", "status"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.candle.begin = epoch(cursor)?,
            1..=4 => self.candle.prices[key - 1] = any_price(cursor)?,
            5 => self.candle.volume = size_or_zero(cursor)?,
            6 => self.cost = size_or_zero(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Whole<'_> for Chart {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 5, 6];
}

/// `get_tradingview_chart_data`: arrays of equal length.
#[derive(Debug, Default)]
pub(super) struct Charts {
    ticks: Vec<u64>,
    /// Open, high, low, close.
    prices: [Vec<Decimal>; 4],
    volumes: Vec<Decimal>,
    costs: Vec<Decimal>,
}

impl<'a> Message<'a> for Charts {
    const KEYS: &'static [Key] = keys!["ticks", "open", "high", "low", "close", "volume", "cost", "status"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => list(cursor, &mut self.ticks, epoch),
            1..=4 => list(cursor, &mut self.prices[key - 1], any_price),
            5 => list(cursor, &mut self.volumes, size_or_zero),
            6 => list(cursor, &mut self.costs, size_or_zero),
            _ => cursor.skip(),
        }
    }
}

impl Whole<'_> for Charts {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 5, 6];
}

fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    out: &mut Vec<T>,
    read: impl Fn(&mut Cursor<'a>) -> Result<T, JsonError>,
) -> Read {
    cursor.array(|cursor| {
        out.push(read(cursor)?);
        Ok(())
    })
}

impl Charts {
    /// The candles, in the order of their times.
    pub(super) fn candles(&self) -> Result<Vec<Chart>, JsonError> {
        let count = self.ticks.len();
        let all = self.prices.iter().chain([&self.volumes, &self.costs]);
        if all.into_iter().any(|values| values.len() != count) {
            return Err(Kind::Value.into());
        }
        let chart = |at: usize| Chart {
            candle: Candle {
                begin: self.ticks[at],
                prices: [0, 1, 2, 3].map(|price| self.prices[price][at]),
                volume: self.volumes[at],
                progress: 0,
            },
            cost: self.costs[at],
        };
        let mut charts: Vec<Chart> = (0..count).map(chart).collect();
        charts.sort_by_key(|chart| chart.candle.begin);
        Ok(charts)
    }
}

/// Minutes and Nautilus's specification of a resolution.
pub(super) fn resolution(name: &str) -> Option<(u16, &'static str)> {
    Some(match name {
        "1" => (1, "1-MINUTE-LAST-EXTERNAL"),
        "3" => (3, "3-MINUTE-LAST-EXTERNAL"),
        "5" => (5, "5-MINUTE-LAST-EXTERNAL"),
        "10" => (10, "10-MINUTE-LAST-EXTERNAL"),
        "15" => (15, "15-MINUTE-LAST-EXTERNAL"),
        "30" => (30, "30-MINUTE-LAST-EXTERNAL"),
        "60" => (60, "1-HOUR-LAST-EXTERNAL"),
        "120" => (120, "2-HOUR-LAST-EXTERNAL"),
        "180" => (180, "3-HOUR-LAST-EXTERNAL"),
        "360" => (360, "6-HOUR-LAST-EXTERNAL"),
        "720" => (720, "12-HOUR-LAST-EXTERNAL"),
        "1D" => (1_440, "1-DAY-LAST-EXTERNAL"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions() {
        assert_eq!(resolution("180"), Some((180, "3-HOUR-LAST-EXTERNAL")));
        assert_eq!(resolution("1D"), Some((1_440, "1-DAY-LAST-EXTERNAL")));
        assert_eq!([resolution("7"), resolution(""), resolution("1d")], [None; 3]);
    }

    #[test]
    fn answers_are_in_the_order_of_time() {
        let time = 1_700_000_040_000;
        let two = || vec![Decimal::default(); 2];
        let mut charts = Charts {
            ticks: vec![time * 2, time],
            prices: std::array::from_fn(|_| two()),
            volumes: two(),
            costs: two(),
        };
        let begins = |charts: &Charts| {
            charts.candles().map(|found| found.iter().map(|chart| chart.candle.begin).collect::<Vec<_>>())
        };
        assert_eq!(begins(&charts), Ok(vec![time, time * 2]));
        charts.costs.pop();
        assert_eq!(begins(&charts), Err(Kind::Value.into()));
    }
}
