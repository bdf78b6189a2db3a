//! The true market: books that change, trades that consume them, marks and liquidations, in the order of time.
//!
//! In: a seed. Out: [`Event`]s of typed values, prices in ticks and sizes in steps. Nothing here knows a venue, a
//! message or a file; what a venue makes of these events is in [`crate::wire`].
//!
//! Each instrument has chance of its own, so that it lives the same life however many there are beside it.

mod book;
mod candle;
mod instrument;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use book::{Book, Level, Side};
pub use candle::{Candle, INVERSE_SCALE};
pub use instrument::{Instrument, Product, Term, instruments};

use crate::decimal::Decimal;
use crate::random::Random;

/// One second, ns.
pub const SECOND: u64 = 1_000_000_000;
/// Funding is paid so often, ns.
const FUNDING: u64 = 8 * 3_600 * SECOND;

/// Fewest and most levels of a side.
const MIN_LEVELS: usize = 25;
const MAX_LEVELS: usize = 160;
const START_LEVELS: usize = 120;

/// One fill: a part of a taker's order and one maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Number of the trade, one more than the one before it of this instrument.
    pub id: u64,
    /// Number of the taker's order.
    pub order: u64,
    /// Ticks.
    pub price: i64,
    /// Steps.
    pub size: i64,
    /// Who took.
    pub taker: Side,
}

/// Best bid and ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// Best bid.
    pub bid: Level,
    /// Best ask.
    pub ask: Level,
}

/// Prices that a derivative is valued by, 8 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Mark price.
    pub mark: Decimal,
    /// Its moving average.
    pub average: Decimal,
    /// Index price.
    pub index: Decimal,
    /// Estimated settlement.
    pub settlement: Decimal,
    /// Funding rate for the next payment.
    pub funding: Decimal,
    /// Time of that payment, ns UTC.
    pub next_funding_ns: u64,
}

/// A forced order and how it was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liquidation {
    /// Side of the order: a long is closed by a sale.
    pub side: Side,
    /// The bankrupt's price, ticks.
    pub price: i64,
    /// What it was filled at on average.
    pub average: Decimal,
    /// Ordered, steps.
    pub size: i64,
    /// Last fill, steps.
    pub last: i64,
    /// All that was filled, steps.
    pub filled: i64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// A level has a new size; 0 removes it.
    Level(Side, Level),
    /// A fill.
    Trade(Trade),
    /// A forced order was filled.
    Liquidation(Liquidation),
    /// The action that the events before it belong to is complete; the best bid and ask, when they changed.
    Settled(Option<Top>),
    /// The book's numbering went on without a change that anyone sees.
    Hidden,
    /// A derivative was valued.
    Mark(Mark),
}

/// Something that happened to an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, ns UTC.
    pub at: u64,
    /// Which instrument, by its place in [`Market::instruments`].
    pub instrument: usize,
    /// What.
    pub body: Body,
}

#[derive(Debug)]
struct State {
    book: Book,
    random: Random,
    trades: u64,
    orders: u64,
    last: i64,
    /// Bias of takers in 1/1000, a slow walk.
    drift: i64,
    average: i128,
    premium: i64,
    top: Option<Top>,
}

/// Instruments and their books, moved on event by event.
#[derive(Debug)]
pub struct Market {
    instruments: Vec<Instrument>,
    states: Vec<State>,
    queue: BinaryHeap<Reverse<(u64, usize)>>,
    next_mark: u64,
}

impl Market {
    /// A market that starts at `start` ns UTC.
    #[must_use]
    pub fn new(instruments: Vec<Instrument>, seed: u64, start: u64) -> Self {
        let mut queue = BinaryHeap::new();
        let derivatives = instruments.iter().any(|i| i.product != Product::Spot);
        let states: Vec<State> = instruments
            .iter()
            .enumerate()
            .map(|(at, instrument)| {
                let mut state = State::new(instrument, Random::new(seed, 1_000 + at as u64));
                queue.push(Reverse((start + state.random.exponential(instrument.gap_ns), at)));
                state
            })
            .collect();
        let next_mark = if derivatives { start.next_multiple_of(SECOND) } else { u64::MAX };
        Self { instruments, states, queue, next_mark }
    }

