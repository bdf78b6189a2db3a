//! Messages as documented and captured, key by key; a book that is the market's after every message, checksum included.

use super::*;
use crate::market::instruments;

fn run(mut take: impl FnMut(&Market, Message)) {
    let mut market = Market::new(instruments(Product::Linear, 7, 50, 1), 1, 0);
    let mut wire = Okx::new(&market, 1, Channels::ALL, 0);
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
        let name = body.split('"').nth(5).unwrap_or_default().to_owned();
        found.entry(name).or_insert_with(|| keys(&body));
    });
    let wanted = [
        ("bbo-tbt", "arg channel instId data asks bids ts seqId"),
        ("books", "arg channel instId action data asks bids ts checksum seqId prevSeqId"),
        ("books5", "arg channel instId data asks bids instId ts seqId"),
        ("candle1m", "arg channel instId data"),
        (
            "funding-rate",
            "arg channel instId data formulaType fundingRate fundingTime impactValue instId instType interestRate \
             maxFundingRate method minFundingRate nextFundingRate nextFundingTime premium prevFundingTime \
             settFundingRate settState ts",
        ),
        ("index-tickers", "arg channel instId data instId idxPx open24h high24h low24h sodUtc0 sodUtc8 ts"),
        (
            "liquidation-orders",
            "arg channel instType data details bkLoss bkPx ccy posSide side sz ts instFamily instId instType uly",
        ),
        ("mark-price", "arg channel instId data instId instType markPx ts"),
        ("trades", "arg channel instId data instId tradeId px sz side ts count source seqId"),
        ("trades-all", "arg channel instId data instId tradeId px sz side ts source"),
    ];
    assert_eq!(found.iter().map(|(name, keys)| (&**name, &**keys)).collect::<Vec<_>>(), wanted);
}

#[test]
fn the_book_is_the_markets() {
    let mut held: Vec<[BTreeMap<i64, i64>; 2]> = vec![Default::default(); 7];
    let (mut last, mut diffs, mut quiet) = ([0; 7], 0, 0);
    run(|market, message| {
        let at = message.instrument;
        let (bids, asks) = match &message.content {
            Content::Snapshot(whole) => {
                last[at] = whole.id;
                (&whole.bids, &whole.asks)
            }
            Content::Diff(diff) => {
                assert_eq!(diff.after, last[at]);
                quiet += u64::from(diff.id == diff.after);
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
    assert!(diffs > 1_000 && quiet > 0, "{diffs} {quiet}");
}
