//! Messages as documented and captured, key by key; a book that is the market's after every message.

use super::*;
use crate::market::instruments;

fn run(mut take: impl FnMut(&Market, Message)) {
    let mut market = Market::new(instruments(Product::Linear, 7, 50, 1), 1, 0);
    let mut wire = Deribit::new(&market, 1, Channels::ALL, 0);
    let (mut events, mut messages) = (Vec::new(), Vec::new());
    (0..7).for_each(|at| take(&market, wire.snapshot(&market, at, 0)));
    for _ in 0..60_000 {
        if market.next_at() <= wire.next_at() {
            events.clear();
            market.step(&mut events);
            events.iter().for_each(|event| wire.event(&market, event, &mut messages));
        } else {
            wire.tick(&market, &mut messages);
        }
        messages.drain(..).for_each(|message| take(&market, message));
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
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    run(|_, message| {
        let body = String::from_utf8(message.body).expect("ASCII");
        let channel = body.split('"').nth(13).unwrap_or_default();
        let family = channel.split('.').next().unwrap_or_default();
        let kind = if body.contains("\"type\":\"snapshot\"") { " snapshot" } else { "" };
        let kind = if channel.contains(".none.") { " few" } else { kind };
        // What some have and others have not: the longest.
        let keys = keys(&body).split_once("data ").map_or_else(String::new, |(_, keys)| keys.to_owned());
        let held = found.entry(format!("{family}{kind}")).or_default();
        if keys.len() > held.len() {
            *held = keys;
        }
    });
    let wanted = [
        ("book", "timestamp type change_id instrument_name bids asks prev_change_id"),
        ("book few", "instrument_name timestamp change_id bids asks"),
        ("book snapshot", "timestamp type change_id instrument_name bids asks"),
        ("chart", "tick open high low close volume cost"),
        ("deribit_price_index", "timestamp price index_name"),
        ("deribit_volatility_index", "timestamp volatility index_name"),
        ("perpetual", "timestamp interest index_price"),
        ("quote", "timestamp instrument_name best_ask_price best_bid_price best_ask_amount best_bid_amount"),
        (
            "ticker",
            "timestamp state stats high low price_change volume volume_usd index_price instrument_name last_price \
             settlement_price min_price max_price open_interest mark_price best_ask_price best_bid_price \
             estimated_delivery_price best_ask_amount best_bid_amount current_funding funding_8h",
        ),
        (
            "trades",
            "timestamp price amount direction index_price instrument_name trade_seq mark_price liquidation \
             tick_direction starbase_match_id trade_id contracts starbase_timestamp",
        ),
    ];
    assert_eq!(found.iter().map(|(name, keys)| (&**name, &**keys)).collect::<Vec<_>>(), wanted);
}

#[test]
fn the_book_is_the_markets() {
    let mut held: Vec<[BTreeMap<i64, i64>; 2]> = vec![Default::default(); 7];
    let (mut last, mut diffs, mut empty) = ([0; 7], 0, 0);
    run(|market, message| {
        let at = message.instrument;
        let (bids, asks) = match &message.content {
            Content::Snapshot(whole) => {
                last[at] = whole.id;
                (&whole.bids, &whole.asks)
            }
            Content::Diff(diff) => {
                assert_eq!(diff.after, last[at]);
                assert!(diff.id > diff.after);
                empty += u64::from(diff.bids.is_empty() && diff.asks.is_empty());
                last[at] = diff.id;
                diffs += 1;
                (&diff.bids, &diff.asks)
            }
            _ => return,
        };
        for (side, levels) in held[at].iter_mut().zip([bids, asks]) {
            for level in levels {
                if level.size == 0 {
                    assert!(side.remove(&level.price).is_some());
                } else {
                    side.insert(level.price, level.size);
                }
            }
        }
        for side in [Side::Buy, Side::Sell] {
            let want: BTreeMap<i64, i64> =
                market.book(at).levels(side).map(|level| (level.price, level.size)).collect();
            assert_eq!(held[at][side as usize], want);
        }
    });
    assert!(diffs > 1_000, "{diffs} {empty}");
}
