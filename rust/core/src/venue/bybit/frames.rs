//! Bybit's frames: which message one is, and what it tells the market.
//!
//! In: one frame, an object with a `topic`, an answer to a command, or a REST answer. Every frame is read to its
//! last byte before the market hears of any item of it; then each is told, and stands or falls alone.
//!
//! `topic` says what `data` is and nearly always comes before it. Where it does not, `data` is passed over and
//! read once the object's end is reached, by the same readers.

use std::collections::HashSet;

use super::messages::{
    Book, BookHead, Candle, Liquidation, OldLiquidation, OptionTicker, RpiBook, Side, Ticker, Trade,
};
use super::ticker::{TickerState, tell_option_ticker};
use super::topics::{Channel, Topic};
use super::usual::UsualBook;
use super::{Product, instruments, recognise, rest, sequence};
use crate::accounting::End;
use crate::book::Update;
use crate::data::{AggressorSide, Decimals, LiquidationRow};
use crate::decimal::Decimal;
use crate::feed::{Connection, Frame, Market, Place, TradeFields, TradeId, TradeKind};
use crate::json::{Cursor, JsonError, Key, Kind, Level, Message, Order, UnknownKeys, keys};
use crate::lanes;
use crate::symbol::SlotId;
use crate::time;
use crate::venue::said::Said;
use crate::venue::values::{Item, Levels, Text, epoch, items, or_syntax, pass, require, text};
use crate::venue::{Defined, VenueDecoder};

