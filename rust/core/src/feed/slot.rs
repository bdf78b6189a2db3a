//! One instrument of a [`Market`](super::Market): its streams, its book and what was seen already.

use std::sync::Arc;

use super::book::BookSet;
use super::moments::Moments;
use super::newest::Newest;
use super::running::Running;
use super::seen::{SeenIds, SeenTexts};
use super::told::{LastStatus, LastTold, Liquidations};
use super::top::Top;
use super::{InstrumentState, Place, TradeKind};
use crate::data::DataType;
use crate::time;

/// No stream yet.
pub(super) const NONE: u32 = u32::MAX;

/// One instrument.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: Arc<str>,
    /// The venue's symbol.
    pub(super) symbol: Arc<str>,
    pub(super) defined: bool,
    /// Whether its prices may be zero and below, as those of spreads.
    pub(super) any_price: bool,
    pub(super) streams: [u32; DataType::ALL.len()],
    pub(super) trades: [TradeState; 2],
    pub(super) last_quote: Option<Place>,
    pub(super) ticker_quotes: TickerQuotes,
    pub(super) last_told: LastTold,
    pub(super) last_status: LastStatus,
    pub(super) bars: Vec<Bars>,
    pub(super) running: Running,
    pub(super) top: Top,
    pub(super) newest: Newest,
    pub(super) moments: Moments,
    pub(super) liquidations: Liquidations,
    /// What came in several ways and is taken in one.
    pub(super) bound: Vec<(Box<str>, Box<str>)>,
    pub(super) books: BookSet,
}

#[derive(Debug)]
pub(super) struct TradeState {
    pub(super) stream: u32,
    pub(super) seen: SeenIds,
    pub(super) seen_texts: SeenTexts,
}

/// The bars of one specification.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) spec: Arc<str>,
    pub(super) stream: u32,
    /// When the last one closed.
    pub(super) last: u64,
    /// Which were told, counted by their length: answers about the past may come newest first.
    pub(super) seen: SeenIds,
    length: u64,
}

impl Bars {
    pub(super) fn new(spec: &str) -> Self {
        Self { spec: spec.into(), stream: NONE, last: 0, seen: Default::default(), length: length_of(spec) }
    }

    fn resume(spec: &str, last: u64, ranges: Option<&Vec<(u64, u64)>>) -> Self {
        let bars = Self { last, ..Self::new(spec) };
        // An older version did not say which: all up to the last.
        let ranges = ranges.cloned().unwrap_or_else(|| vec![(0, last / bars.length)]);
        Self { seen: SeenIds::from_ranges(ranges), ..bars }
    }

    /// Whether a bar was not told before.
    pub(super) fn takes(&mut self, close: u64) -> bool {
        let is_new = self.seen.insert(close / self.length) || close > self.last;
        self.last = self.last.max(close);
        is_new
    }
}

/// How long the bars of a specification are, ns; of months the shortest.
fn length_of(spec: &str) -> u64 {
    let mut parts = spec.split('-');
    let count = parts.next().and_then(|count| count.parse().ok()).filter(|n| *n > 0).unwrap_or(1);
    let unit = match parts.next() {
        Some("MINUTE") => time::MINUTE,
        Some("HOUR") => time::HOUR,
        Some("DAY") => time::DAY,
        Some("WEEK") => 7 * time::DAY,
        Some("MONTH") => 28 * time::DAY,
        Some("YEAR") => 365 * time::DAY,
        _ => time::SECOND,
    };
    unit * count
}

/// Quotes from a ticker's fields, which count until the venue's channel of quotes has brought one.
#[derive(Debug)]
pub(super) struct TickerQuotes {
    pub(super) stream: u32,
    /// Values of the last one, and its event time.
    pub(super) last: Option<([i128; 4], u64)>,
}

impl Slot {
    pub(super) fn new(id: Arc<str>, symbol: Arc<str>) -> Self {
        let state = || TradeState { stream: NONE, seen: Default::default(), seen_texts: Default::default() };
        Self {
            id,
            symbol,
            defined: false,
            any_price: false,
            streams: [NONE; DataType::ALL.len()],
            trades: [state(), state()],
            last_quote: None,
            ticker_quotes: TickerQuotes { stream: NONE, last: None },
            last_told: LastTold::default(),
            last_status: LastStatus::default(),
            bars: Vec::new(),
            running: Running::default(),
            top: Top::default(),
            newest: Newest::default(),
            moments: Moments::default(),
            liquidations: Liquidations::default(),
            bound: Vec::new(),
            books: BookSet::default(),
        }
    }

    pub(super) fn end_state(&self) -> InstrumentState {
        let (last_times, last_said, past) = self.last_told.end_state();
        InstrumentState {
            raw_trades: self.trades[TradeKind::Raw as usize].seen.ranges().to_vec(),
            aggregate_trades: self.trades[TradeKind::Aggregate as usize].seen.ranges().to_vec(),
            text_trades: self.trades[TradeKind::Raw as usize].seen_texts.hashes(),
            last_quote: self.last_quote.map(|place| place.number),
            last_quote_ns: self.last_quote.map_or(0, |place| place.time),
            last_ticker_quote: self.ticker_quotes.last,
            last_times,
            last_said,
            past,
            last_status_ns: self.last_status.ts,
            last_status: self.last_status.state.clone(),
            bars: self.bars.iter().map(|bars| (bars.spec.to_string(), bars.last)).collect(),
            bar_ranges: self
                .bars
                .iter()
                .map(|bars| (bars.spec.to_string(), bars.seen.newest_ranges()))
                .collect(),
            open_bars: self.running.end_state(),
            top: self.top.end_state(),
            newest: self.newest.end_state(),
            moments: self.moments.end_state(),
            liquidations: self.liquidations.end_state(),
            bound: self.bound.iter().map(|(what, to)| (what.to_string(), to.to_string())).collect(),
            books: self.books.end_states(),
            derived: self.books.derived_states(),
            partial_books: self.books.partial_states(),
            numbers: Vec::new(),
        }
    }

    pub(super) fn resume(&mut self, state: InstrumentState) {
        let seen = SeenIds::from_ranges;
        self.trades[TradeKind::Raw as usize].seen = seen(state.raw_trades);
        self.trades[TradeKind::Aggregate as usize].seen = seen(state.aggregate_trades);
        let texts = SeenTexts::from_hashes(state.text_trades);
        self.trades[TradeKind::Raw as usize].seen_texts = texts;
        let time = state.last_quote_ns;
        self.last_quote = state.last_quote.map(|number| Place { time, number });
        self.ticker_quotes.last = state.last_ticker_quote;
        self.last_told = LastTold::resume((state.last_times, state.last_said, state.past));
        self.last_status = LastStatus { ts: state.last_status_ns, state: state.last_status };
        let ranges = &state.bar_ranges;
        self.bars =
            state.bars.iter().map(|(spec, last)| Bars::resume(spec, *last, ranges.get(spec))).collect();
        self.running = Running::resume(&state.open_bars);
        self.top = state.top.as_ref().map(Top::resume).unwrap_or_default();
        self.newest = Newest::resume(state.newest);
        self.moments = Moments::resume(state.moments);
        self.liquidations = Liquidations::resume(state.liquidations);
        self.bound = state.bound.into_iter().map(|(what, to)| (what.into(), to.into())).collect();
        self.books.resume(state.books, state.derived, state.partial_books);
    }
}
