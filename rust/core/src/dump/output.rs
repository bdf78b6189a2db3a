//! Where the rows of a dump go: columns by stream, with what tells rows apart and what they cost; rejects; the
//! accounting.

use std::sync::Arc;

use super::error::{Fault, FaultKind};
use super::rows::{Row, fault};
use crate::accounting::{Accounting, End, RowCounts};
use crate::book::{Gap, GapCause, OnGap};
use crate::data::{AnyColumns, DataType, Decimals, Identity, Rows};
use crate::decimal::{self, Decimal, DecimalError};
use crate::feed::{Limits, Reject, StreamKey, TypeSet};

/// What is wanted of a dump.
#[derive(Debug, Clone)]
pub struct OutputOptions {
    /// Types wanted.
    pub types: TypeSet,
    /// The kind of trades wanted; both where it is open.
    pub trades: Option<&'static str>,
    /// First receive time wanted, ns UTC.
    pub from: u64,
    /// First receive time no longer wanted, ns UTC.
    pub to: u64,
    /// Bounds of values.
    pub limits: Limits,
    /// What to do about updates of a book that is not known.
    pub on_gap: OnGap,
    /// How many rejects keep their bytes.
    pub max_kept_rejects: usize,
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self {
            types: TypeSet::RECEIVED,
            trades: None,
            from: 0,
            to: u64::MAX,
            limits: Limits::High,
            on_gap: OnGap::Withhold,
            max_kept_rejects: 100_000,
        }
    }
}

/// The rows of one stream since they were last taken.
#[derive(Debug)]
pub struct OutputStream {
    /// What it holds.
    pub key: StreamKey,
    /// The instrument's id (that of `key`, except for bars).
    pub instrument_id: Arc<str>,
    /// Where the rows come from: the format, or the vendor's name of the exchange.
    pub origin: Arc<str>,
    /// How its repeats are told.
    pub identity: Identity,
    /// The rows.
    pub rows: Rows,
    /// Most decimals of all rows so far.
    pub decimals: Decimals,
    /// Rows taken so far.
    pub total: u64,
    /// Lines that ended as rows here, of those taken.
    pub counts: RowCounts,
    /// Rows from here on belong to an event that is not over.
    open_from: Option<usize>,
}

/// Updates of a book that no snapshot had come before.
#[derive(Debug, Clone)]
pub struct Unjoined {
    /// The instrument.
    pub instrument_id: Arc<str>,
    /// Receive time of the first, ns UTC.
    pub from_ns: u64,
    /// Receive time of the last, ns UTC.
    pub to_ns: u64,
    /// Lines withheld.
    pub lines: u64,
    /// What ended it: `snapshot`, `rebuild`, `continue`, or `` while it is open.
    pub resolution: &'static str,
    /// Receive time of what ended it, ns UTC; 0 while it is open.
    pub resolved_ns: u64,
}

impl Unjoined {
    /// None yet.
    #[must_use]
    pub(super) const fn new(instrument_id: Arc<str>, ts: u64) -> Self {
        Self { instrument_id, from_ns: ts, to_ns: ts, lines: 0, resolution: "", resolved_ns: 0 }
    }

    /// As a hole in the book's stream; files of rows have no sequences.
    #[must_use]
    pub fn gap(&self) -> Gap {
        Gap {
            cause: GapCause::NoSnapshot,
            from_sequence: 0,
            to_sequence: 0,
            from_ns: self.from_ns,
            to_ns: self.to_ns,
            resolved_ns: self.resolved_ns,
            resolution: self.resolution,
            withheld: self.lines,
        }
    }

    /// Ended by something.
    #[must_use]
    pub(super) fn resolved(self, resolution: &'static str, resolved_ns: u64) -> Self {
        Self { resolution, resolved_ns, ..self }
    }
}

/// Rows, rejects and counts of one file.
#[derive(Debug)]
pub struct Output {
    options: OutputOptions,
    streams: Vec<OutputStream>,
    /// The accounting.
    pub accounting: Accounting,
    /// Lines that were rejected.
    pub rejected: u64,
    rejects: Vec<Reject>,
    /// Book events emitted later than received, to keep their order.
    pub clamped: u64,
    /// Rows whose event time is after their receive time.
    pub later_than_received: u64,
    /// Mark and index prices that were rounded.
    pub rounded: u64,
    /// Updates of books that no snapshot had come before.
    pub unjoined: Vec<Unjoined>,
    origin: Arc<str>,
    /// Bytes of the line at hand that no row has taken on.
    cost: u32,
}