/// What `data` says, read to its end. Levels of a book are in the scratch.
#[derive(Debug, Default)]
enum Data<'a> {
    #[default]
    None,
    Trades(Vec<Item<Trade<'a>>>),
    Book(BookHead<'a>),
    Ticker(Box<Ticker<'a>>),
    OptionTicker(Box<OptionTicker<'a>>),
    Candles(Vec<Item<Candle<'a>>>),
    Liquidations(Vec<Item<Liquidation<'a>>>),
}

/// What is kept from frame to frame: buffers and predictions.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub levels: Levels,
    pub unknown: UnknownKeys,
    pub orders: Orders,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    book: Order,
    trade: Order,
    ticker: Order,
    candle: Order,
    liquidation: Order,
    pub rest: Order,
    pub rest_item: Order,
}

/// Reads Bybit's frames.
#[derive(Debug)]
pub(super) struct BybitDecoder {
    product: Product,
    scratch: Scratch,
    /// Prediction and strangers of the envelope.
    envelope: (Order, UnknownKeys),
    tickers: Said<TickerState>,
    /// Connections that were opened under the path of another product.
    strange: HashSet<Connection, foldhash::fast::RandomState>,
}

impl BybitDecoder {
    pub(super) fn new(product: Product) -> Self {
        Self {
            product,
            scratch: Scratch::default(),
            envelope: Default::default(),
            tickers: Said::default(),
            strange: HashSet::default(),
        }
    }
}

/// The object around everything.
struct Envelope<'a, 's> {
    product: Product,
    scratch: &'s mut Scratch,
    topic: Topic<'a>,
    kind: Text<'a>,
    ts: u64,
    /// Time of the matching engine; 0: not sent.
    cts: u64,
    data: Data<'a>,
    /// Where `data` starts, when it came before `topic`.
    data_at: Option<(usize, u32)>,
    /// Where a REST answer's `result` starts.
    result_at: Option<(usize, u32)>,
    /// When a REST answer was made, ns UTC.
    time: u64,
    is_refusal: bool,
}

const HAS_TOPIC: u64 = 1;
const HAS_TS: u64 = 1 << 2;
const HAS_DATA: u64 = 1 << 3;
const HAS_OP: u64 = 1 << 11;
/// `success`, `ret_msg`, `op`, `retCode`: an answer to a command.
const HAS_ANSWER: u64 = 1 << 7 | 1 << 8 | HAS_OP | 1 << 13;

impl<'a> Message<'a> for Envelope<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "topic",
        "type",
        "ts",
        "data",
        "cts",
        "cs",
        "id",
        "success",
        "ret_msg",
        "conn_id",
        "req_id",
        "op",
        "args",
        "retCode",
        "retMsg",
        "result",
        "retExtInfo",
        "time",
        "connId"
    ];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => self.topic = Topic::new(cursor.string()?),
            1 => cursor.string_into(&mut self.kind)?,
            2 => self.ts = epoch(cursor)?,
            3 if self.topic.is_empty() => self.data_at = Some(pass(cursor)?),
            3 => self.read_data(cursor)?,
            4 => self.cts = epoch(cursor)?,
            13 => self.is_refusal = cursor.i64()? != 0,
            15 => self.result_at = Some(pass(cursor)?),
            17 => self.time = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Envelope<'a, '_> {
    fn read_data(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        let channel = self.topic.channel;
        let Scratch { levels, unknown, orders } = &mut *self.scratch;
        cursor.peek();
        let start = cursor.offset();
        match channel {
            Channel::Book | Channel::Top | Channel::Rpi | Channel::Full => {
                levels.clear();
                let mut head = BookHead::default();
                let mut message = Book { head: &mut head, levels };
                let seen = if channel == Channel::Rpi {
                    cursor.object(&mut RpiBook(message), &mut orders.book, unknown)?
                } else {
                    cursor.object(&mut message, &mut orders.book, unknown)?
                };
                require(seen, Book::KEYS, Book::NEEDED, start)?;
                self.data = Data::Book(head);
            }
            Channel::Trades => {
                self.data = Data::Trades(items(cursor, |cursor, start| {
                    let mut trade = Trade::default();
                    let seen = cursor.object(&mut trade, &mut orders.trade, unknown)?;
                    require(seen, Trade::KEYS, Trade::NEEDED, start)?;
                    Ok(trade)
                })?);
            }
            Channel::Ticker if self.product == Product::Option => {
                let mut ticker = Box::<OptionTicker<'a>>::default();
                let seen = cursor.object(&mut *ticker, &mut orders.ticker, unknown)?;
                require(seen, OptionTicker::KEYS, OptionTicker::NEEDED, start)?;
                self.data = Data::OptionTicker(ticker);
            }
            Channel::Ticker => {
                let mut ticker = Box::<Ticker<'a>>::default();
                let seen = cursor.object(&mut *ticker, &mut orders.ticker, unknown)?;
                require(seen, Ticker::KEYS, Ticker::NEEDED, start)?;
                self.data = Data::Ticker(ticker);
            }
            Channel::Kline => {
                self.data = Data::Candles(items(cursor, |cursor, start| {
                    let mut candle = Candle::default();
                    let seen = cursor.object(&mut candle, &mut orders.candle, unknown)?;
                    require(seen, Candle::KEYS, Candle::NEEDED, start)?;
                    Ok(candle)
                })?);
            }
            Channel::Liquidations => {
                self.data = Data::Liquidations(items(cursor, |cursor, start| {
                    let mut order = Liquidation::default();
                    let seen = cursor.object(&mut order, &mut orders.liquidation, unknown)?;
                    require(seen, Liquidation::KEYS, Liquidation::NEEDED, start)?;
                    Ok(order)
                })?);
            }
            Channel::Liquidation => {
                let mut read = |cursor: &mut Cursor<'a>, start| {
                    let mut order = Liquidation::default();
                    let mut message = OldLiquidation(&mut order);
                    let seen = cursor.object(&mut message, &mut orders.liquidation, unknown)?;
                    let seen = OldLiquidation::seen(seen);
                    require(seen, OldLiquidation::KEYS, Liquidation::NEEDED, start)?;
                    Ok(order)
                };
                // Recorders that asked for them by REST (until 2021) wrote several into one message.
                self.data = Data::Liquidations(if cursor.peek() == b'[' {
                    items(cursor, read)?
                } else {
                    vec![Ok(read(cursor, start)?)]
                });
            }
            Channel::Other | Channel::Unknown => cursor.skip()?,
        }
        Ok(())
    }

    /// Whether a book or a ticker is whole.
    fn is_snapshot(&self) -> Result<bool, JsonError> {
        match &*self.kind {
            b"snapshot" => Ok(true),
            b"delta" => Ok(false),
            b"" => Err(Kind::Missing("type").into()),
            _ => Err(Kind::Value.into()),
        }
    }
}

impl VenueDecoder for BybitDecoder {
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        self.read(frame, market).map_err(|error| or_syntax(frame.body, error))
    }

    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError> {
        instruments::read(self.product, body, 0, market)
    }

    fn opened(&mut self, frame: &Frame<'_>) {
        let connection = (frame.source, frame.conn);
        self.tickers.forget(connection);
        // A connection that is opened again may be another product's than before.
        self.strange.remove(&connection);
        if recognise::product(frame.context).is_some_and(|product| product != self.product) {
            self.strange.insert(connection);
        }
    }

    fn snapshot_context(&self, symbol: &str) -> String {
        let limit = if self.product == Product::Option { 25 } else { 1_000 };
        let symbol = symbol.to_uppercase();
        format!("/v5/market/orderbook?category={}&symbol={symbol}&limit={limit}", self.product.name())
    }

    fn fetch(&self, symbol: &str, channel: &str) -> Option<String> {
        let (endpoint, limit) = rest::base_of(channel)?;
        let (category, symbol) = (self.product.name(), symbol.to_uppercase());
        Some(format!("/v5/market/{endpoint}?category={category}&symbol={symbol}{limit}"))
    }

    fn unknown_keys(&self) -> UnknownKeys {
        let mut all = self.scratch.unknown.clone();
        all.merge(&self.envelope.1);
        all
    }
}

impl BybitDecoder {
    fn read(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        if let Some(book) = UsualBook::read(frame.body, &mut self.scratch.levels) {
            if is_strange(&self.strange, frame) {
                market.item(End::Unselected);
                return Ok(());
            }
            if let Err(kind) = tell_usual(&book, &self.scratch.levels, market) {
                market.reject_item(frame, text(book.symbol), kind.into());
            }
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.body);
        let mut envelope = Envelope {
            product: self.product,
            scratch: &mut self.scratch,
            topic: Topic::default(),
            kind: Text::default(),
            ts: 0,
            cts: 0,
            data: Data::None,
            data_at: None,
            result_at: None,
            time: 0,
            is_refusal: false,
        };
        let (order, unknown) = &mut self.envelope;
        let seen = cursor.object(&mut envelope, order, unknown)?;
        cursor.finish()?;
        if seen & HAS_TOPIC == 0 {
            let answer = envelope.result_at.filter(|_| !envelope.is_refusal && seen & HAS_OP == 0);
            let time = envelope.time;
            return match answer {
                Some(place) => rest::read(self.product, &mut self.scratch, (place, time), frame, market),
                None if seen & HAS_ANSWER != 0 || *envelope.kind == *b"COMMAND_RESP" => {
                    market.item(End::Control);
                    Ok(())
                }
                None => {
                    market.unknown_topic("(no topic)");
                    Ok(())
                }
            };
        }
        if let Some((start, depth)) = envelope.data_at {
            let mut cursor = Cursor::new(frame.body);
            cursor.pass_over(start, depth)?;
            cursor.seek(start);
            envelope.read_data(&mut cursor)?;
        }
        if is_strange(&self.strange, frame) {
            market.item(End::Unselected);
            return Ok(());
        }
        let has_rows = !matches!(envelope.topic.channel, Channel::Other | Channel::Unknown);
        if has_rows && seen & HAS_DATA == 0 {
            return Err(Kind::Missing("data").into());
        }
        let needs_ts = matches!(
            envelope.topic.channel,
            Channel::Book | Channel::Top | Channel::Rpi | Channel::Full | Channel::Ticker
        );
        if needs_ts && seen & HAS_TS == 0 {
            return Err(Kind::Missing("ts").into());
        }
        let is_snapshot = if needs_ts { envelope.is_snapshot()? } else { true };
        let Envelope { topic, ts, cts, data, .. } = envelope;
        let told = Told { topic: &topic, ts, cts, is_snapshot };
        self.tell(frame, &told, data, market);
        Ok(())
    }
}

/// Whether a frame came by one of the connections that were opened for another product.
fn is_strange(strange: &HashSet<Connection, foldhash::fast::RandomState>, frame: &Frame<'_>) -> bool {
    !strange.is_empty() && strange.contains(&(frame.source, frame.conn))
}

/// Tells a book's message.
#[inline(always)]
fn tell_usual(book: &UsualBook<'_>, levels: &Levels, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(book.symbol)?;
    let update = sequence::update(book.is_snapshot, book.u, book.seq);
    let ts_event = if book.cts > 0 { book.cts } else { book.ts };
    market.book_update(slot, book.name, sequence::judge, update, &levels.message(ts_event))
}

/// The envelope's part of what is told.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    topic: &'a Topic<'a>,
    ts: u64,
    cts: u64,
    is_snapshot: bool,
}

