//! What Kraken's messages tell the market.

use std::collections::HashMap;

use super::channels::{ORDERS, REST_BOOK, book_name, depth_of, order_depth_of, spec};
use super::frames::{Data, KrakenDecoder};
use super::messages::{Bar, BookHead, OrdersHead, Ticker, Trade};
use super::{depths, instruments, sequence, v1};
use crate::accounting::End;
use crate::book::{OrderAction, Proof, Spelt};
use crate::data::AggressorSide;
use crate::decimal;
use crate::feed::{BookMessage, Frame, Market, Place, Role, TradeFields, TradeId, TradeKind, fnv1a};
use crate::json::{JsonError, Kind, Written};
use crate::symbol::SlotId;
use crate::venue::each::tell_each;
use crate::venue::values::{Item, Text, text};

/// What is known of `data` from around it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told<'a> {
    /// The pair, where the message names it once for all items.
    pub symbol: &'a str,
    /// The book's channel, where it is known.
    pub name: &'a str,
    /// Levels of a side, where they are known.
    pub depth: Option<u16>,
    /// Whether books are whole.
    pub is_snapshot: bool,
    /// Whether it was asked for: whole, and without a proof.
    pub is_answer: bool,
}

impl Told<'_> {
    /// Of a REST answer.
    pub(super) fn answer() -> Self {
        Self { name: REST_BOOK, is_snapshot: true, is_answer: true, ..Self::default() }
    }

    /// The pair of an item.
    fn symbol<'s>(&'s self, own: &'s [u8]) -> &'s str {
        text(self.bytes(own))
    }

    fn bytes<'s>(&'s self, own: &'s [u8]) -> &'s [u8] {
        if self.symbol.is_empty() { own } else { self.symbol.as_bytes() }
    }
}

impl KrakenDecoder {
    /// Tells the market what `data` says.
    pub(super) fn tell(
        &mut self,
        frame: &Frame<'_>,
        told: &Told<'_>,
        data: Data<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let named = |own: &[u8]| told.symbol(own).to_owned();
        match data {
            Data::Trades(found) => {
                let mut equals = HashMap::new();
                tell_each(found, frame, market, (|t: &_| named(&t.symbol), ""), |trade, market| {
                    tell_trade(told.symbol(&trade.symbol), trade, &mut equals, market)
                });
            }
            Data::Books(found) => self.tell_books(frame, told, found, market),
            Data::Orders(found) => {
                tell_each(found, frame, market, (|b: &_| named(&b.symbol), ""), |head, market| {
                    self.tell_orders(frame, told.is_snapshot, head, market)
                })
            }
            Data::Tickers(found) => {
                tell_each(found, frame, market, (|t: &_| named(&t.symbol), ""), |ticker, market| {
                    tell_ticker(frame, ticker, market)
                })
            }
            Data::Bars(found) => {
                tell_each(found, frame, market, (|b: &_| named(&b.symbol), ""), |bar, market| {
                    self.tell_bar(told.symbol(&bar.symbol), bar, market)
                })
            }
            Data::Spread(spread) => {
                let v1::Spread { prices, sizes, ts } = spread;
                let symbol = Text::Borrowed(told.symbol.as_bytes());
                tell_ticker(frame, &Ticker { symbol, prices, sizes, ts }, market)?;
            }
            Data::Top(top) => {
                let v1::Ticker { prices, sizes } = top;
                let top = Ticker { prices, sizes, ..Ticker::default() };
                tell_untimed(frame, market.slot(told.symbol.as_bytes())?, &top, market)?;
            }
            Data::Instruments => self.tell_instruments(frame, market)?,
            Data::None => market.item(End::Control),
        }
        Ok(())
    }

