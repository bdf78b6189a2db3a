//! Messages as documented and captured, key by key; a book that is the market's after every action.

use std::collections::BTreeMap;

use super::*;
use crate::market::{Book, instruments};

fn run(mut take: impl FnMut(&Market, Message), mut settled: impl FnMut(&Market, usize)) {
    let mut market = Market::new(instruments(Product::Linear, 7, 50, 1), 1, 0);
    let mut wire = Futures::new(&market, 1, Channels::ALL, 0);
    let (mut events, mut messages) = (Vec::new(), Vec::new());
    (0..7).for_each(|at| take(&market, wire.snapshot(&market, at, 0)));
    for _ in 0..30_000 {
        events.clear();
        market.step(&mut events);
        events.iter().for_each(|event| wire.event(&market, event, &mut messages));
        messages.drain(..).for_each(|message| take(&market, message));
        settled(&market, events[0].instrument);
    }
}

/// All keys, in the order sent; those of levels once.
fn keys(body: &str) -> String {
    let mut keys: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find("\":") {
        let start = rest[..at].rfind('"').map_or(0, |quote| quote + 1);
        let key = &rest[start..at];
        if !["price", "qty"].contains(&key) || !body.contains("book_snapshot") {
            keys.push(key);
        }
        rest = &rest[at + 2..];
    }
    keys.join(" ")
}

#[test]
fn keys_stand_in_the_venues_order() {
    const TICKER: &str = "time product_id funding_rate funding_rate_prediction relative_funding_rate \
        relative_funding_rate_prediction next_funding_rate_time leverage premium feed bid ask bid_size ask_size volume dtm \
        index last change suspended tag pair openInterest markPrice maturityTime post_only volumeQuote open high low";
    let mut found: BTreeMap<(String, bool), String> = BTreeMap::new();
    run(
        |_, message| {
            let is_old = message.instrument % 2 == 1;
            let body = String::from_utf8(message.body).expect("ASCII");
            let after = body.split_once("\"feed\":\"").map_or("", |(_, rest)| rest);
            let name = after.split('"').next().unwrap_or_default().to_owned();
            if !body.contains("FF_") {
                found.entry((name, is_old)).or_insert_with(|| keys(&body));
            }
        },
        |_, _| (),
    );
    let book = "feed product_id side seq price qty timestamp";
    let whole = "feed product_id timestamp seq tickSize bids asks";
    for (name, now, old) in [
        ("book", book, book),
        ("book_snapshot", whole, whole),
        ("ticker", TICKER, TICKER),
        (
            "trade",
            "product_id feed uid side type time qty price seq",
            "feed product_id uid side type seq time qty price",
        ),
    ] {
        assert_eq!(found[&(name.to_owned(), false)], now);
        assert_eq!(found[&(name.to_owned(), true)], old);
    }
    assert_eq!(found.len(), 8);
}

#[test]
fn the_book_is_the_markets() {
    let held: std::cell::RefCell<Vec<(u64, Book)>> = std::cell::RefCell::new(vec![Default::default(); 7]);
    let (mut diffs, mut forced, mut states) = (0, 0, std::collections::BTreeSet::new());
    run(
        |_, message| {
            let (last, book) = &mut held.borrow_mut()[message.instrument];
            match message.content {
                Content::Snapshot(whole) => {
                    whole.bids.iter().for_each(|level| book.set(Side::Buy, level.price, level.size));
                    whole.asks.iter().for_each(|level| book.set(Side::Sell, level.price, level.size));
                    *last = whole.id;
                }
                Content::Diff(diff) => {
                    assert_eq!((diff.after, diff.id), (*last, *last + 1));
                    assert_eq!(diff.bids.len() + diff.asks.len(), 1);
                    diff.bids.iter().for_each(|level| book.set(Side::Buy, level.price, level.size));
                    diff.asks.iter().for_each(|level| book.set(Side::Sell, level.price, level.size));
                    (*last, diffs) = (diff.id, diffs + 1);
                }
                Content::Forced { .. } => forced += 1,
                Content::Several(all) => states.extend(all.into_iter().filter_map(|content| match content {
                    Content::Status { reason, .. } => Some(reason),
                    _ => None,
                })),
                _ => {}
            }
        },
        |market, at| {
            let book = &held.borrow()[at].1;
            for side in [Side::Buy, Side::Sell] {
                assert!(book.levels(side).eq(market.book(at).levels(side)));
            }
        },
    );
    assert!(diffs > 10_000 && forced > 5, "{diffs} {forced}");
    assert_eq!(states.into_iter().collect::<Vec<_>>(), ["post_only", "suspended", "trading"]);
}
