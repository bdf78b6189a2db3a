//! Messages as documented and captured, key by key; a book that is the market's after every message.

use super::*;
use crate::market::instruments;
use crate::wire::OrderEvent;

fn run(channels: Channels, mut take: impl FnMut(&Market, Message)) {
    let mut market = Market::new(instruments(Product::Spot, 7, 50, 1), 1, 0);
    let mut wire = Kraken::new(&market, channels, 0);
    let (mut events, mut messages) = (Vec::new(), Vec::new());
    (0..7).for_each(|at| take(&market, wire.snapshot(&market, at, 0)));
    for _ in 0..30_000 {
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

/// All keys, in the order sent; those of levels once.
fn keys(body: &str) -> String {
    let mut keys: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find("\":") {
        let start = rest[..at].rfind('"').map_or(0, |quote| quote + 1);
        let key = &rest[start..at];
        if !["price", "qty"].contains(&key) || body.contains("trade_id") {
            keys.push(key);
        }
        rest = &rest[at + 2..];
    }
    keys.join(" ")
}

#[test]
fn keys_stand_in_the_venues_order() {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    run(Channels::ALL, |_, message| {
        let body = String::from_utf8(message.body).expect("ASCII");
        let name = body.split('"').nth(3).unwrap_or_default().to_owned();
        found.entry(name).or_insert_with(|| keys(&body));
    });
    let wanted = [
        ("book", "channel type data symbol bids asks checksum timestamp"),
        (
            "ohlc",
            "channel type timestamp data symbol open high low close trades volume vwap interval_begin interval \
             timestamp",
        ),
        (
            "ticker",
            "channel type data symbol bid bid_qty ask ask_qty last volume vwap low high change change_pct timestamp",
        ),
        ("trade", "channel type data symbol side price qty ord_type trade_id timestamp"),
    ];
    assert_eq!(found.iter().map(|(name, keys)| (&**name, &**keys)).collect::<Vec<_>>(), wanted);
}

#[test]
fn the_book_is_the_markets() {
    let mut held: Vec<[BTreeMap<i64, i64>; 2]> = vec![Default::default(); 7];
    let (mut last, mut cut) = ([0; 7], 0);
    run(Channels::ALL, |market, message| {
        let Content::Proven(proven) = &message.content else { return };
        let at = message.instrument;
        assert!(proven.whole || proven.ts_event > last[at]);
        last[at] = proven.ts_event;
        for (side, levels) in [(Side::Buy, &proven.bids), (Side::Sell, &proven.asks)] {
            let book = &mut held[at][side as usize];
            for level in levels {
                if level.size == 0 {
                    assert!(book.remove(&level.price).is_some());
                } else {
                    book.insert(level.price, level.size);
                }
            }
            while book.len() > proven.depth {
                cut += 1;
                let _ = if side == Side::Buy { book.pop_first() } else { book.pop_last() };
            }
            let want: BTreeMap<i64, i64> =
                market.book(at).levels(side).take(proven.depth).map(|l| (l.price, l.size)).collect();
            assert_eq!(*book, want);
        }
    });
    assert!(cut > 100, "{cut}");
}

#[test]
fn the_orders_are_the_markets_levels() {
    let mut sizes: Vec<BTreeMap<String, (Side, i64, i64)>> = vec![BTreeMap::new(); 7];
    let mut told = 0;
    run(Channels::of(Channel::Orders), |market, message| {
        let Content::ByOrder(orders) = &message.content else { return };
        let (at, held) = (message.instrument, &mut sizes[message.instrument]);
        for change in &orders.changes {
            told += 1;
            let place = (change.side, change.level.price, change.level.size);
            match change.event {
                OrderEvent::Add => assert!(held.insert(change.id.clone(), place).is_none()),
                OrderEvent::Modify => assert!(held.insert(change.id.clone(), place).is_some()),
                OrderEvent::Delete => assert!(held.remove(&change.id).is_some()),
            }
        }
        for side in [Side::Buy, Side::Sell] {
            let want: BTreeMap<i64, i64> =
                market.book(at).levels(side).take(orders.depth).map(|l| (l.price, l.size)).collect();
            // What left the depth is not told to be gone.
            held.retain(|_, (of, price, _)| *of != side || want.contains_key(price));
            let mut found = BTreeMap::new();
            for (_, price, size) in held.values().filter(|order| order.0 == side) {
                *found.entry(*price).or_insert(0) += size;
            }
            assert_eq!(found, want);
        }
    });
    assert!(told > 10_000, "{told}");
}