impl BybitDecoder {
    fn tell(&mut self, frame: &Frame<'_>, told: &Told<'_>, data: Data<'_>, market: &mut Market) {
        let channel = told.topic.channel;
        let symbol = text(told.topic.symbol());
        let check = |symbol: &str, result: Result<(), JsonError>, market: &mut Market| {
            if let Err(error) = result {
                market.reject_item(frame, symbol, error);
            }
        };
        match data {
            Data::Trades(trades) => {
                if trades.is_empty() {
                    market.item(End::Control);
                }
                for trade in trades {
                    let result = trade.and_then(|trade| Ok(tell_trade(&trade, market)?));
                    check(symbol, result, market);
                }
            }
            Data::Book(head) => {
                let result = self.tell_book(told, &head, market);
                check(symbol, result.map_err(JsonError::from), market);
            }
            Data::Ticker(ticker) => {
                let result = self.tell_ticker(frame, told, &ticker, market);
                check(symbol, result.map_err(JsonError::from), market);
            }
            Data::OptionTicker(ticker) => {
                let result = tell_option_ticker(told.ts, &ticker, market);
                check(symbol, result.map_err(JsonError::from), market);
            }
            Data::Candles(candles) => {
                for candle in candles {
                    let result = candle.and_then(|candle| {
                        if !candle.confirmed {
                            market.item(End::Control);
                            return Ok(());
                        }
                        let slot = market.slot(symbol.as_bytes())?;
                        Ok(tell_bar(slot, text(&candle.interval), &candle, market)?)
                    });
                    check(symbol, result, market);
                }
            }
            Data::Liquidations(orders) => {
                for order in orders {
                    let result = order.and_then(|order| Ok(tell_liquidation(&order, market)?));
                    check(symbol, result, market);
                }
            }
            Data::None if channel == Channel::Unknown => market.unknown_topic(told.topic.text()),
            Data::None => market.item(End::Control),
        }
    }

