//! `exchangeInfo`.

use std::fmt::Write;

use super::{Binance, MILLI};
use crate::decimal::Decimal;
use crate::market::{Instrument, Market, Product, Term};
use crate::wire::{Carrier, Content, Message};

/// When contracts were listed, ms UTC: 2023-01-01.
const LISTED: u64 = 1_672_531_200_000;
/// The delivery date of what has none.
const NEVER: u64 = 4_133_404_800_000;

fn text(value: Decimal, places: u8) -> String {
    let mut out = Vec::new();
    value.write_padded(&mut out, places);
    out.iter().map(|b| char::from(*b)).collect()
}

impl Binance {
    pub(super) fn write_definitions(&self, market: &Market, at: u64) -> Message {
        let now = at / MILLI;
        let head = match self.product {
            Product::Spot => "",
            Product::Linear => "\"futuresType\":\"U_MARGINED\",",
            Product::Inverse => "\"futuresType\":\"COIN_MARGINED\",",
        };
        let mut body = format!(
            "{{\"timezone\":\"UTC\",\"serverTime\":{now},{head}\"rateLimits\":[{{\"rateLimitType\":\"REQUEST_WEIGHT\",\
             \"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":2400}}],\"exchangeFilters\":[],"
        );
        if self.product == Product::Linear {
            body.push_str(
                "\"assets\":[{\"asset\":\"USDT\",\"marginAvailable\":true,\"autoAssetExchange\":\"-10000\"}],",
            );
        }
        body.push_str("\"symbols\":[");
        for (at, (of, stream)) in market.instruments().iter().zip(&self.streams).enumerate() {
            if at > 0 {
                body.push(',');
            }
            match self.product {
                Product::Spot => spot(&mut body, of, &stream.symbol),
                _ => futures(&mut body, of, &stream.symbol, &stream.pair),
            }
        }
        body.push_str("]}");
        let url = match self.product {
            Product::Spot => "https://api.binance.com/api/v3/exchangeInfo",
            Product::Linear => "https://fapi.binance.com/fapi/v1/exchangeInfo",
            Product::Inverse => "https://dapi.binance.com/dapi/v1/exchangeInfo",
        };
        let carrier = Carrier::Answer { url: url.to_owned(), stream: None };
        Message { at, instrument: 0, body: body.into_bytes(), content: Content::Control, carrier }
    }
}

/// Spot: filters name their type first, and every number has eight decimals.
fn spot(body: &mut String, of: &Instrument, symbol: &str) {
    let (tick, step) = (text(of.price(1), 8), text(of.size(1), 8));
    let Instrument { base, quote, .. } = of;
    // Writing to a String cannot fail.
    let _ = write!(
        body,
        "{{\"symbol\":\"{symbol}\",\"status\":\"TRADING\",\"baseAsset\":\"{base}\",\"baseAssetPrecision\":8,\
         \"quoteAsset\":\"{quote}\",\"quotePrecision\":8,\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,\
         \"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\"],\
         \"icebergAllowed\":true,\"ocoAllowed\":true,\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":true,\
         \"filters\":[{{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"{tick}\",\"maxPrice\":\"1000000.00000000\",\
         \"tickSize\":\"{tick}\"}},{{\"filterType\":\"LOT_SIZE\",\"minQty\":\"{step}\",\
         \"maxQty\":\"90000000.00000000\",\"stepSize\":\"{step}\"}},{{\"filterType\":\"NOTIONAL\",\
         \"minNotional\":\"5.00000000\",\"applyMinToMarket\":true,\"maxNotional\":\"9000000.00000000\",\
         \"applyMaxToMarket\":false,\"avgPriceMins\":5}}],\"permissions\":[],\
         \"permissionSets\":[[\"SPOT\",\"MARGIN\"]]}}"
    );
}

/// Futures: filters name their type last of all, or in the middle.
fn futures(body: &mut String, of: &Instrument, symbol: &str, pair: &str) {
    let (tick, step) = (text(of.price(1), 0), text(of.size(1), 0));
    let Instrument { base, quote, price_places, size_places, .. } = of;
    let inverse = of.product == Product::Inverse;
    let (kind, delivery) = match of.term {
        Term::Perpetual => ("PERPETUAL", NEVER),
        Term::Until(end) => ("CURRENT_QUARTER", end / MILLI),
    };
    let (status, margin) = if inverse { ("contractStatus", base) } else { ("status", quote) };
    let size = if inverse { format!("\"contractSize\":{},", of.contract_size) } else { String::new() };
    let notional = if inverse { "" } else { ",{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"5\"}" };
    // Writing to a String cannot fail.
    let _ = write!(
        body,
        "{{\"symbol\":\"{symbol}\",\"pair\":\"{pair}\",\"contractType\":\"{kind}\",\"deliveryDate\":{delivery},\
         \"onboardDate\":{LISTED},\"{status}\":\"TRADING\",{size}\"marginAsset\":\"{margin}\",\
         \"maintMarginPercent\":\"2.5000\",\"requiredMarginPercent\":\"5.0000\",\"baseAsset\":\"{base}\",\
         \"quoteAsset\":\"{quote}\",\"pricePrecision\":{price_places},\"quantityPrecision\":{size_places},\
         \"baseAssetPrecision\":8,\"quotePrecision\":8,\"underlyingType\":\"COIN\",\"underlyingSubType\":[],\
         \"triggerProtect\":\"0.0500\",\"filters\":[{{\"minPrice\":\"{tick}\",\"maxPrice\":\"1000000\",\
         \"filterType\":\"PRICE_FILTER\",\"tickSize\":\"{tick}\"}},{{\"stepSize\":\"{step}\",\
         \"filterType\":\"LOT_SIZE\",\"maxQty\":\"90000000\",\"minQty\":\"{step}\"}}{notional}],\
         \"orderTypes\":[\"LIMIT\",\"MARKET\",\"STOP\"],\"timeInForce\":[\"GTC\",\"IOC\",\"FOK\",\"GTX\"],\
         \"liquidationFee\":\"0.006000\",\"marketTakeBound\":\"0.30\"}}"
    );
}
