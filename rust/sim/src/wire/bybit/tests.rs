//! Messages as documented and captured, key by key; a window of the book that is the market's after every frame.

use super::*;
use crate::market::instruments;

fn run(kind: Kind, mut take: impl FnMut(&Market, &Bybit, Message)) {
    let product = match kind {
        Kind::Spot => Product::Spot,
        Kind::Linear | Kind::Option => Product::Linear,
        Kind::Inverse => Product::Inverse,
    };
    let mut market = Market::new(instruments(product, 6, 50, 1), 1, 0);
    let mut wire = Bybit::new(kind, &market, 1, Channels::ALL, 0, kind.depth());
    let (mut events, mut messages) = (Vec::new(), Vec::new());
    for _ in 0..60_000 {
        if market.next_at() <= wire.next_at() {
            events.clear();
            market.step(&mut events);
            events.iter().for_each(|event| wire.event(&market, event, &mut messages));
        } else {
            wire.tick(&market, &mut messages);
        }
        for message in messages.drain(..) {
            take(&market, &wire, message);
        }
    }
}

/// All keys, in the order sent.
fn keys(body: &str) -> String {
    let mut keys = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find("\":") {
        let start = rest[..at].rfind('"').map_or(0, |quote| quote + 1);
        keys.push(&rest[start..at]);
        rest = &rest[at + 2..];
    }
    keys.join(" ")
}

#[test]
fn keys_stand_in_the_venues_order() {
    const CANDLE: &str =
        "topic data start end interval open close high low volume turnover confirm timestamp ts type";
    for (kind, channel, want) in [
        (Kind::Spot, "publicTrade", "topic ts type data i T p v S seq s BT RPI"),
        (Kind::Spot, "orderbook.200", "topic ts type data s b a u seq cts"),
        (Kind::Spot, "orderbook.1", "topic ts type data s b a u seq cts"),
        (Kind::Spot, "kline.1", CANDLE),
        (Kind::Linear, "publicTrade", "topic type ts data T s S v p L i BT RPI seq"),
        (Kind::Linear, "orderbook.50", "topic type ts data s b a u seq cts"),
        (Kind::Linear, "orderbook.1", "topic ts type data s b a u seq cts"),
        (Kind::Linear, "kline.1", CANDLE),
        (Kind::Linear, "allLiquidation", "topic type ts data T s S v p"),
        (
            Kind::Inverse,
            "tickers",
            "topic type data symbol tickDirection price24hPcnt markPrice indexPrice nextFundingTime fundingRate cs ts",
        ),
        (Kind::Option, "publicTrade", "id topic ts data p v i T BT s S mP iP mIv iv type"),
        (Kind::Option, "orderbook.100", "id topic ts data s b a u seq type"),
        (
            Kind::Option,
            "tickers",
            "id topic ts data symbol bidPrice bidSize bidIv askPrice askSize askIv lastPrice highPrice24h lowPrice24h \
             markPrice indexPrice markPriceIv underlyingPrice openInterest turnover24h volume24h totalVolume \
             totalTurnover delta gamma vega theta predictedDeliveryPrice change24h type",
        ),
    ] {
        let mut found = None;
        run(kind, |_, _, message| {
            let body = String::from_utf8(message.body).expect("ASCII");
            if found.is_none() && body.contains(&format!("\"topic\":\"{channel}.")) {
                found = Some(keys(&body));
            }
        });
        assert_eq!(found.as_deref(), Some(want), "{kind:?} {channel}");
    }
}

#[test]
fn the_window_is_the_markets() {
    let mut held: Vec<Option<[BTreeMap<i64, i64>; 2]>> = vec![None; 6];
    let mut last = [0; 6];
    let mut diffs = 0;
    run(Kind::Linear, |market, wire, message| {
        let Content::Diff(diff) = &message.content else { return };
        let at = message.instrument;
        assert_eq!(diff.id, diff.after + 1);
        if let Some(sides) = &mut held[at] {
            assert_eq!(diff.after, last[at]);
            for (side, levels) in sides.iter_mut().zip([&diff.bids, &diff.asks]) {
                for level in levels {
                    if level.size == 0 {
                        assert!(side.remove(&level.price).is_some());
                    } else {
                        side.insert(level.price, level.size);
                    }
                }
            }
            diffs += 1;
        } else {
            held[at] = Some(wire.streams[at].told.clone());
        }
        last[at] = diff.id;
        for side in [Side::Buy, Side::Sell] {
            let want: BTreeMap<i64, i64> =
                market.book(at).levels(side).take(50).map(|level| (level.price, level.size)).collect();
            assert_eq!(held[at].as_ref().map(|sides| &sides[side as usize]), Some(&want));
        }
    });
    assert!(diffs > 1_000, "{diffs}");
}