    fn tell_book(&mut self, told: &Told<'_>, head: &BookHead<'_>, market: &mut Market) -> Result<(), Kind> {
        if !lanes::same(&head.symbol, told.topic.symbol()) {
            return Err(Kind::Value);
        }
        let (channel, name) = (told.topic.channel, told.topic.name());
        let slot = market.slot(&head.symbol)?;
        if matches!(channel, Channel::Rpi | Channel::Full) && !market.wants_book(name) {
            market.other_book(name);
            return Ok(());
        }
        let update = sequence::update(told.is_snapshot, head.u, head.seq);
        let ts_event = if told.cts > 0 { told.cts } else { told.ts };
        if channel == Channel::Top {
            self.tell_top(slot, update, ts_event, market)?;
            if !market.wants_book(name) {
                return Ok(());
            }
        }
        let message = self.scratch.levels.message(ts_event);
        if channel == Channel::Full {
            let update = sequence::update_of_full(told.is_snapshot, head.u, head.seq);
            return market.book_update(slot, name, sequence::judge_full, update, &message);
        }
        market.book_update(slot, name, sequence::judge, update, &message)
    }

    /// `orderbook.1` as a quote. Until 2025-03 it came in changes: a side that is not in one is as it was, unless
    /// a frame is missing before it.
    fn tell_top(
        &mut self,
        slot: SlotId,
        update: Update,
        ts_event: u64,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let levels = &self.scratch.levels;
        let held = market.top_mut(slot);
        if !update.whole && update.last <= held.last {
            market.item(End::Duplicate);
            return Ok(());
        }
        if update.whole || update.last != held.last + 1 {
            held.sides = [None, None];
        }
        held.last = update.last;
        let Decimals { price, size } = levels.decimals;
        for (at, levels) in [&levels.bids, &levels.asks].into_iter().enumerate() {
            for gone in levels.iter().filter(|level| level.size == 0) {
                held.sides[at] = held.sides[at].filter(|(price, _)| price.value != gone.price);
            }
            // The order inside arrays is never taken for granted.
            let there = levels.iter().filter(|level| level.size > 0);
            let best = if at == 0 {
                there.max_by_key(|level| level.price)
            } else {
                there.min_by_key(|level| level.price)
            };
            if let Some(Level { price: value, size: amount }) = best.copied() {
                let decimal = |value, significant| Decimal { value, significant, written: significant };
                held.sides[at] = Some((decimal(value, price), decimal(amount, size)));
            }
        }
        let [bid, ask] = held.sides.map(Option::unwrap_or_default);
        let (prices, sizes) = ([bid.0, ask.0], [bid.1, ask.1]);
        market.check_quote(prices, sizes)?;
        let order = if update.cross > 0 { update.cross } else { update.last };
        market.quote(slot, Some(Place::number(order)), prices, sizes, ts_event);
        Ok(())
    }

