//! `instruments-info`.

use std::fmt::Write;

use super::{Bybit, Kind, MILLI, options};
use crate::decimal::Decimal;
use crate::market::{Instrument, Market, Product, Term};
use crate::wire::{Carrier, Content, Message};

/// When contracts were listed, ms UTC: 2023-01-01.
pub(super) const LISTED: u64 = 1_672_531_200_000;

pub(super) fn text(value: Decimal) -> String {
    let mut out = Vec::new();
    value.write_own(&mut out);
    out.iter().map(|b| char::from(*b)).collect()
}

impl Bybit {
    pub(super) fn write_definitions(&self, market: &Market, at: u64) -> Message {
        let category = self.kind.category();
        let mut body =
            format!("{{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{{\"category\":\"{category}\",\"list\":[");
        for (at, (of, stream)) in market.instruments().iter().zip(&self.streams).enumerate() {
            if at > 0 {
                body.push(',');
            }
            match self.kind {
                Kind::Spot => spot(&mut body, of, &stream.symbol),
                Kind::Linear | Kind::Inverse => contract(&mut body, of, &stream.symbol),
                Kind::Option => options::define(&mut body, of, &stream.symbol),
            }
        }
        // Writing to a String cannot fail.
        let _ = write!(body, "],\"nextPageCursor\":\"\"}},\"retExtInfo\":{{}},\"time\":{}}}", at / MILLI);
        let url = format!("https://api.bybit.com/v5/market/instruments-info?category={category}&limit=1000");
        let carrier = Carrier::Answer { url, stream: None };
        Message { at, instrument: 0, body: body.into_bytes(), content: Content::Control, carrier }
    }
}

fn spot(body: &mut String, of: &Instrument, symbol: &str) {
    let (tick, step) = (text(of.price(1)), text(of.size(1)));
    let Instrument { base, quote, .. } = of;
    let _ = write!(
        body,
        "{{\"symbol\":\"{symbol}\",\"baseCoin\":\"{base}\",\"quoteCoin\":\"{quote}\",\"innovation\":\"0\",\
         \"status\":\"Trading\",\"marginTrading\":\"both\",\"lotSizeFilter\":{{\"basePrecision\":\"{step}\",\
         \"quotePrecision\":\"0.0000001\",\"minOrderQty\":\"{step}\",\"maxOrderQty\":\"9000000\",\"minOrderAmt\":\"5\",\
         \"maxOrderAmt\":\"8000000\"}},\"priceFilter\":{{\"tickSize\":\"{tick}\"}}}}"
    );
}

fn contract(body: &mut String, of: &Instrument, symbol: &str) {
    let (tick, step) = (text(of.price(1)), text(of.size(1)));
    let Instrument { base, quote, .. } = of;
    let inverse = of.product == Product::Inverse;
    let (kind, delivery) = match (of.term, inverse) {
        (Term::Perpetual, false) => ("LinearPerpetual", 0),
        (Term::Perpetual, true) => ("InversePerpetual", 0),
        (Term::Until(end), false) => ("LinearFutures", end / MILLI),
        (Term::Until(end), true) => ("InverseFutures", end / MILLI),
    };
    let settle = if inverse { base } else { quote };
    let _ = write!(
        body,
        "{{\"symbol\":\"{symbol}\",\"contractType\":\"{kind}\",\"status\":\"Trading\",\"baseCoin\":\"{base}\",\
         \"quoteCoin\":\"{quote}\",\"launchTime\":\"{LISTED}\",\"deliveryTime\":\"{delivery}\",\"deliveryFeeRate\":\"\",\
         \"priceScale\":\"{}\",\"leverageFilter\":{{\"minLeverage\":\"1\",\"maxLeverage\":\"100.00\",\
         \"leverageStep\":\"0.01\"}},\"priceFilter\":{{\"minPrice\":\"{tick}\",\"maxPrice\":\"1999999.80\",\
         \"tickSize\":\"{tick}\"}},\"lotSizeFilter\":{{\"maxOrderQty\":\"90000000\",\"minOrderQty\":\"{step}\",\
         \"qtyStep\":\"{step}\",\"postOnlyMaxOrderQty\":\"90000000\",\"maxMktOrderQty\":\"1000000\",\
         \"minNotionalValue\":\"5\"}},\"unifiedMarginTrade\":true,\"fundingInterval\":480,\"settleCoin\":\"{settle}\",\
         \"copyTrading\":\"both\",\"upperFundingRate\":\"0.005\",\"lowerFundingRate\":\"-0.005\"}}",
        of.price_places
    );
}