impl Output {
    /// Nothing yet of a file of the format called `origin`.
    #[must_use]
    pub fn new(origin: &str, options: OutputOptions) -> Self {
        Self {
            options,
            streams: Vec::new(),
            accounting: Accounting::default(),
            rejected: 0,
            rejects: Vec::new(),
            clamped: 0,
            later_than_received: 0,
            rounded: 0,
            unjoined: Vec::new(),
            origin: origin.into(),
            cost: 0,
        }
    }

    // --- for decoders ---------------------------------------------------------------------------------------

    /// A new stream; its number.
    pub fn open(&mut self, key: StreamKey, instrument_id: Arc<str>, identity: Identity) -> usize {
        let origin = self.origin.clone();
        self.open_of(&origin, key, instrument_id, identity)
    }

    /// A new stream of rows that come from `origin`; its number.
    pub fn open_of(
        &mut self,
        origin: &Arc<str>,
        key: StreamKey,
        instrument_id: Arc<str>,
        identity: Identity,
    ) -> usize {
        let rows = Rows::new(key.data_type);
        self.streams.push(OutputStream {
            key,
            instrument_id,
            origin: origin.clone(),
            identity,
            rows,
            decimals: Decimals::default(),
            total: 0,
            counts: RowCounts::default(),
            open_from: None,
        });
        self.streams.len() - 1
    }

    /// A new stream of an instrument's only variant of `data_type`.
    pub fn open_plain(&mut self, data_type: DataType, instrument_id: &Arc<str>, identity: Identity) -> usize {
        let key = StreamKey { data_type, id: instrument_id.clone(), variant: "".into() };
        self.open(key, instrument_id.clone(), identity)
    }

    /// Whether rows of `data_type` and of this receive time are wanted.
    #[inline(always)]
    #[must_use]
    pub const fn wants(&self, data_type: DataType, ts_init: u64) -> bool {
        self.options.types.has(data_type) && ts_init >= self.options.from && ts_init < self.options.to
    }

    /// Whether rows of `data_type` would be wanted if they came later.
    #[must_use]
    pub const fn wants_later(&self, data_type: DataType, ts_init: u64) -> bool {
        self.options.types.has(data_type) && ts_init < self.options.from
    }

    /// The same for a kind of trades.
    #[inline(always)]
    #[must_use]
    pub fn wants_trades(&self, kind: &str, ts_init: u64) -> bool {
        self.wants(DataType::Trade, ts_init) && self.options.trades.is_none_or(|wanted| wanted == kind)
    }

    /// A row of the line at hand: its columns, for one row to be pushed. `key` tells it from others.
    #[inline(always)]
    pub fn row(&mut self, stream: usize, key: u64, decimals: Decimals) -> &mut AnyColumns {
        let stream = &mut self.streams[stream];
        stream.rows.keys.push(key);
        stream.rows.costs.push(std::mem::take(&mut self.cost));
        stream.decimals = stream.decimals.max(decimals);
        &mut stream.rows.columns
    }

    /// A row that no line of the file stands for, such as a CLEAR.
    pub fn made_row(&mut self, stream: usize, decimals: Decimals) -> &mut AnyColumns {
        let cost = std::mem::take(&mut self.cost);
        self.row(stream, 0, decimals);
        self.cost = cost;
        &mut self.streams[stream].rows.columns
    }

    /// The columns of a stream, to change what was pushed.
    pub fn columns(&mut self, stream: usize) -> &mut AnyColumns {
        &mut self.streams[stream].rows.columns
    }

    /// An event begins with the next row of a stream: its rows stay until [`Self::event_over`].
    pub fn event_begins(&mut self, stream: usize) {
        let stream = &mut self.streams[stream];
        stream.open_from = Some(stream.rows.rows());
    }

    /// The event of a stream is over.
    pub fn event_over(&mut self, stream: usize) {
        self.streams[stream].open_from = None;
    }

    /// A price that must be positive and fit.
    ///
    /// # Errors
    /// A [`Fault`] of the column.
    #[inline(always)]
    pub fn price(&self, row: &Row<'_>, column: usize) -> Result<Decimal, Fault> {
        let price = row.price(column)?;
        self.fits(price.value, decimal::PRICE_MAX, Limits::price, column).map(|()| price)
    }

    /// A price of a book, which a spread or an option may have below zero.
    ///
    /// # Errors
    /// A [`Fault`] of the column.
    #[inline]
    pub fn book_price(&self, row: &Row<'_>, column: usize) -> Result<Decimal, Fault> {
        let price = row.decimal(column)?;
        self.fits(price.value.abs(), decimal::PRICE_MAX, Limits::price, column).map(|()| price)
    }

