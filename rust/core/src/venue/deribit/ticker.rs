//! Tickers: marks, indices, funding, open interest, greeks and quotes of one message. Of `incremental_ticker` a key that is
//! missing keeps the value that was sent before on the same connection.

use super::channels::{FUNDING, TICKER, Topic};
use super::frames::{DeribitDecoder, connection};
use super::messages::Ticker;
use super::symbols::{is_in_dollars, is_spread};
use crate::accounting::End;
use crate::data::{DataType, OptionGreeksRow};
use crate::decimal::Decimal;
use crate::feed::{Frame, Market};
use crate::json::Kind;
use crate::symbol::SlotId;
use crate::venue::values::text;

/// What a ticker has said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct TickerState {
    prices: [Option<Decimal>; 2],
    sizes: [Option<Decimal>; 2],
    open_interest: String,
    greeks: [Option<f64>; 5],
    iv: [Option<f64>; 3],
    underlying: Option<f64>,
}

impl TickerState {
    fn take(&mut self, ticker: &Ticker<'_>) {
        for side in 0..2 {
            self.prices[side] = ticker.prices[side].or(self.prices[side]);
            self.sizes[side] = ticker.sizes[side].or(self.sizes[side]);
        }
        if let Some(value) = &ticker.open_interest {
            self.open_interest.clone_from(value);
        }
        for (held, value) in self.greeks.iter_mut().zip(ticker.greeks.unwrap_or_default().values) {
            *held = value.or(*held);
        }
        for (held, value) in self.iv.iter_mut().zip(ticker.iv) {
            *held = value.or(*held);
        }
        self.underlying = ticker.underlying.or(self.underlying);
    }

    /// Greeks, where all are known.
    fn greeks(&self, ts_event: u64) -> Option<OptionGreeksRow> {
        let [Some(delta), Some(gamma), Some(vega), Some(theta), Some(rho)] = self.greeks else { return None };
        Some(OptionGreeksRow {
            greeks: [delta, gamma, vega, theta, rho],
            iv: self.iv.map(|iv| iv.filter(|iv| *iv != 0.0)),
            underlying_price: self.underlying.filter(|price| *price > 0.0),
            open_interest: self.open_interest.parse().ok(),
            ts_event,
            ts_init: 0,
        })
    }
}

/// A price that the venue computes, where it has one: 0 is none, but of spreads.
fn computed(
    price: Option<(Decimal, bool)>,
    is_spread: bool,
    slot: SlotId,
    market: &Market,
) -> Result<Option<(Decimal, bool)>, Kind> {
    let Some((value, rounded)) = price.filter(|(value, _)| value.value != 0 || is_spread) else {
        return Ok(None);
    };
    if is_spread {
        market.check_price_of(slot, value)?;
    } else {
        market.check_price(value)?;
    }
    Ok(Some((value, rounded)))
}

impl DeribitDecoder {
    /// A ticker of a channel, or of an answer, which has no `topic`.
    pub(super) fn tell_ticker(
        &mut self,
        frame: &Frame<'_>,
        topic: Option<Topic<'_>>,
        ticker: &Ticker<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let symbol = text(&ticker.symbol);
        let slot = self.slot(symbol, topic, market)?;
        let ts_event = ticker.ts;
        let mark = computed(ticker.mark, is_spread(symbol), slot, market)?;
        let index = computed(ticker.index, false, slot, market)?;
        let mut state = match ticker.whole {
            Some(whole) => self.tickers.of(slot, connection(frame), whole).clone(),
            None => TickerState::default(),
        };
        state.take(ticker);
        let quoted = ticker.prices.iter().chain(&ticker.sizes).any(Option::is_some);
        let quote = match (state.prices, state.sizes) {
            ([Some(bid), Some(ask)], [Some(bid_size), Some(ask_size)]) if quoted => {
                let (prices, sizes) = ([bid, ask], [bid_size, ask_size]);
                market.check_quote_of(slot, prices, sizes)?;
                Some((prices, sizes))
            }
            _ => None,
        };
        if ticker.whole.is_some() {
            self.tickers.of(slot, connection(frame), false).clone_from(&state);
        }
        if topic.is_some_and(|topic| !market.takes_newest(slot, topic.number(), frame, ts_event)) {
            market.item(End::Duplicate);
            return Ok(());
        }
        let assessed =
            ticker.greeks.is_some() || ticker.iv.iter().any(Option::is_some) || ticker.underlying.is_some();
        let greeks = state.greeks(ts_event).filter(|_| assessed);
        let interest = ticker.open_interest.as_deref().filter(|value| !value.is_empty());
        let funding = ticker.funding.as_deref().filter(|rate| !rate.is_empty());
        if let Some(mark) = mark {
            market.price_update(slot, DataType::MarkPrice, mark, ts_event);
        }
        if let Some(index) = index {
            market.price_update(slot, DataType::IndexPrice, index, ts_event);
        }
        match funding {
            Some(_) if market.is_bound(slot, FUNDING) => market.item(End::Unselected),
            Some(rate) => market.funding_rate(slot, rate, None, None, ts_event),
            None => {}
        }
        if let Some(value) = interest {
            let in_dollars = is_in_dollars(symbol);
            let (unit, dollars) = if in_dollars { ("quote", value) } else { ("base", "") };
            market.open_interest(slot, value, unit, dollars, ts_event);
        }
        if let Some(greeks) = &greeks {
            market.option_greeks(slot, greeks);
        }
        if let Some((prices, sizes)) = quote {
            market.ticker_quote(slot, TICKER, prices, sizes, ts_event);
        }
        let nothing = mark.is_none() && index.is_none() && funding.is_none() && interest.is_none();
        if nothing && greeks.is_none() && quote.is_none() {
            market.item(End::Control);
        }
        Ok(())
    }
}
