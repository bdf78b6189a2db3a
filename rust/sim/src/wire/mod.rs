//! A venue's wire: what its messages look like, and what each of them says.
//!
//! In: events of the market, and the time. Out: [`Message`]s, bytes exactly as the venue sends them and, beside
//! them, the same as typed [`Content`], which the truth is made from: nobody ever reads the bytes back.
//!
//! A new venue is a folder here and a line in [`FEEDS`].

pub(crate) mod binance;
pub(crate) mod bybit;
mod crc32;
mod deribit;
mod kraken;
pub(crate) mod okx;
mod rounds;
mod text;

use crate::decimal::Decimal;
use crate::market::{Candle, Event, Instrument, Level, Market, Product, Side};

pub use rounds::Rounds;
pub use text::Text;
pub(crate) use text::uuid;

/// What may be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Channel {
    /// Every fill.
    Trade,
    /// Fills of one taker together.
    Aggregate,
    /// Best bid and ask.
    Quote,
    /// Changes of the book.
    Book,
    /// The top of the book, whole, time and again.
    Partial,
    /// Candles.
    Bar,
    /// Mark and index prices, funding.
    Mark,
    /// Forced orders.
    Liquidation,
    /// The book by order, in place of the book by level: only where it is named.
    Orders,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Trade,
        Self::Aggregate,
        Self::Quote,
        Self::Book,
        Self::Partial,
        Self::Bar,
        Self::Mark,
        Self::Liquidation,
        Self::Orders,
    ];

    /// The name in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Aggregate => "aggregate",
            Self::Quote => "quote",
            Self::Book => "book",
            Self::Partial => "partial",
            Self::Bar => "bar",
            Self::Mark => "mark",
            Self::Liquidation => "liquidation",
            Self::Orders => "level3",
        }
    }
}

/// A set of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels(u16);

impl Channels {
    /// All channels but those that have to be named.
    pub const ALL: Self = Self(u16::MAX).without(Channel::Orders);

    /// The named ones; the name that is none of a channel otherwise.
    ///
    /// # Errors
    /// The unknown name.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        names.into_iter().try_fold(Self(0), |set, name| {
            let found = Channel::ALL.into_iter().find(|c| c.name() == name).ok_or(name)?;
            Ok(Self(set.0 | 1 << found as u8))
        })
    }

    /// One channel.
    #[must_use]
    pub const fn of(channel: Channel) -> Self {
        Self(1 << channel as u8)
    }

    /// All of them but one.
    #[must_use]
    pub const fn without(self, channel: Channel) -> Self {
        Self(self.0 & !(1 << channel as u8))
    }

    /// Whether a channel is in it.
    #[must_use]
    pub const fn has(self, channel: Channel) -> bool {
        self.0 & 1 << channel as u8 != 0
    }
}

/// A change of a book as one message tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The id of the diff before it, whether or not the message says so.
    pub after: u64,
    /// The venue's id of it, which is the book's once applied.
    pub id: u64,
    /// New sizes at prices, in the order sent.
    pub bids: Vec<Level>,
    /// The same of asks.
    pub asks: Vec<Level>,
    /// Event time, ns UTC.
    pub ts_event: u64,
}

/// What the venue's rule says of a diff whose id is the snapshot's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndsAtIt {
    /// It is contained, as those before it.
    Contained,
    /// It is applied once more: sizes are absolute, so that does no harm.
    Applied,
}

/// A whole book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The venue's id of it.
    pub id: u64,
    /// What becomes of a diff that ends where it stands.
    pub ends_at_it: EndsAtIt,
    /// Best first.
    pub bids: Vec<Level>,
    /// Best first.
    pub asks: Vec<Level>,
    /// Event time, ns UTC; `None`: the message has none.
    pub ts_event: Option<u64>,
}

/// A message of a book that no number orders: what the book is after it, its checksum says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Whether it is the whole book, not changes of it.
    pub whole: bool,
    /// In the order sent.
    pub bids: Vec<Level>,
    /// In the order sent.
    pub asks: Vec<Level>,
    /// What the checksum is made of, once it is applied: the best bids and asks, best first.
    pub best: [Vec<Level>; 2],
    /// Levels of a side that the venue keeps: those beyond go without a word.
    pub depth: usize,
    /// Event time, ns UTC: of one book each is later than the one before.
    pub ts_event: u64,
}

/// A change of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderChange {
    /// What becomes of it.
    pub event: OrderEvent,
    /// The side it is on.
    pub side: Side,
    /// The venue's id.
    pub id: String,
    /// Ticks and steps.
    pub level: Level,
    /// When, ns UTC.
    pub at: u64,
}

