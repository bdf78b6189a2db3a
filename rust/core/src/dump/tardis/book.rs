//! `incremental_book_L2`: snapshots and updates of levels, row by row.
//!
//! Rows of one instrument and `local_timestamp` are one message, so one event. A row with `is_snapshot` after one
//! without begins a snapshot: CLEAR, then ADDs; so does one of another message, since some venues send a whole book
//! every time. A message that holds both is two events. Rows before the first snapshot are updates of a book that
//! is not known: withheld, unless asked otherwise. No ladder is needed, since UPDATE sets a level, known or not;
//! except before a span that begins inside the file: its first event is preceded by the book as it stands then.

use super::{Instruments, Moments, columns};
use crate::accounting::End;
use crate::book::{Ladder, OnGap};
use crate::data::{AnyColumns, BookAction, DataType, Decimals, DeltaRow, F_SNAPSHOT, Identity, Side};
use crate::decimal::Decimal;
use crate::dump::output::Unjoined;
use crate::dump::rows::{decimals, fault};
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::StreamKey;

const IS_SNAPSHOT: usize = 4;
const SIDE: usize = 5;
const PRICE: usize = 6;
const AMOUNT: usize = 7;

const COLUMNS: &[Column] = columns![
    Column::needed(&["is_snapshot"], Holds::Boolean),
    Column::needed(&["side"], Holds::Text),
    Column::needed(&["price"], Holds::Decimal),
    Column::needed(&["amount"], Holds::Decimal),
];

/// Tardis's `incremental_book_L2`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-incremental-book-l2",
    title: "Tardis CSV, incremental_book_L2",
    types: &[DataType::Delta],
    columns: COLUMNS,
    bare: &[],
    called: &["incremental_book_L2"],
    by_name_only: false,
    fits: |_| true,
    feed: super::feed,
    decoder: |_| Ok(Box::new(Books::default())),
};

/// A book as far as it was read.
#[derive(Default)]
struct State {
    stream: Option<usize>,
    /// A snapshot was met: updates have something to change.
    joined: bool,
    /// The message at hand: receive and event time, and whether it is a snapshot.
    message: Option<(u64, u64, bool)>,
    /// Receive time of the event at hand, never before the one before it.
    ts_init: u64,
    unjoined: Option<Unjoined>,
    /// The book before the span asked for, and the decimals of its levels.
    standing: Option<Box<(Ladder, Decimals)>>,
}

/// A change of a level; Tardis gives neither sequences nor ids of orders.
const fn delta(
    (action, side, price, size): (BookAction, Side, i128, i128),
    flags: u8,
    ts_event: u64,
    ts_init: u64,
) -> DeltaRow {
    DeltaRow { action, side, price, size, order_id: 0, flags, sequence: 0, ts_event, ts_init }
}

#[derive(Default)]
struct Books {
    instruments: Instruments<State>,
    moments: Moments,
}

impl State {
    /// The event at hand is over.
    fn close(&mut self, out: &mut Output) {
        let (Some(stream), Some(_)) = (self.stream, self.message.take()) else { return };
        if let AnyColumns::Delta(columns) = out.columns(stream) {
            columns.mark_last();
        }
        out.event_over(stream);
    }

    /// An event begins; a snapshot, with the old book going.
    fn begin(&mut self, stream: usize, message: (u64, u64, bool), clears: bool, out: &mut Output) {
        self.close(out);
        let (ts_local, ts_event, _) = message;
        if ts_local < self.ts_init {
            out.clamped += 1;
        }
        self.ts_init = self.ts_init.max(ts_local);
        self.message = Some(message);
        out.event_begins(stream);
        if clears {
            self.make(stream, (BookAction::Clear, Side::None, 0, 0), ts_event, Decimals::default(), out);
        }
    }

    /// A row of a snapshot that no line stands for: action, side, price and size.
    fn make(
        &self,
        stream: usize,
        (action, side, price, size): (BookAction, Side, i128, i128),
        ts_event: u64,
        decimals: Decimals,
        out: &mut Output,
    ) {
        if let AnyColumns::Delta(columns) = out.made_row(stream, decimals) {
            columns.push(&delta((action, side, price, size), F_SNAPSHOT, ts_event, self.ts_init));
        }
    }