    /// Tells the market of books, each alone.
    pub(super) fn tell_books<'a>(
        &mut self,
        frame: &Frame<'_>,
        told: &Told<'_>,
        found: impl IntoIterator<Item = Item<BookHead<'a>>, IntoIter: ExactSizeIterator>,
        market: &mut Market,
    ) {
        let named = |head: &BookHead<'_>| told.symbol(&head.symbol).to_owned();
        tell_each(found, frame, market, (named, ""), |head, market| {
            self.tell_book(frame, told, head, market)
        });
    }

    fn tell_book(
        &mut self,
        frame: &Frame<'_>,
        told: &Told<'_>,
        head: &BookHead<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let symbol = told.bytes(&head.symbol);
        let slot = market.slot(symbol)?;
        if told.is_answer {
            return self.tell_message(slot, told, REST_BOOK, 0, head, market);
        }
        let depth = match told.depth {
            Some(depth) => depth,
            None if told.is_snapshot => {
                let [bids, asks] = [0, 1].map(|side| head.ends[side] - head.starts[side]);
                let least = depth_of(bids.max(asks));
                self.depths.of_snapshot((frame.source, frame.conn), (slot, symbol), least)
            }
            None => {
                let left = || depths::left(market, slot);
                self.depths.of_update((frame.source, frame.conn), (slot, symbol), left)
            }
        };
        let name = if told.name.is_empty() { book_name(depth) } else { told.name.into() };
        let role = match told.is_snapshot {
            false => Role::Update,
            true if market.stands(slot, &name) => Role::Again,
            true => Role::Start,
        };
        if let Some(end) = market.moment(slot, depth, role, head.ts, head.checksum) {
            market.item(end);
            return Ok(());
        }
        self.tell_message(slot, told, &name, depth, head, market)
    }

    fn tell_message(
        &mut self,
        slot: SlotId,
        told: &Told<'_>,
        name: &str,
        depth: u16,
        head: &BookHead<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let [bids, asks] = [0, 1].map(|side| head.starts[side]..head.ends[side]);
        let levels = &mut self.scratch.levels;
        if !told.is_answer {
            let left = || {
                let mut books = market.left(slot);
                let written = books.find(|(channel, _)| *channel == name)?.1.most_written()?;
                Some([written.price, written.size])
            };
            let places = self.places.entry(slot).or_insert_with(|| left().unwrap_or_default());
            if told.is_snapshot {
                *places = [0; 2];
            }
            pad(places, [&mut levels.bids_written[bids.clone()], &mut levels.asks_written[asks.clone()]]);
        }
        let message = BookMessage {
            bids: &levels.bids[bids.clone()],
            asks: &levels.asks[asks.clone()],
            orders: None,
            proof: Proof {
                bids: &levels.bids_written[bids],
                asks: &levels.asks_written[asks],
                checksum: if told.is_answer { None } else { sequence::checksum(head.checksum) },
                depth: depth.into(),
            },
            decimals: head.decimals,
            ts_event: head.ts,
        };
        let update = sequence::update(told.is_snapshot);
        market.book_update(slot, name, sequence::judge, update, &message)
    }

    /// A book by order, where it was asked for. Its times may go back (orders that come into the depth have their old ones), so
    /// that messages of several connections are not told apart: those of one are taken, from its snapshot on.
    fn tell_orders(
        &mut self,
        frame: &Frame<'_>,
        is_snapshot: bool,
        head: &OrdersHead<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let (symbol, connection) = (&*head.symbol, (frame.source, frame.conn));
        let slot = market.slot(symbol)?;
        if !market.wants_book(ORDERS) {
            market.other_book(ORDERS);
            return Ok(());
        }
        let depth = if is_snapshot {
            self.order_depths.of_snapshot(connection, (slot, symbol), order_depth_of(head.levels))
        } else {
            let left = || {
                let mut books = market.left(slot);
                books.find(|(channel, _)| *channel == ORDERS).map(|(_, book)| order_depth_of(book.levels()))
            };
            self.order_depths.of_update(connection, (slot, symbol), left)
        };
        let owner = self.owners.entry(slot).or_insert(connection);
        if is_snapshot {
            *owner = connection;
        } else if *owner != connection {
            market.item(End::Duplicate);
            return Ok(());
        }
        let orders = &self.scratch.orders;
        if is_snapshot && orders.iter().any(|order| order.action != OrderAction::Add) {
            return Err(Kind::Value);
        }
        let message = BookMessage {
            bids: &[],
            asks: &[],
            orders: Some(orders),
            proof: Proof {
                checksum: sequence::orders_checksum(head.checksum),
                depth: depth.into(),
                ..Proof::default()
            },
            decimals: head.decimals,
            ts_event: head.ts,
        };
        market.book_update(slot, ORDERS, sequence::judge, sequence::update(is_snapshot), &message)
    }

    /// The candle that is over since this one runs.
    fn tell_bar(&mut self, symbol: &str, bar: &Bar<'_>, market: &mut Market) -> Result<(), Kind> {
        let Some((spec, length)) = spec(bar.minutes) else { return Err(Kind::Value) };
        for price in bar.candle.prices {
            market.check_price(price)?;
        }
        let slot = market.slot(symbol.as_bytes())?;
        let Some(over) = market.running_bar(slot, bar.minutes, bar.candle) else {
            market.item(End::Control);
            return Ok(());
        };
        market.bar(slot, spec, over.prices, over.volume, over.begin + length)
    }

    /// Definitions, and the statuses that are new.
    fn tell_instruments(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let (defined, states) = instruments::read_pushed(frame.body, frame.ts, market)?;
        defined.tell_refused(frame, market);
        let mut changes = Vec::new();
        for (symbol, state) in states {
            let slot = market.slot(symbol.as_bytes())?;
            if frame.ts > 0 && market.status_changes(slot, &state, frame.ts) {
                changes.push((slot, state));
            }
        }
        if changes.is_empty() {
            market.item(End::Control);
            return Ok(());
        }
        for (slot, state) in changes {
            let (action, is_trading) = status_action(&state);
            market.status(slot, action, &state, is_trading, frame.ts);
        }
        Ok(())
    }
}