/// What becomes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// It comes, last in its queue.
    Add,
    /// It has another size and keeps its place.
    Modify,
    /// It is gone.
    Delete,
}

/// A message of a book by order: what the queues are after it, its checksum says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByOrder {
    /// Whether it is the whole book, not changes of it.
    pub whole: bool,
    /// Bids, then asks, each in the order sent.
    pub changes: Vec<OrderChange>,
    /// What the checksum is made of, once it is applied: the orders of the best bids and asks, best first, oldest first.
    pub best: [Vec<Level>; 2],
    /// Prices of a side that the venue keeps: those beyond go without a word.
    pub depth: usize,
    /// Event time, ns UTC: that of the latest change, which may go back.
    pub ts_event: u64,
}

/// An index price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The price.
    pub value: Decimal,
    /// Nautilus's id of the index; `None`: it is told as the instrument's own.
    pub id: Option<String>,
}

/// Greeks and volatilities of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeks {
    /// Delta, gamma, vega, theta.
    pub greeks: [Decimal; 4],
    /// Of the mark, the bid and the ask, fractions.
    pub iv: [Option<Decimal>; 3],
    /// Price of the underlying.
    pub underlying: Decimal,
}

/// What a valuation without set times of funding says; what it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Valued {
    /// Mark price.
    pub mark: Option<Decimal>,
    /// Index price.
    pub index: Option<Index>,
    /// Funding rate as it is now.
    pub rate: Option<Decimal>,
    /// Open interest, and whether it is in the quote currency.
    pub interest: Option<(Decimal, bool)>,
    /// Nautilus's id of a volatility index, and its value.
    pub volatility: Option<(String, Decimal)>,
    /// Greeks; they have the open interest too.
    pub greeks: Option<Box<Greeks>>,
    /// Event time, ns UTC.
    pub ts_event: u64,
}

/// What a message says, in the market's units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing that is a row.
    Control,
    /// A trade.
    Trade {
        /// A single fill, or several together.
        aggregate: bool,
        /// What orders it among those of its instrument.
        id: u64,
        /// The venue's id, as text.
        name: String,
        /// Ticks and steps.
        level: Level,
        /// Who took.
        taker: Side,
        /// Event time, ns UTC.
        ts_event: u64,
    },
    /// Several things, none of them of a book.
    Several(Vec<Self>),
    /// Best bid and ask among the fields of a ticker: what says the same as the last one says nothing.
    Top {
        /// Bid.
        bid: Level,
        /// Ask.
        ask: Level,
        /// Event time, ns UTC.
        ts_event: u64,
    },
    /// What is open.
    OpenInterest {
        /// How much.
        value: Decimal,
        /// Of what: `base`, `contracts` or `quote`.
        unit: &'static str,
        /// Event time, ns UTC.
        ts_event: u64,
    },
    /// Whether it trades: what says the same as the last one says nothing.
    Status {
        /// Nautilus's name of the action.
        action: &'static str,
        /// The venue's word.
        reason: &'static str,
        /// Whether orders are matched.
        is_trading: bool,
        /// Event time, ns UTC.
        ts_event: u64,
    },
    /// Best bid and ask.
    Quote {
        /// The venue's id of the book it is the top of.
        id: u64,
        /// Bid.
        bid: Level,
        /// Ask.
        ask: Level,
        /// Event time, ns UTC; `None`: the message has none.
        ts_event: Option<u64>,
    },
    /// A change of the book.
    Diff(Diff),
    /// The whole book. One that the stream brings replaces what stands; an answer has to join it.
    Snapshot(Snapshot),
    /// The top of the book; of a snapshot only the levels and the id matter.
    Partial(Snapshot),
    /// A change of the book, or the book, without a number.
    Proven(Proven),
    /// The same of a book by order.
    ByOrder(ByOrder),
    /// A candle that runs: it is over when a later one comes.
    Running {
        /// Nautilus's specification.
        spec: &'static str,
        /// As it stands.
        candle: Candle,
    },
    /// A closed candle.
    Bar {
        /// Nautilus's specification, such as `1-MINUTE-LAST-EXTERNAL`.
        spec: &'static str,
        /// Open, high, low, close, ticks.
        prices: [i64; 4],
        /// Steps.
        volume: i64,
        /// Its exact end, ns UTC.
        ts_event: u64,
    },
    /// A valuation; what the message does not say is `None`.
    Mark {
        /// Mark price.
        mark: Option<Decimal>,
        /// Index price.
        index: Option<Index>,
        /// Rate and time of the next funding, ns UTC, and how long after it the one after is, where that is sent, ns.
        funding: Option<(Decimal, u64, Option<u64>)>,
        /// Event time, ns UTC.
        ts_event: u64,
    },
    /// A valuation of another kind.
    Valued(Valued),
    /// A fill of which one or both orders were forced.
    Forced {
        /// The fill, a [`Self::Trade`].
        fill: Box<Self>,
        /// Sides of the orders that were.
        sides: Vec<Side>,
    },
    /// A forced order.
    Liquidation {
        /// Side of the order.
        side: Side,
        /// Price as ordered, ticks.
        price: i64,
        /// Average of the fills, where it is sent.
        average: Option<Decimal>,
        /// Filled, steps.
        size: i64,
        /// Event time, ns UTC.
        ts_event: u64,
    },
}

