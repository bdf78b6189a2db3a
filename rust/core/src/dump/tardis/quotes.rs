//! `quotes`, made by Tardis from books, and `book_ticker`, the venue's own: the same columns.

use super::{Instruments, columns, moments};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, QuoteRow};
use crate::decimal::Decimal;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, Holds, Output, Row};
use crate::feed::StreamKey;

const ASK_AMOUNT: usize = 4;
const ASK_PRICE: usize = 5;
const BID_PRICE: usize = 6;
const BID_AMOUNT: usize = 7;

const COLUMNS: &[Column] = columns![
    Column::needed(&["ask_amount"], Holds::Decimal),
    Column::needed(&["ask_price"], Holds::Decimal),
    Column::needed(&["bid_price"], Holds::Decimal),
    Column::needed(&["bid_amount"], Holds::Decimal),
];

/// Tardis's `quotes` and `book_ticker`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-quotes",
    title: "Tardis CSV, quotes and book_ticker",
    types: &[DataType::Quote],
    columns: COLUMNS,
    bare: &[],
    called: &["quotes", "book_ticker"],
    by_name_only: false,
    fits: |_| true,
    feed: super::feed,
    decoder: |setting| {
        let is_ticker = setting.hint.path.contains("book_ticker");
        let channel = if is_ticker { "book_ticker" } else { "quotes" };
        Ok(Box::new(Quotes { channel, instruments: Instruments::default() }))
    },
};

struct Quotes {
    channel: &'static str,
    instruments: Instruments<Option<usize>>,
}

impl DumpDecoder for Quotes {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_init) = moments(row)?;
        let value = |price, column: usize| {
            if row.bytes(column).is_empty() {
                return Ok(Decimal::default());
            }
            if price { out.book_price(row, column) } else { out.size(row, column) }
        };
        let prices = [value(true, BID_PRICE)?, value(true, ASK_PRICE)?];
        let sizes = [value(false, BID_AMOUNT)?, value(false, ASK_AMOUNT)?];
        let channel = self.channel;
        let instrument = self.instruments.of(row)?;
        if sizes.iter().any(|size| size.value == 0)
            || [BID_PRICE, ASK_PRICE].iter().any(|c| row.bytes(*c).is_empty())
        {
            // A side is empty: there is no quote to speak of.
            return Ok(End::Control);
        }
        if !out.wants(DataType::Quote, ts_init) {
            return Ok(End::Unselected);
        }
        let stream = *instrument.state.get_or_insert_with(|| {
            let key =
                StreamKey { data_type: DataType::Quote, id: instrument.id.clone(), variant: channel.into() };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Turns)
        });
        out.count_later(ts_event, ts_init);
        let decimals = Decimals::of(&prices, &sizes);
        if let AnyColumns::Quote(columns) = out.row(stream, 0, decimals) {
            columns.push(&QuoteRow::of(prices, sizes, ts_event, ts_init));
        }
        Ok(End::Rows)
    }
}
