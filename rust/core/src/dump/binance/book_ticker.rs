//! `bookTicker`: the best bid and ask at every change, numbered by update id.

use std::sync::Arc;

use super::{by_symbol, symbol};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, QuoteRow};
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, Holds, Output, Row, Setting};
use crate::venue::FeedSpec;

const UPDATE_ID: usize = 0;
const BID_PRICE: usize = 1;
const BID_SIZE: usize = 2;
const ASK_PRICE: usize = 3;
const ASK_SIZE: usize = 4;
const TRANSACTION_TIME: usize = 5;

/// Binance's `bookTicker`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-book-ticker",
    title: "Binance public data, bookTicker (um, cm)",
    types: &[DataType::Quote],
    columns: &[
        Column::needed(&["update_id"], Holds::Integer),
        Column::needed(&["best_bid_price"], Holds::Decimal),
        Column::needed(&["best_bid_qty"], Holds::Decimal),
        Column::needed(&["best_ask_price"], Holds::Decimal),
        Column::needed(&["best_ask_qty"], Holds::Decimal),
        Column::needed(&["transaction_time"], Holds::Epoch),
        Column::known(&["event_time"], Holds::Epoch),
    ],
    bare: &[&[0, 1, 2, 3, 4, 5, 6]],
    called: &["bookTicker"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let instrument_id = feed(setting)?.instrument_id(&symbol(setting)?);
        Ok(Box::new(Quotes { instrument_id, stream: None }))
    },
};

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    by_symbol(setting, &symbol(setting)?)
}

struct Quotes {
    instrument_id: Arc<str>,
    stream: Option<usize>,
}

impl DumpDecoder for Quotes {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let update_id = row.integer(UPDATE_ID)?;
        // A side without orders is zero.
        let (bid_price, ask_price) = (out.size(row, BID_PRICE)?, out.size(row, ASK_PRICE)?);
        let (bid_size, ask_size) = (out.size(row, BID_SIZE)?, out.size(row, ASK_SIZE)?);
        let ts_event = row.epoch(TRANSACTION_TIME)?;
        if [bid_price, ask_price, bid_size, ask_size].iter().any(|d| d.value == 0) {
            // A side is empty: there is no quote to speak of.
            return Ok(End::Control);
        }
        if !out.wants(DataType::Quote, ts_event) {
            return Ok(End::Unselected);
        }
        let id = &self.instrument_id;
        let stream =
            *self.stream.get_or_insert_with(|| out.open_plain(DataType::Quote, id, Identity::Number));
        let (prices, sizes) = ([bid_price, ask_price], [bid_size, ask_size]);
        if let AnyColumns::Quote(columns) = out.row(stream, update_id, Decimals::of(&prices, &sizes)) {
            columns.push(&QuoteRow::of(prices, sizes, ts_event, ts_event));
        }
        Ok(End::Rows)
    }
}