    /// A market of one instrument alone, which lives the life it has as the one at place `number` of
    /// [`Self::new`]'s.
    #[must_use]
    pub fn alone(instrument: Instrument, number: usize, seed: u64, start: u64) -> Self {
        let is_derivative = instrument.product != Product::Spot;
        let mut state = State::new(&instrument, Random::new(seed, 1_000 + number as u64));
        let first = start + state.random.exponential(instrument.gap_ns);
        let next_mark = if is_derivative { start.next_multiple_of(SECOND) } else { u64::MAX };
        Self {
            instruments: vec![instrument],
            states: vec![state],
            queue: BinaryHeap::from([Reverse((first, 0))]),
            next_mark,
        }
    }

    /// The instruments.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The book of an instrument as it stands.
    #[must_use]
    pub fn book(&self, instrument: usize) -> &Book {
        &self.states[instrument].book
    }

    /// The price of the last trade, ticks; the start price before the first.
    #[must_use]
    pub fn last_price(&self, instrument: usize) -> i64 {
        self.states[instrument].last
    }

    /// When the next event happens, ns UTC.
    #[must_use]
    pub fn next_at(&self) -> u64 {
        self.queue.peek().map_or(u64::MAX, |Reverse((at, _))| *at).min(self.next_mark)
    }

    /// Moves on by one action of one instrument, or one valuation of all.
    pub fn step(&mut self, out: &mut Vec<Event>) {
        if self.next_mark <= self.next_at() {
            let at = self.next_mark;
            for (number, (instrument, state)) in self.instruments.iter().zip(&mut self.states).enumerate() {
                out.push(Event { at, instrument: number, body: Body::Mark(state.value(instrument, at)) });
            }
            self.next_mark += SECOND;
            return;
        }
        let Some(Reverse((at, number))) = self.queue.pop() else { return };
        let (instrument, state) = (&self.instruments[number], &mut self.states[number]);
        state.act(instrument, |body| out.push(Event { at, instrument: number, body }));
        let gap = state.random.exponential(instrument.gap_ns).max(1_000);
        self.queue.push(Reverse((at + gap, number)));
    }
}

impl State {
    fn new(instrument: &Instrument, mut random: Random) -> Self {
        let mut book = Book::default();
        for side in [Side::Buy, Side::Sell] {
            let mut price = instrument.start - if side == Side::Buy { 1 } else { 0 };
            for _ in 0..START_LEVELS {
                let size = draw_size(&mut random, instrument);
                book.set(side, price, size);
                price -= side.sign() * (1 + i64::from(random.geometric(6)));
            }
        }
        let trades = 1_000_000 + random.below(1_000_000_000);
        let orders = random.below(1_000_000);
        let last = instrument.start;
        Self { book, random, trades, orders, last, drift: 0, average: 0, premium: 0, top: None }
    }

    /// One action: a level changes, comes or goes, or an order takes.
    fn act(&mut self, instrument: &Instrument, mut tell: impl FnMut(Body)) {
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        match self.random.below(1_000) {
            0..470 => self.resize(instrument, side, &mut tell),
            470..680 => self.add(instrument, side, &mut tell),
            680..840 => self.cancel(side, &mut tell),
            840..850 => tell(Body::Hidden),
            _ => self.take(instrument, &mut tell),
        }
        for side in [Side::Buy, Side::Sell] {
            self.keep_depth(instrument, side, &mut tell);
        }
        let top = match (self.book.best(Side::Buy), self.book.best(Side::Sell)) {
            (Some(bid), Some(ask)) => Some(Top { bid, ask }),
            _ => None,
        };
        let changed = if top == self.top { None } else { top };
        self.top = top;
        tell(Body::Settled(changed));
    }

    fn set(&mut self, side: Side, price: i64, size: i64, tell: &mut impl FnMut(Body)) {
        self.book.set(side, price, size);
        tell(Body::Level(side, Level { price, size }));
    }

    /// A depth near the top more often than far from it.
    fn depth(&mut self, side: Side) -> usize {
        let depth = self.random.geometric(20) * 3 + self.random.below(4) as u32;
        (depth as usize).min(self.book.len(side) - 1)
    }

    fn resize(&mut self, instrument: &Instrument, side: Side, tell: &mut impl FnMut(Body)) {
        let depth = self.depth(side);
        if let Some(level) = self.book.level(side, depth) {
            let size = draw_size(&mut self.random, instrument);
            self.set(side, level.price, size, tell);
        }
    }

