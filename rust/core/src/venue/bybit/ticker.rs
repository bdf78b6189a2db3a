//! Bybit's tickers: a missing key keeps the value that was sent before on the same connection.

use super::Product;
use super::messages::{OptionTicker, Ticker};
use crate::accounting::End;
use crate::data::{DataType, OptionGreeksRow};
use crate::decimal::Decimal;
use crate::feed::Market;
use crate::json::Kind;
use crate::symbol::SlotId;

/// What the ticker of an instrument has said so far on one connection.
#[derive(Debug, Default)]
pub(super) struct TickerState {
    rate: String,
    next_funding: Option<u64>,
    interval: Option<u16>,
    open_interest: String,
    open_interest_value: String,
    prices: [Option<Decimal>; 2],
    sizes: [Option<Decimal>; 2],
}

impl TickerState {
    /// Takes what was sent.
    pub(super) fn take(&mut self, ticker: &Ticker<'_>) {
        if let Some(rate) = &ticker.rate {
            self.rate.clone_from(rate);
        }
        if let Some(next) = ticker.next_funding {
            self.next_funding = next;
        }
        if let Some(interval) = ticker.interval {
            self.interval = interval;
        }
        if let Some(value) = &ticker.open_interest {
            self.open_interest.clone_from(value);
        }
        if let Some(value) = &ticker.open_interest_value {
            self.open_interest_value.clone_from(value);
        }
        for at in 0..2 {
            self.prices[at] = ticker.prices[at].or(self.prices[at]);
            self.sizes[at] = ticker.sizes[at].or(self.sizes[at]);
        }
    }

    /// Tells the types of which `ticker` brought a key and everything is known.
    pub(super) fn tell(
        &self,
        slot: SlotId,
        product: Product,
        ticker: &Ticker<'_>,
        ts_event: u64,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let funding = ticker.rate.is_some() || ticker.next_funding.is_some() || ticker.interval.is_some();
        let funding = funding && !self.rate.is_empty();
        let interest = ticker.open_interest.is_some() || ticker.open_interest_value.is_some();
        let interest = interest && !self.open_interest.is_empty();
        let quoted = ticker.prices.iter().chain(&ticker.sizes).any(Option::is_some);
        let quote = match (self.prices, self.sizes) {
            ([Some(bid), Some(ask)], [Some(bid_size), Some(ask_size)]) if quoted => {
                let (prices, sizes) = ([bid, ask], [bid_size, ask_size]);
                market.check_quote(prices, sizes)?;
                Some((prices, sizes))
            }
            _ => None,
        };
        if let Some(mark) = ticker.mark {
            market.price_update(slot, DataType::MarkPrice, mark, ts_event);
        }
        if let Some(index) = ticker.index {
            market.price_update(slot, DataType::IndexPrice, index, ts_event);
        }
        if funding {
            let minutes = self.interval.map(|hours| hours * 60);
            market.funding_rate(slot, &self.rate, minutes, self.next_funding, ts_event);
        }
        if interest {
            let (value, coins) = (&self.open_interest, &self.open_interest_value);
            // Inverse contracts are of one USD each: their number is the value in the quote currency.
            match product {
                Product::Inverse => market.open_interest(slot, value, "quote", value, ts_event),
                _ => market.open_interest(slot, value, "base", coins, ts_event),
            }
        }
        if let Some((prices, sizes)) = quote {
            market.ticker_quote(slot, "tickers", prices, sizes, ts_event);
        }
        if ticker.mark.is_none() && ticker.index.is_none() && !funding && !interest && quote.is_none() {
            market.item(End::Control);
        }
        Ok(())
    }
}

pub(super) fn tell_option_ticker(
    ts_event: u64,
    ticker: &OptionTicker<'_>,
    market: &mut Market,
) -> Result<(), Kind> {
    let slot = market.slot(&ticker.symbol)?;
    for price in [ticker.mark, ticker.index].into_iter().flatten() {
        market.check_price(price.0)?;
    }
    market.check_quote(ticker.prices, ticker.sizes)?;
    if let Some(mark) = ticker.mark {
        market.price_update(slot, DataType::MarkPrice, mark, ts_event);
    }
    if let Some(index) = ticker.index {
        market.price_update(slot, DataType::IndexPrice, index, ts_event);
    }
    if let [Some(delta), Some(gamma), Some(vega), Some(theta)] = ticker.greeks {
        let row = OptionGreeksRow {
            // Bybit sends no rho.
            greeks: [delta, gamma, vega, theta, 0.0],
            iv: ticker.iv,
            underlying_price: ticker.underlying,
            open_interest: ticker.open_interest.parse().ok(),
            ts_event,
            ts_init: 0,
        };
        market.option_greeks(slot, &row);
    }
    if !ticker.open_interest.is_empty() {
        market.open_interest(slot, &ticker.open_interest, "base", "", ts_event);
    }
    market.ticker_quote(slot, "tickers", ticker.prices, ticker.sizes, ts_event);
    Ok(())
}
