//! `book_snapshot_5` and `book_snapshot_25`: the best levels of each side. The ten best are kept; deltas are not
//! made of them, since `incremental_book_L2` has the book itself.

use super::{COMMON, Instruments, moments};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Depth10Row, DepthLevel, F_LAST, F_SNAPSHOT, Identity};
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, Holds, Output, Row};
use crate::feed::StreamKey;

/// Levels that a file may have.
const LEVELS: usize = 25;
/// Where the first level's columns are: ask price, ask amount, bid price, bid amount.
const FIRST: usize = 4;
const KEPT: usize = 10;

macro_rules! levels {
    ($($level:literal)+) => {
        [$(
            [
                Column::known(&[concat!("asks[", $level, "].price")], Holds::Decimal),
                Column::known(&[concat!("asks[", $level, "].amount")], Holds::Decimal),
                Column::known(&[concat!("bids[", $level, "].price")], Holds::Decimal),
                Column::known(&[concat!("bids[", $level, "].amount")], Holds::Decimal),
            ],
        )+]
    };
}

const COLUMNS: &[Column] = &columns();

const fn columns() -> [Column; FIRST + 4 * LEVELS] {
    const TABLE: [[Column; 4]; LEVELS] =
        levels!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24);
    let mut all = [const { Column::known(&[], Holds::Text) }; FIRST + 4 * LEVELS];
    let mut at = 0;
    while at < all.len() {
        let column = if at < FIRST { &COMMON[at] } else { &TABLE[(at - FIRST) / 4][(at - FIRST) % 4] };
        // Both sides of the best level make a snapshot.
        all[at] = Column { names: column.names, holds: column.holds, needed: at < FIRST + 4 };
        at += 1;
    }
    all
}

/// Tardis's `book_snapshot_5` and `book_snapshot_25`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-book-snapshot",
    title: "Tardis CSV, book_snapshot_5 and book_snapshot_25",
    types: &[DataType::Depth10],
    columns: COLUMNS,
    bare: &[],
    called: &["book_snapshot"],
    by_name_only: false,
    fits: |_| true,
    feed: super::feed,
    decoder: |setting| {
        let header = setting.sample.header.as_deref().unwrap_or_default();
        let levels =
            header.iter().filter(|name| name.starts_with("asks[") && name.ends_with("].price")).count();
        Ok(Box::new(Snapshots { levels, instruments: Instruments::default() }))
    },
};

struct Snapshots {
    levels: usize,
    instruments: Instruments<Option<usize>>,
}

/// The levels of one side; `offset` is that of its price in a level's four columns.
fn side(
    row: &Row<'_>,
    out: &Output,
    levels: usize,
    offset: usize,
    decimals: &mut Decimals,
) -> Result<[DepthLevel; KEPT], Fault> {
    let mut side = [DepthLevel::default(); KEPT];
    for (level, to) in side.iter_mut().enumerate().take(levels) {
        let column = FIRST + 4 * level + offset;
        if row.bytes(column).is_empty() {
            continue;
        }
        let (price, size) = (out.book_price(row, column)?, out.size(row, column + 1)?);
        *decimals = decimals.max(Decimals { price: price.significant, size: size.significant });
        *to = DepthLevel { price: price.value, size: size.value, count: 1 };
    }
    Ok(side)
}

impl DumpDecoder for Snapshots {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_init) = moments(row)?;
        let mut decimals = Decimals::default();
        let asks = side(row, out, self.levels, 0, &mut decimals)?;
        let bids = side(row, out, self.levels, 2, &mut decimals)?;
        let levels = self.levels;
        let instrument = self.instruments.of(row)?;
        if !out.wants(DataType::Depth10, ts_init) {
            return Ok(End::Unselected);
        }
        let stream = *instrument.state.get_or_insert_with(|| {
            let variant = format!("book_snapshot_{levels}").into();
            let key = StreamKey { data_type: DataType::Depth10, id: instrument.id.clone(), variant };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Turns)
        });
        out.count_later(ts_event, ts_init);
        if let AnyColumns::Depth10(columns) = out.row(stream, 0, decimals) {
            let (flags, sequence) = (F_SNAPSHOT | F_LAST, 0);
            columns.push(&Depth10Row { bids, asks, flags, sequence, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