    /// Whether a row belongs to the message at hand.
    fn goes_on(&self, (ts_local, ts_event, is_snapshot): (u64, u64, bool)) -> bool {
        self.message.is_some_and(|(local, event, snapshot)| {
            local == ts_local && snapshot == is_snapshot && (!is_snapshot || event == ts_event)
        })
    }

    /// Takes a row of before the span asked for.
    fn stand(&mut self, message: (u64, u64, bool), side: Side, price: Decimal, size: Decimal) {
        let is_new = message.2 && !self.goes_on(message);
        self.message = Some(message);
        if is_new {
            self.standing = Some(Box::default());
        }
        if let Some(standing) = &mut self.standing {
            let (ladder, held) = &mut **standing;
            ladder.set(side, price.value, size.value, ());
            *held = held.max(decimals(price, size));
        }
    }

    /// The span begins with an update: the book it changes comes first, as a snapshot.
    fn tell_standing(&mut self, stream: usize, message: (u64, u64, bool), out: &mut Output) {
        let Some(standing) = self.standing.take() else { return };
        let (ladder, decimals) = *standing;
        let (ts_local, ts_event, _) = message;
        self.begin(stream, (ts_local, ts_event, true), true, out);
        for side in [Side::Buy, Side::Sell] {
            for (price, size, ()) in ladder.levels(side) {
                self.make(stream, (BookAction::Add, side, price, size), ts_event, decimals, out);
            }
        }
        self.joined = true;
    }
}

impl DumpDecoder for Books {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_local) = self.moments.of(row)?;
        let is_snapshot = row.boolean(IS_SNAPSHOT)?;
        let side = match row.bytes(SIDE) {
            b"bid" => Side::Buy,
            b"ask" => Side::Sell,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let price = out.book_price(row, PRICE)?;
        let size = out.size(row, AMOUNT)?;
        let instrument = self.instruments.of(row)?;
        let state = &mut instrument.state;
        let message = (ts_local, ts_event, is_snapshot);
        if !out.wants(DataType::Delta, ts_local) {
            if state.stream.is_none() && out.wants_later(DataType::Delta, ts_local) {
                state.stand(message, side, price, size);
            } else {
                // What follows has no book to change until the next snapshot.
                state.joined = false;
                state.close(out);
            }
            return Ok(End::Unselected);
        }
        let stream = *state.stream.get_or_insert_with(|| {
            let variant = "incremental_book_L2".into();
            let key = StreamKey { data_type: DataType::Delta, id: instrument.id.clone(), variant };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Turns)
        });
        if !state.goes_on(message) {
            let mut clears = is_snapshot;
            if !is_snapshot {
                state.tell_standing(stream, message, out);
            }
            if is_snapshot {
                state.standing = None;
                if let Some(unjoined) = state.unjoined.take() {
                    out.unjoined.push(unjoined.resolved("snapshot", ts_local));
                }
                state.joined = true;
            } else if !state.joined {
                let unjoined =
                    state.unjoined.get_or_insert_with(|| Unjoined::new(instrument.id.clone(), ts_local));
                unjoined.to_ns = ts_local;
                match out.on_gap() {
                    OnGap::Withhold => {
                        unjoined.lines += 1;
                        return Ok(End::Withheld);
                    }
                    OnGap::Rebuild => clears = true,
                    OnGap::Continue => {}
                }
                let resolution = if clears { "rebuild" } else { "continue" };
                if let Some(unjoined) = state.unjoined.take() {
                    out.unjoined.push(unjoined.resolved(resolution, ts_local));
                }
                state.joined = true;
            }
            state.begin(stream, message, clears, out);
        }
        if is_snapshot && size.value == 0 {
            // A level of nothing is no level.
            return Ok(End::Control);
        }
        let (action, flags) = match (is_snapshot, size.value == 0) {
            (true, _) => (BookAction::Add, F_SNAPSHOT),
            (false, true) => (BookAction::Delete, 0),
            (false, false) => (BookAction::Update, 0),
        };
        let ts_init = state.ts_init;
        out.count_later(ts_event, ts_init);
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Delta(columns) = out.row(stream, 0, decimals) {
            columns.push(&delta((action, side, price, size), flags, ts_event, ts_init));
        }
        Ok(End::Rows)
    }

    fn finish(&mut self, out: &mut Output) {
        for instrument in &mut self.instruments.slots {
            instrument.state.close(out);
            out.unjoined.extend(instrument.state.unjoined.take());
        }
    }
}