    fn tell_ticker(
        &mut self,
        frame: &Frame<'_>,
        told: &Told<'_>,
        ticker: &Ticker<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let slot = market.slot(&ticker.symbol)?;
        for price in [ticker.mark, ticker.index].into_iter().flatten() {
            market.check_price(price.0)?;
        }
        let connection = (frame.source, frame.conn);
        let state = self.tickers.of(slot, connection, told.is_snapshot);
        state.take(ticker);
        state.tell(slot, self.product, ticker, told.ts, market)
    }
}

/// Tells one trade.
pub(super) fn tell_trade(trade: &Trade<'_>, market: &mut Market) -> Result<(), Kind> {
    market.check_price(trade.price)?;
    market.check_size(trade.size)?;
    let slot = market.slot(&trade.symbol)?;
    let fields = TradeFields {
        price: trade.price,
        size: trade.size,
        aggressor_side: match trade.taker {
            Side::Buy => AggressorSide::Buyer,
            Side::Sell => AggressorSide::Seller,
        },
        id: TradeId::Text(text(&trade.id)),
        ts_event: trade.ts_event,
    };
    market.trade(slot, TradeKind::Raw, &fields);
    Ok(())
}

fn tell_liquidation(order: &Liquidation<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&order.symbol)?;
    market.liquidation(
        slot,
        &LiquidationRow {
            // A long position is closed by an order that sells.
            side: if order.position == Side::Buy { "SELL" } else { "BUY" },
            price: &order.price,
            average_price: "",
            size: &order.size,
            trade_id: "",
            ts_event: order.ts_event,
            ts_init: 0,
        },
    );
    Ok(())
}

/// Tells a closed candle. `end`, the last millisecond of it, only matters to months.
pub(super) fn tell_bar(
    slot: SlotId,
    interval: &str,
    candle: &Candle<'_>,
    market: &mut Market,
) -> Result<(), Kind> {
    let (spec, length) = bar_spec(interval).ok_or(Kind::Value)?;
    let close = length.map_or(candle.end + 1_000_000, |length| candle.start + length);
    market.bar(slot, &spec, candle.prices, candle.volume, close)
}

/// Nautilus's bar specification of an interval, and its length in ns where that is fixed.
pub(super) fn bar_spec(interval: &str) -> Option<(String, Option<u64>)> {
    let (count, unit, length) = match interval {
        "D" => (1, "DAY", Some(time::DAY)),
        "W" => (1, "WEEK", Some(7 * time::DAY)),
        "M" => (1, "MONTH", None),
        minutes => match minutes.parse::<u64>().ok().filter(|n| (1..=1_440).contains(n))? {
            n if n % 60 == 0 => (n / 60, "HOUR", Some(n * time::MINUTE)),
            n => (n, "MINUTE", Some(n * time::MINUTE)),
        },
    };
    Some((format!("{count}-{unit}-LAST-EXTERNAL"), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        for (interval, want) in [
            ("1", Some(("1-MINUTE-LAST-EXTERNAL", Some(time::MINUTE)))),
            ("60", Some(("1-HOUR-LAST-EXTERNAL", Some(time::HOUR)))),
            ("720", Some(("12-HOUR-LAST-EXTERNAL", Some(12 * time::HOUR)))),
            ("D", Some(("1-DAY-LAST-EXTERNAL", Some(time::DAY)))),
            ("M", Some(("1-MONTH-LAST-EXTERNAL", None))),
            ("0", None),
            ("m", None),
        ] {
            assert_eq!(bar_spec(interval), want.map(|(spec, length)| (spec.to_owned(), length)));
        }
    }
}
