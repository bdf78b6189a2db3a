//! `incremental_book_L2`: snapshots and updates of levels, row by row.
//!
//! Rows of one instrument and `local_timestamp` are one message, so one event. A row with `is_snapshot` after one
//! without begins a snapshot: CLEAR, then ADDs; so does one of another message, since some venues send a whole book
//! every time. A message that holds both is two events. Rows before the first snapshot are updates of a book that
//! is not known: withheld, unless asked otherwise. No ladder is needed: UPDATE sets a level, known or not.

use super::{COMMON, Instruments, moments};
use crate::accounting::End;
use crate::book::OnGap;
use crate::data::{AnyColumns, BookAction, DataType, DeltaRow, F_SNAPSHOT, Identity, Side};
use crate::dump::output::Unjoined;
use crate::dump::rows::{decimals, fault};
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::StreamKey;

const IS_SNAPSHOT: usize = 4;
const SIDE: usize = 5;
const PRICE: usize = 6;
const AMOUNT: usize = 7;

const COLUMNS: &[Column] = &{
    let [exchange, symbol, timestamp, local_timestamp] = COMMON;
    [
        exchange,
        symbol,
        timestamp,
        local_timestamp,
        Column::needed(&["is_snapshot"], Holds::Boolean),
        Column::needed(&["side"], Holds::Text),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["amount"], Holds::Decimal),
    ]
};

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
}

#[derive(Default)]
struct Books {
    instruments: Instruments<State>,
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
        if clears && let AnyColumns::Delta(columns) = out.made_row(stream) {
            columns.push(&DeltaRow {
                action: BookAction::Clear,
                side: Side::None,
                price: 0,
                size: 0,
                order_id: 0,
                flags: F_SNAPSHOT,
                sequence: 0,
                ts_event,
                ts_init: self.ts_init,
            });
        }
    }
}

impl DumpDecoder for Books {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_local) = moments(row)?;
        let is_snapshot = row.boolean(IS_SNAPSHOT)?;
        let side = match row.bytes(SIDE) {
            b"bid" => Side::Buy,
            b"ask" => Side::Sell,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let price = out.book_price(row, PRICE)?;
        let size = out.size(row, AMOUNT)?;
        let instrument = self.instruments.of(row)?;
        if !out.wants(DataType::Delta, ts_local) {
            // What follows has no book to change until the next snapshot.
            instrument.state.joined = false;
            instrument.state.close(out);
            return Ok(End::Unselected);
        }
        let state = &mut instrument.state;
        let stream = *state.stream.get_or_insert_with(|| {
            let variant = "incremental_book_L2".into();
            let key = StreamKey { data_type: DataType::Delta, id: instrument.id.clone(), variant };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Turns)
        });
        let goes_on = state.message.is_some_and(|(local, event, snapshot)| {
            local == ts_local && snapshot == is_snapshot && (!is_snapshot || event == ts_event)
        });
        if !goes_on {
            let mut clears = is_snapshot;
            if is_snapshot {
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
            state.begin(stream, (ts_local, ts_event, is_snapshot), clears, out);
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
            let (order_id, sequence) = (0, 0);
            columns.push(&DeltaRow {
                action,
                side,
                price,
                size,
                order_id,
                flags,
                sequence,
                ts_event,
                ts_init,
            });
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