    /// A mark or index price: what has more than 16 decimals is rounded half to even, and counted.
    ///
    /// # Errors
    /// A [`Fault`] of the column.
    pub fn reference_price(&mut self, row: &Row<'_>, column: usize) -> Result<Decimal, Fault> {
        let wrong = |kind| fault(kind, column);
        let price = match row.decimal(column) {
            Err(Fault { kind: FaultKind::Decimal(DecimalError::Scale), .. }) => {
                let rounded = decimal::parse_rounded(row.bytes(column));
                self.rounded += 1;
                rounded.map_err(|error| wrong(FaultKind::Decimal(error)))?.0
            }
            other => other?,
        };
        self.fits(price.value.abs(), decimal::PRICE_MAX, Limits::price, column).map(|()| price)
    }

    /// Counts a row whose event time is after its receive time.
    #[inline]
    pub fn count_later(&mut self, ts_event: u64, ts_init: u64) {
        self.later_than_received += u64::from(ts_event > ts_init);
    }

    /// What to do about updates of a book that is not known.
    #[must_use]
    pub const fn on_gap(&self) -> OnGap {
        self.options.on_gap
    }

    /// A size that may be zero and must fit.
    ///
    /// # Errors
    /// A [`Fault`] of the column.
    #[inline(always)]
    pub fn size(&self, row: &Row<'_>, column: usize) -> Result<Decimal, Fault> {
        let size = row.size(column)?;
        self.fits(size.value, decimal::SIZE_MAX, Limits::size, column).map(|()| size)
    }

    /// A size that must not be zero.
    ///
    /// # Errors
    /// A [`Fault`] of the column.
    #[inline(always)]
    pub fn traded_size(&self, row: &Row<'_>, column: usize) -> Result<Decimal, Fault> {
        let size = self.size(row, column)?;
        if size.value == 0 { Err(fault(FaultKind::Size, column)) } else { Ok(size) }
    }

    #[inline(always)]
    fn fits(
        &self,
        value: i128,
        most: i128,
        within: fn(Limits, i128) -> bool,
        column: usize,
    ) -> Result<(), Fault> {
        if value > most {
            Err(fault(FaultKind::Decimal(DecimalError::Range), column))
        } else if self.options.limits == Limits::Standard && !within(self.options.limits, value) {
            Err(fault(FaultKind::Decimal(DecimalError::Scale), column))
        } else {
            Ok(())
        }
    }

    // --- for the reader -------------------------------------------------------------------------------------

    /// A line of `bytes` bytes begins.
    #[inline]
    pub(super) const fn begin(&mut self, bytes: usize) {
        self.cost = bytes as u32;
    }

    /// Lines are over that ended in the same way.
    pub(super) fn end(&mut self, end: End, lines: u64, bytes: u64) {
        self.accounting.bytes.add(end, bytes);
        self.accounting.frames.add(end, lines);
        self.accounting.items.add(end, lines);
    }

    /// The line is a reject.
    pub(super) fn reject(&mut self, reject: impl FnOnce() -> Reject) {
        self.rejected += 1;
        if self.rejects.len() < self.options.max_kept_rejects {
            self.rejects.push(reject());
        }
    }

    // --- results --------------------------------------------------------------------------------------------

    /// Rows held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.streams.iter().map(|stream| stream.rows.rows()).sum()
    }

    /// Streams opened so far.
    #[must_use]
    pub fn streams(&self) -> &[OutputStream] {
        &self.streams
    }

    /// Calls `take` with the rows of each stream that has some; `take` empties them. Rows of events that are not
    /// over stay.
    ///
    /// # Errors
    /// What `take` gives.
    pub fn drain<E>(
        &mut self,
        mut take: impl FnMut(usize, &OutputStream, &mut Rows) -> Result<(), E>,
    ) -> Result<(), E> {
        for (number, stream) in self.streams.iter_mut().enumerate() {
            let held = stream.rows.rows();
            let over = stream.open_from.unwrap_or(held);
            if over == 0 {
                continue;
            }
            let rest = stream.rows.split_off(over);
            stream.open_from = stream.open_from.map(|_| 0);
            let rows = &mut stream.rows;
            stream.total += over as u64;
            let lines = rows.costs.iter().filter(|cost| **cost > 0).count() as u64;
            let bytes = rows.costs.iter().map(|cost| u64::from(*cost)).sum();
            stream.counts.add(&RowCounts { frames: lines, items: lines, bytes });
            let (marked, mut rows) = (rows.is_marked(), rows.take());
            take(number, stream, &mut rows)?;
            // The memory is used again, or as much of it is made ready at once.
            rows.clear();
            rows.reserve(over, marked);
            rows.extend_range(&rest, 0..rest.rows());
            stream.rows = rows;
        }
        Ok(())
    }

    /// Rejects kept so far, taken out.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejects)
    }
}