    fn add(&mut self, instrument: &Instrument, side: Side, tell: &mut impl FnMut(Body)) {
        let (Some(own), Some(other)) = (self.book.best(side), self.book.best(side.other())) else { return };
        let spread = (other.price - own.price) * side.sign();
        let price = if spread > 1 && self.random.below(3) > 0 {
            own.price + side.sign() * self.random.between(1, (spread - 1).min(4))
        } else {
            own.price - side.sign() * self.random.between(0, 40)
        };
        if price > 0 {
            let size = draw_size(&mut self.random, instrument);
            self.set(side, price, size, tell);
        }
    }

    fn cancel(&mut self, side: Side, tell: &mut impl FnMut(Body)) {
        if self.book.len(side) <= MIN_LEVELS {
            return;
        }
        let depth = self.depth(side);
        if let Some(level) = self.book.level(side, depth) {
            self.set(side, level.price, 0, tell);
        }
    }

    /// An order takes from the other side, level by level.
    fn take(&mut self, instrument: &Instrument, tell: &mut impl FnMut(Body)) {
        self.drift = (self.drift + self.random.between(-20, 20)).clamp(-150, 150);
        // Far from where it began, the market leans back: prices stay prices.
        let pull = (instrument.start - self.last) * 400 / instrument.start;
        let buys = (500 + self.drift + pull.clamp(-300, 300)) as u64;
        let taker = if self.random.below(1_000) < buys { Side::Buy } else { Side::Sell };
        let forced = instrument.product != Product::Spot && self.random.below(150) == 0;
        let mut wanted = draw_size(&mut self.random, instrument) * if forced { 4 } else { 1 };
        let ordered = wanted;
        self.orders += 1;
        let (mut filled, mut turnover, mut last) = (0, 0_i128, 0);
        for _ in 0..6 {
            let makers = taker.other();
            let Some(level) = self.book.best(makers).filter(|_| self.book.len(makers) > MIN_LEVELS) else {
                break;
            };
            let mut left = level.size.min(wanted);
            let remains = level.size - left;
            (filled, turnover) = (filled + left, turnover + i128::from(left) * i128::from(level.price));
            wanted -= left;
            while left > 0 {
                // Several makers may stand at one price.
                let part =
                    if left > 3 && self.random.below(3) == 0 { self.random.between(1, left) } else { left };
                left -= part;
                last = part;
                self.trades += 1;
                self.last = level.price;
                tell(Body::Trade(Trade {
                    id: self.trades,
                    order: self.orders,
                    price: level.price,
                    size: part,
                    taker,
                }));
            }
            self.set(makers, level.price, remains, tell);
            if wanted == 0 {
                break;
            }
        }
        if forced && filled > 0 {
            // Ten thousandths of a price unit: averages have more decimals than prices.
            let units = turnover * i128::from(instrument.tick) * 10_000 / i128::from(filled);
            tell(Body::Liquidation(Liquidation {
                side: taker,
                price: (self.last + taker.sign() * self.random.between(5, 90)).max(1),
                average: Decimal::new(units, instrument.price_places + 4),
                size: ordered,
                last,
                filled,
            }));
        }
    }

    /// Refills a side that is thin, cuts one that is deep.
    fn keep_depth(&mut self, instrument: &Instrument, side: Side, tell: &mut impl FnMut(Body)) {
        let len = self.book.len(side);
        let Some(deepest) = self.book.deepest(side) else { return };
        if len > MAX_LEVELS {
            self.set(side, deepest.price, 0, tell);
        } else if len < MIN_LEVELS * 2 {
            let price = deepest.price - side.sign() * (1 + i64::from(self.random.geometric(6)));
            if price > 0 {
                let size = draw_size(&mut self.random, instrument);
                self.set(side, price, size, tell);
            }
        }
    }

    fn value(&mut self, instrument: &Instrument, at: u64) -> Mark {
        let scale = 10_i128.pow(u32::from(8 - instrument.price_places.min(8)));
        let bid = self.book.best(Side::Buy).map_or(self.last, |l| l.price);
        let ask = self.book.best(Side::Sell).map_or(self.last, |l| l.price);
        let middle = i128::from(bid + ask) * i128::from(instrument.tick) * scale / 2;
        self.premium = (self.premium + self.random.between(-30, 30)).clamp(-900, 900);
        let index =
            middle - middle * i128::from(self.premium) / 1_000_000 + i128::from(self.random.below(997));
        let mark = (middle + index) / 2;
        self.average = if self.average == 0 { mark } else { self.average + (mark - self.average) / 30 };
        let eight = |units: i128| Decimal::new(units.max(1), 8);
        Mark {
            mark: eight(mark),
            average: eight(self.average),
            index: eight(index),
            settlement: eight(index - i128::from(self.random.below(500))),
            funding: Decimal::new(10_000 + i128::from(self.premium) * 20, 8),
            next_funding_ns: (at / FUNDING + 1) * FUNDING,
        }
    }
}

