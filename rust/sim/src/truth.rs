//! The truth: one JSON object a line for each row that a right decoder makes, in the catalog's order of each
//! (type, instrument): receive time, then arrival.
//!
//! Numbers are decimal text without trailing zeros, times are integers of ns UTC. The last line is the summary.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

use crate::decimal::{self, Decimal};

/// Types of rows, in the order of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RowType {
    /// A trade.
    Trade,
    /// Best bid and ask.
    Quote,
    /// A change of one level.
    Delta,
    /// Ten levels of each side.
    Depth10,
    /// A closed candle.
    Bar,
    /// A mark price.
    MarkPrice,
    /// An index price.
    IndexPrice,
    /// A funding rate.
    FundingRate,
    /// A forced order.
    Liquidation,
    /// Contracts that are open.
    OpenInterest,
    /// The value of a volatility index.
    VolatilityIndex,
    /// Whether an instrument trades.
    Status,
    /// Greeks of an option.
    OptionGreeks,
}

impl RowType {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Trade,
        Self::Quote,
        Self::Delta,
        Self::Depth10,
        Self::Bar,
        Self::MarkPrice,
        Self::IndexPrice,
        Self::FundingRate,
        Self::Liquidation,
        Self::OpenInterest,
        Self::VolatilityIndex,
        Self::Status,
        Self::OptionGreeks,
    ];

    /// The types that have rows, by name.
    pub(crate) fn counted(counts: &[u64; Self::ALL.len()]) -> Vec<(String, u64)> {
        let rows = Self::ALL.iter().map(|kind| (kind.name().to_owned(), counts[*kind as usize]));
        rows.filter(|(_, count)| *count > 0).collect()
    }

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Quote => "quote",
            Self::Delta => "delta",
            Self::Depth10 => "depth10",
            Self::Bar => "bar",
            Self::MarkPrice => "mark_price",
            Self::IndexPrice => "index_price",
            Self::FundingRate => "funding_rate",
            Self::Liquidation => "liquidation",
            Self::OpenInterest => "open_interest",
            Self::VolatilityIndex => "volatility_index",
            Self::Status => "status",
            Self::OptionGreeks => "option_greeks",
        }
    }
}

/// One row in the making: `{"type":…,"instrument_id":…` and what follows.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    text: &'a mut Vec<u8>,
}

impl Row<'_> {
    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        self.text.extend_from_slice(b",\"");
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
        self
    }

    pub(crate) fn int(&mut self, key: &str, value: u64) -> &mut Self {
        decimal::integer(self.key(key).text, value);
        self
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key).quoted(value)
    }

    pub(crate) fn quoted(&mut self, value: &str) -> &mut Self {
        self.text.push(b'"');
        self.text.extend_from_slice(value.as_bytes());
        self.text.push(b'"');
        self
    }

    pub(crate) fn decimal(&mut self, key: &str, value: Decimal) -> &mut Self {
        self.key(key).number(value)
    }

    pub(crate) fn number(&mut self, value: Decimal) -> &mut Self {
        self.text.push(b'"');
        value.write_shortest(self.text);
        self.text.push(b'"');
        self
    }

    /// A double, as a JSON number.
    pub(crate) fn double(&mut self, key: &str, value: Option<Decimal>) -> &mut Self {
        let row = self.key(key);
        match value {
            Some(value) => value.write_shortest(row.text),
            None => row.text.extend_from_slice(b"null"),
        }
        row
    }

    pub(crate) fn raw(&mut self, text: &str) -> &mut Self {
        self.text.extend_from_slice(text.as_bytes());
        self
    }
}

/// Whether rows of a kind may arrive out of their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The rows of one instrument come in order: a book's receive time never goes back.
    InOrder,
    /// A receive time may be before the one before it.
    Any,
}

/// Writes rows, holding back what a receive time that goes back may still precede.
pub(crate) struct Truth<'a> {
    out: Option<&'a mut dyn Write>,
    /// Receive times go back by this at most, ns.
    horizon: u64,
    newest: u64,
    ordinal: u64,
    held: BinaryHeap<Reverse<(u64, u64, Vec<u8>)>>,
    scratch: Vec<u8>,
    counts: [u64; RowType::ALL.len()],
}

impl<'a> Truth<'a> {
    pub(crate) fn new(out: Option<&'a mut dyn Write>, horizon: u64) -> Self {
        Self {
            out,
            horizon,
            newest: 0,
            ordinal: 0,
            held: BinaryHeap::new(),
            scratch: Vec::new(),
            counts: [0; RowType::ALL.len()],
        }
    }

    /// Rows so far by type.
    pub(crate) const fn counts(&self) -> &[u64; RowType::ALL.len()] {
        &self.counts
    }

    /// Adds a row; `write` adds what is between the id and the times.
    pub(crate) fn row(
        &mut self,
        row_type: RowType,
        instrument_id: &str,
        (ts_event, ts_init): (u64, u64),
        arrival: Arrival,
        write: impl FnOnce(&mut Row<'_>),
    ) -> io::Result<()> {
        self.counts[row_type as usize] += 1;
        let Some(out) = &mut self.out else { return Ok(()) };
        let text = &mut self.scratch;
        text.clear();
        text.extend_from_slice(b"{\"type\":\"");
        text.extend_from_slice(row_type.name().as_bytes());
        text.push(b'"');
        let mut row = Row { text };
        row.text("instrument_id", instrument_id);
        write(&mut row);
        row.int("ts_event", ts_event).int("ts_init", ts_init).raw("}\n");
        if arrival == Arrival::InOrder || self.horizon == 0 {
            return out.write_all(text);
        }
        self.newest = self.newest.max(ts_init);
        self.ordinal += 1;
        self.held.push(Reverse((ts_init, self.ordinal, text.clone())));
        let safe = self.newest.saturating_sub(self.horizon);
        while let Some(first) = self.held.peek_mut() {
            if first.0.0 > safe {
                break;
            }
            let Reverse((_, _, text)) = std::collections::binary_heap::PeekMut::pop(first);
            out.write_all(&text)?;
        }
        Ok(())
    }

    /// Writes what was held back, and the summary.
    pub(crate) fn finish(mut self, summary: &str) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        while let Some(Reverse((_, _, text))) = self.held.pop() {
            out.write_all(&text)?;
        }
        out.write_all(summary.as_bytes())?;
        out.write_all(b"\n")
    }
}