impl Content {
    /// Whether it changes a book: such messages may be lost.
    #[must_use]
    pub const fn is_diff(&self) -> bool {
        matches!(
            self,
            Self::Diff(_)
                | Self::Proven(Proven { whole: false, .. })
                | Self::ByOrder(ByOrder { whole: false, .. })
        )
    }

    /// Whether it is a whole book that was asked for.
    #[must_use]
    pub const fn is_snapshot(&self) -> bool {
        matches!(
            self,
            Self::Snapshot(_)
                | Self::Proven(Proven { whole: true, .. })
                | Self::ByOrder(ByOrder { whole: true, .. })
        )
    }

    /// A candle that is over.
    #[must_use]
    pub const fn bar(candle: &Candle) -> Self {
        Self::Bar {
            spec: "1-MINUTE-LAST-EXTERNAL",
            prices: [candle.open, candle.high, candle.low, candle.close],
            volume: candle.volume,
            ts_event: candle.open_ns + Candle::LENGTH,
        }
    }
}

const MILLI: u64 = 1_000_000;

/// A time as most venues have it: to the millisecond.
const fn millis(ns: u64) -> u64 {
    ns / MILLI * MILLI
}

/// How a message travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// Pushed over the connection.
    Stream,
    /// The answer of a request.
    Answer {
        /// Of the request.
        url: String,
        /// The stream a recorder names it by, where a capture has no place for the URL.
        stream: Option<String>,
    },
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When the venue sends it, ns UTC.
    pub at: u64,
    /// Whose it is, by place in the market.
    pub instrument: usize,
    /// As sent.
    pub body: Vec<u8>,
    /// What it says.
    pub content: Content,
    /// How it travels.
    pub carrier: Carrier,
}

/// The messages of one venue's feed.
pub trait Wire {
    /// Nautilus's id of an instrument.
    fn instrument_id(&self, instrument: &Instrument) -> String;

    /// Where connections are opened.
    fn url(&self) -> &'static str;

    /// What a client sends to subscribe to everything, and the acknowledgements.
    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// The answer that defines the instruments.
    fn definitions(&self, market: &Market, at: u64) -> Message;

    /// The book as it stands: the answer of a request, or what the stream itself sends after a subscription.
    fn snapshot(&self, market: &Market, instrument: usize, at: u64) -> Message;

    /// Takes an event; the messages it causes at once are added to `out`.
    fn event(&mut self, market: &Market, event: &Event, out: &mut Vec<Message>);

    /// When a timer is due, ns UTC.
    fn next_at(&self) -> u64;

    /// Runs the timer that is due.
    fn tick(&mut self, market: &Market, out: &mut Vec<Message>);
}

/// Makes a wire: for a market, a seed, the channels wanted and the start, ns UTC.
type Make = fn(&Market, u64, Channels, u64) -> Box<dyn Wire>;

/// One feed that can be simulated.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// The name of the feed.
    pub name: &'static str,
    /// What is traded on it.
    pub product: Product,
    pub(crate) wire: Make,
}

/// The feeds there are.
pub const FEEDS: &[Feed] = &[
    binance::SPOT,
    binance::USDM,
    binance::COINM,
    bybit::SPOT,
    bybit::LINEAR,
    bybit::INVERSE,
    bybit::OPTION,
    okx::OKX,
    kraken::SPOT,
    kraken::FUTURES,
    deribit::DERIBIT,
];

/// The feed that has books by order.
pub(crate) const BY_ORDER: &str = kraken::SPOT.name;

/// The feed of a name.
#[must_use]
pub fn feed(name: &str) -> Option<&'static Feed> {
    FEEDS.iter().find(|feed| feed.name == name)
}
