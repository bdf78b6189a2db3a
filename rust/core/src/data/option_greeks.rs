//! Greeks of an option (Nautilus `OptionGreeks`): doubles, volatilities as fractions.

use super::columns;

/// One set of greeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionGreeksRow {
    /// Delta, gamma, vega, theta, rho.
    pub greeks: [f64; 5],
    /// Mark, bid and ask implied volatility, fractions.
    pub iv: [Option<f64>; 3],
    /// Price of the underlying.
    pub underlying_price: Option<f64>,
    /// Open interest.
    pub open_interest: Option<f64>,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of greeks.
    OptionGreeksColumns {
        /// Deltas.
        delta: Vec<f64>,
        /// Gammas.
        gamma: Vec<f64>,
        /// Vegas.
        vega: Vec<f64>,
        /// Thetas.
        theta: Vec<f64>,
        /// Rhos.
        rho: Vec<f64>,
        /// Mark volatilities.
        mark_iv: Vec<Option<f64>>,
        /// Bid volatilities.
        bid_iv: Vec<Option<f64>>,
        /// Ask volatilities.
        ask_iv: Vec<Option<f64>>,
        /// Prices of the underlying.
        underlying_price: Vec<Option<f64>>,
        /// Open interests.
        open_interest: Vec<Option<f64>>,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl OptionGreeksColumns {
    /// Appends one set of greeks.
    pub fn push(&mut self, row: &OptionGreeksRow) {
        self.delta.push(row.greeks[0]);
        self.gamma.push(row.greeks[1]);
        self.vega.push(row.greeks[2]);
        self.theta.push(row.greeks[3]);
        self.rho.push(row.greeks[4]);
        self.mark_iv.push(row.iv[0]);
        self.bid_iv.push(row.iv[1]);
        self.ask_iv.push(row.iv[2]);
        self.underlying_price.push(row.underlying_price);
        self.open_interest.push(row.open_interest);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
