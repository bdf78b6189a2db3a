//! The answer of `public/instruments`.

use std::fmt::Write;

use super::{MILLI, Okx, index};
use crate::decimal::Decimal;
use crate::market::{Instrument, Market, Term};
use crate::wire::{Carrier, Content, Message};

/// When contracts were listed, ms UTC: 2023-01-01.
const LISTED: u64 = 1_672_531_200_000;

fn text(value: Decimal) -> String {
    let mut out = Vec::new();
    value.write_own(&mut out);
    out.iter().map(|b| char::from(*b)).collect()
}

impl Okx {
    pub(super) fn write_definitions(&self, market: &Market, at: u64) -> Message {
        let mut body = String::from("{\"code\":\"0\",\"data\":[");
        for (at, (of, stream)) in market.instruments().iter().zip(&self.streams).enumerate() {
            if at > 0 {
                body.push(',');
            }
            contract(&mut body, of, &stream.symbol);
        }
        body.push_str("],\"msg\":\"\"}");
        let url = "https://www.okx.com/api/v5/public/instruments?instType=SWAP".to_owned();
        let carrier = Carrier::Answer { url, stream: None };
        Message { at, instrument: 0, body: body.into_bytes(), content: Content::Control, carrier }
    }
}

fn contract(body: &mut String, of: &Instrument, symbol: &str) {
    let (tick, step, family) = (text(of.price(1)), text(of.size(1)), index(of));
    let Instrument { base, quote, .. } = of;
    let (kind, expires) = match of.term {
        Term::Perpetual => ("SWAP", String::new()),
        Term::Until(end) => ("FUTURES", (end / MILLI).to_string()),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        body,
        "{{\"alias\":\"\",\"auctionEndTime\":\"\",\"baseCcy\":\"\",\"category\":\"1\",\"contTdSwTime\":\"\",\
         \"ctMult\":\"1\",\"ctType\":\"linear\",\"ctVal\":\"0.01\",\"ctValCcy\":\"{base}\",\"expTime\":\"{expires}\",\
         \"futureSettlement\":false,\"instFamily\":\"{family}\",\"instId\":\"{symbol}\",\"instIdCode\":10458,\
         \"instType\":\"{kind}\",\"lever\":\"100\",\"listTime\":\"{LISTED}\",\"lotSz\":\"{step}\",\
         \"maxIcebergSz\":\"100000000.0000000000000000\",\"maxLmtAmt\":\"20000000\",\"maxLmtSz\":\"100000000\",\
         \"maxMktAmt\":\"\",\"maxMktSz\":\"30000\",\"maxStopSz\":\"30000\",\"minSz\":\"{step}\",\"optType\":\"\",\
         \"quoteCcy\":\"\",\"ruleType\":\"normal\",\"settleCcy\":\"{quote}\",\"state\":\"live\",\"stk\":\"\",\
         \"tickSz\":\"{tick}\",\"uly\":\"{family}\"}}"
    );
}
