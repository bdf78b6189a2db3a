//! Messages as documented and captured, key by key.

use super::*;
use crate::market::instruments;

/// The first message of each channel.
fn first(product: Product) -> Vec<(String, String)> {
    let mut market = Market::new(instruments(product, 6, 50, 1), 1, 0);
    let mut wire = Binance::new(&market, 1, Channels::ALL, 0);
    let (mut events, mut messages, mut found) = (Vec::new(), Vec::new(), Vec::<(String, String)>::new());
    for _ in 0..60_000 {
        if market.next_at() <= wire.next_at() {
            events.clear();
            market.step(&mut events);
            events.iter().for_each(|event| wire.event(&market, event, &mut messages));
        } else {
            wire.tick(&market, &mut messages);
        }
        for message in messages.drain(..) {
            let body = String::from_utf8(message.body).expect("ASCII");
            let stream = body.split('"').nth(3).unwrap_or_default().to_owned();
            let channel = stream.split_once('@').map_or("", |(_, channel)| channel).to_owned();
            if !found.iter().any(|(known, _)| *known == channel) {
                found.push((channel, body));
            }
        }
    }
    found
}

/// The keys of the innermost object that has any of its own, in the order sent.
fn keys(body: &str) -> String {
    let data = body.split_once("\"data\":").map_or(body, |(_, data)| data);
    let mut keys = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.find("\":") {
        let start = rest[..at].rfind('"').map_or(0, |quote| quote + 1);
        keys.push(&rest[start..at]);
        rest = &rest[at + 2..];
    }
    keys.join(" ")
}

#[test]
fn keys_stand_in_the_venues_order() {
    for (product, channel, want) in [
        (Product::Spot, "trade", "e E s t p q T m M"),
        (Product::Spot, "aggTrade", "e E s a p q f l T m M"),
        (Product::Spot, "bookTicker", "u s b B a A"),
        (Product::Spot, "depth@100ms", "e E s U u b a"),
        (Product::Spot, "depth20", "lastUpdateId bids asks"),
        (Product::Spot, "kline_1m", "e E s k t T s i f L o c h l v n x q V Q B"),
        (Product::Linear, "trade", "e E T s t p q X m st"),
        (Product::Linear, "aggTrade", "e E a s p q nq f l T m st"),
        (Product::Linear, "bookTicker", "e u s ps b B a A T E st"),
        (Product::Linear, "depth@100ms", "e E T s ps st U u pu b a"),
        (Product::Linear, "depth20@500ms", "e E T s ps st U u pu b a"),
        (Product::Linear, "markPrice@1s", "e E s p ap P i r T st"),
        (Product::Linear, "forceOrder", "e E o s S o f q p ap X l z T ps st"),
        (Product::Inverse, "aggTrade", "e E a s p q f l T m st"),
        (Product::Inverse, "bookTicker", "e u s ps b B a A T E st"),
        (Product::Inverse, "markPrice@1s", "e E s p P i r T st"),
        (Product::Inverse, "forceOrder", "e E o s ps S o f q p ap X l z T st"),
    ] {
        let found = first(product);
        let body = found.iter().find(|(known, _)| known == channel).map(|(_, body)| body.as_str());
        assert_eq!(body.map(keys).as_deref(), Some(want), "{product:?} {channel} {body:?}");
    }
}

#[test]
fn snapshots_hold_what_the_ids_say() {
    for product in [Product::Spot, Product::Linear, Product::Inverse] {
        let mut market = Market::new(instruments(product, 3, 50, 4), 4, 0);
        let mut wire = Binance::new(&market, 4, Channels::ALL, 0);
        let (mut events, mut messages) = (Vec::new(), Vec::new());
        let mut last = None;
        for _ in 0..5_000 {
            if market.next_at() <= wire.next_at() {
                events.clear();
                market.step(&mut events);
                events.iter().for_each(|event| wire.event(&market, event, &mut messages));
            } else {
                wire.tick(&market, &mut messages);
            }
            let snapshot = wire.snapshot(&market, 0, market.next_at());
            let Content::Snapshot(snapshot) = snapshot.content else { panic!("a snapshot") };
            for message in messages.drain(..).filter(|m| m.instrument == 0) {
                if let Content::Diff(diff) = message.content {
                    assert!(last.is_none_or(|last| last == diff.after) && diff.after < diff.id);
                    assert!(diff.id <= snapshot.id);
                    last = Some(diff.id);
                }
            }
        }
    }
}