/// Checksums are made of texts with all decimals of the pair. A recorder that read the numbers and wrote them again left
/// trailing zeros out: they are put back, as many as any level of the book was written with, also of one that an earlier
/// recording left.
#[inline]
fn pad(places: &mut [u8; 2], sides: [&mut [Spelt]; 2]) {
    let whole = Written { price: places[0], size: places[1] };
    let odd = |side: &&mut [Spelt]| side.iter().fold(false, |odd, spelt| odd | (spelt.written != whole));
    if sides.iter().any(odd) {
        pad_anew(places, sides);
    }
}

#[inline(never)]
fn pad_anew(places: &mut [u8; 2], sides: [&mut [Spelt]; 2]) {
    for Spelt { written, .. } in sides.iter().flat_map(|side| side.iter()) {
        *places = [places[0].max(written.price), places[1].max(written.size)];
    }
    let padded = Written { price: places[0], size: places[1] };
    for spelt in sides.into_iter().flatten().filter(|spelt| spelt.written != padded) {
        *spelt = padded.into();
    }
}

fn tell_trade(
    symbol: &str,
    trade: &Trade<'_>,
    equals: &mut HashMap<String, u64>,
    market: &mut Market,
) -> Result<(), Kind> {
    market.check_price(trade.price)?;
    market.check_size(trade.size)?;
    let slot = market.slot(symbol.as_bytes())?;
    let made;
    let id = match trade.id {
        Some(id) => TradeId::Number(id),
        None => {
            made = made_id(symbol, trade, equals);
            TradeId::Text(&made)
        }
    };
    let fields = TradeFields {
        price: trade.price,
        size: trade.size,
        aggressor_side: trade.taker,
        id,
        ts_event: trade.ts_event,
    };
    market.trade(slot, TradeKind::Raw, &fields);
    Ok(())
}

/// The id of a trade that the venue gave none: of what it says, and of how many of its message said the same before.
fn made_id(symbol: &str, trade: &Trade<'_>, equals: &mut HashMap<String, u64>) -> String {
    let side = if trade.taker == AggressorSide::Buyer { 'b' } else { 's' };
    let (price, size) = (decimal::text(trade.price.value), decimal::text(trade.size.value));
    let said = format!("{symbol}|{}|{price}|{size}|{side}", trade.ts_event);
    let ordinal = equals.entry(said.clone()).or_insert(0);
    let id = format!("{:016x}", fnv1a(format!("{said}|{ordinal}").as_bytes()));
    *ordinal += 1;
    id
}

fn tell_ticker(frame: &Frame<'_>, ticker: &Ticker<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&ticker.symbol)?;
    if ticker.ts == 0 {
        return tell_untimed(frame, slot, ticker, market);
    }
    market.check_quote(ticker.prices, ticker.sizes)?;
    let place = Some(Place { time: ticker.ts, number: 0 });
    market.quote(slot, place, ticker.prices, ticker.sizes, ticker.ts);
    Ok(())
}

/// A quote without a time of its own.
fn tell_untimed(
    frame: &Frame<'_>,
    slot: SlotId,
    ticker: &Ticker<'_>,
    market: &mut Market,
) -> Result<(), Kind> {
    market.check_quote(ticker.prices, ticker.sizes)?;
    if frame.ts == 0 {
        return Err(Kind::Missing("receive time"));
    }
    market.ticker_quote(slot, "ticker", ticker.prices, ticker.sizes, frame.ts);
    Ok(())
}

/// Nautilus's `MarketStatusAction` of a pair's status, and whether it trades.
fn status_action(status: &str) -> (&'static str, bool) {
    match status {
        "online" => ("TRADING", true),
        "limit_only" | "reduce_only" => ("PAUSE", true),
        "post_only" => ("PAUSE", false),
        "cancel_only" | "maintenance" => ("HALT", false),
        _ => ("NOT_AVAILABLE_FOR_TRADING", false),
    }
}