fn draw_size(random: &mut Random, instrument: &Instrument) -> i64 {
    1 + random.exponential(instrument.usual as u64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(product: Product, seed: u64, actions: usize) -> (Market, Vec<Event>) {
        let mut market = Market::new(instruments(product, 7, 50, seed), seed, 1_000 * SECOND);
        let mut events = Vec::new();
        for _ in 0..actions {
            market.step(&mut events);
        }
        (market, events)
    }

    #[test]
    fn books_are_never_crossed_and_events_tell_all_of_them() {
        for seed in 0..5 {
            let mut market = Market::new(instruments(Product::Linear, 4, 50, seed), seed, 0);
            let mut books: Vec<Book> = (0..4).map(|at| market.book(at).clone()).collect();
            let mut events = Vec::new();
            for _ in 0..20_000 {
                events.clear();
                market.step(&mut events);
                for event in &events {
                    if let Body::Level(side, level) = event.body {
                        books[event.instrument].set(side, level.price, level.size);
                    }
                }
            }
            for (at, told) in books.iter().enumerate() {
                let book = market.book(at);
                let (bid, ask) = (book.best(Side::Buy), book.best(Side::Sell));
                assert!(bid.zip(ask).is_some_and(|(b, a)| b.price < a.price), "{bid:?} {ask:?}");
                for side in [Side::Buy, Side::Sell] {
                    assert!(book.len(side) >= MIN_LEVELS - 6);
                    assert!(book.levels(side).eq(told.levels(side)));
                    assert!(book.levels(side).all(|l| l.price > 0 && l.size > 0));
                }
            }
        }
    }

    #[test]
    fn every_settled_top_is_a_market() {
        let (_, events) = run(Product::Spot, 3, 20_000);
        let mut tops = 0;
        for event in &events {
            if let Body::Settled(Some(top)) = event.body {
                assert!(top.bid.price < top.ask.price && top.bid.size > 0 && top.ask.size > 0);
                tops += 1;
            }
        }
        assert!(tops > 1_000);
    }

    #[test]
    fn trades_are_numbered_and_inside_what_stood_there() {
        let (_, events) = run(Product::Inverse, 5, 20_000);
        let mut last = [0; 7];
        let mut forced = 0;
        for event in &events {
            match event.body {
                Body::Trade(trade) => {
                    let before = &mut last[event.instrument];
                    assert!(*before == 0 || trade.id == *before + 1);
                    assert!(trade.size > 0 && trade.price > 0);
                    *before = trade.id;
                }
                Body::Liquidation(order) => {
                    assert!(order.filled > 0 && order.filled <= order.size && order.last <= order.filled);
                    forced += 1;
                }
                _ => {}
            }
        }
        assert!(forced > 0);
    }

    #[test]
    fn alone_is_as_in_company() {
        let (market, events) = run(Product::Linear, 4, 3_000);
        for (number, instrument) in market.instruments().iter().enumerate() {
            let wanted: Vec<Event> = events.iter().filter(|e| e.instrument == number).copied().collect();
            let mut alone = Market::alone(instrument.clone(), number, 4, 1_000 * SECOND);
            let mut got = Vec::new();
            while got.len() < wanted.len() {
                alone.step(&mut got);
            }
            got.iter_mut().for_each(|event| event.instrument = number);
            assert_eq!(got[..wanted.len()], wanted);
        }
    }

    #[test]
    fn one_seed_is_one_market() {
        assert_eq!(run(Product::Linear, 9, 5_000).1, run(Product::Linear, 9, 5_000).1);
        assert_ne!(run(Product::Linear, 9, 5_000).1, run(Product::Linear, 8, 5_000).1);
    }

    #[test]
    fn time_does_not_go_back() {
        let (_, events) = run(Product::Linear, 1, 5_000);
        assert!(events.windows(2).all(|w| w[0].at <= w[1].at));
    }
}
