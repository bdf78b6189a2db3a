//! Invented frames in the documented layouts of Binance USD-M, Bybit, OKX, Kraken and Deribit, always the same ones.

/// A small generator of numbers (PCG-XSH-RR 64/32, O'Neill 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u32 {
        let old = self.0;
        self.0 = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(n)) >> 32) as u32
    }
}

fn level(price: u64, size: u64) -> String {
    format!("[\"{}.{:02}\",\"{}.{:03}\"]", price / 100, price % 100, size / 1_000, size % 1_000)
}

/// Levels of bids and of asks: price in hundredths, size in thousandths.
type Sides = [Vec<(u64, u64)>; 2];

/// The same as JSON, arrays of two texts, without the brackets around them.
fn texts(sides: Sides) -> [String; 2] {
    sides.map(|side| {
        let all: Vec<String> = side.into_iter().map(|(price, size)| level(price, size)).collect();
        all.join(",")
    })
}

/// A book and `n` changes of it of `levels` levels each, most of them near the top.
fn book(n: usize, levels: usize) -> (Sides, Vec<Sides>) {
    let mut chance = Chance(7);
    let mut middle = 6_311_320_u64;
    let side = |middle: u64, sign: i64, chance: &mut Chance| {
        (1..=1_000_i64)
            .map(|i| (middle.wrapping_add_signed(sign * i * 10), u64::from(chance.below(90_000)) + 1))
            .collect::<Vec<_>>()
    };
    let bids = side(middle, -1, &mut chance);
    let asks = side(middle, 1, &mut chance);
    let mut held: [std::collections::BTreeSet<u64>; 2] = Default::default();
    for (held, sign) in held.iter_mut().zip([-1, 1]) {
        held.extend((1..=1_000).map(|i| middle.wrapping_add_signed(sign * i * 10)));
    }
    let mut changes = Vec::with_capacity(n);
    for _ in 0..n {
        middle = middle.wrapping_add_signed((i64::from(chance.below(3)) - 1) * 10);
        let mut sides = [Vec::new(), Vec::new()];
        for (at, sign) in [-1_i64, 1].into_iter().enumerate() {
            // Levels that the price has passed go first.
            let passed = |price: &u64| if sign < 0 { *price >= middle } else { *price <= middle };
            let gone: Vec<u64> = held[at].iter().copied().filter(passed).collect();
            // The distance from the top falls off as in recorded books: half within five ticks.
            let mut steps: Vec<i64> = Vec::new();
            while steps.len() + gone.len() < levels / 2 {
                let reach = 1 + chance.below(8).pow(2) as i64 * i64::from(1 + chance.below(4));
                let step = 1 + i64::from(chance.below(reach as u32));
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
            steps.sort_unstable();
            let mut all: Vec<(u64, u64)> = gone.iter().map(|price| (*price, 0)).collect();
            held[at].retain(|price| !passed(price));
            all.extend(steps.into_iter().map(|step| {
                let size = if chance.below(4) == 0 { 0 } else { u64::from(chance.below(60_000)) + 1 };
                let price = middle.wrapping_add_signed(sign * step * 10);
                if size == 0 {
                    held[at].remove(&price);
                } else {
                    held[at].insert(price);
                }
                (price, size)
            }));
            sides[at] = all;
        }
        changes.push(sides);
    }
    ([bids, asks], changes)
}

/// A snapshot and `n` diffs of `levels` levels each that follow it, of Binance USD-M.
pub fn depth(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let (whole, changes) = book(n, levels);
    let [bids, asks] = texts(whole);
    let mut chance = Chance(17);
    let mut id = 8_000_000_000_u64;
    let snapshot = format!(
        "{{\"stream\":\"btcusdt@depthSnapshot\",\"generated\":true,\"data\":{{\"lastUpdateId\":{id},\"E\":1700000000000,\"T\":1700000000000,\"bids\":[{bids}],\"asks\":[{asks}]}}}}"
    );
    let mut frames = Vec::with_capacity(n);
    for (at, sides) in changes.into_iter().enumerate() {
        let [bids, asks] = texts(sides);
        let previous = id;
        let first = id + 1 + u64::from(chance.below(40));
        id = first + u64::from(chance.below(400));
        let time = 1_700_000_000_000 + at as u64 * 100;
        frames.push(
            format!(
                "{{\"stream\":\"btcusdt@depth@100ms\",\"data\":{{\"e\":\"depthUpdate\",\"E\":{},\"T\":{time},\"s\":\"BTCUSDT\",\"U\":{first},\"u\":{id},\"pu\":{previous},\"b\":[{bids}],\"a\":[{asks}]}}}}",
                time + 3
            )
            .into_bytes(),
        );
    }
    (Some(snapshot.into_bytes()), frames)
}

/// The same book as Bybit's `orderbook.1000` tells it.
pub fn orderbook(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let (whole, changes) = book(n, levels);
    let frame = |kind: &str, at: usize, sides: Sides| {
        let [bids, asks] = texts(sides);
        let (time, u, seq) = (1_700_000_000_000 + at * 200, 20_254_869 + at, 130_020_238_981 + at * 350);
        format!(
            "{{\"topic\":\"orderbook.1000.BTCUSDT\",\"type\":\"{kind}\",\"ts\":{},\"data\":{{\"s\":\"BTCUSDT\",\"b\":[{bids}],\"a\":[{asks}],\"u\":{u},\"seq\":{seq}}},\"cts\":{time}}}",
            time + 3
        )
        .into_bytes()
    };
    let frames = changes.into_iter().enumerate().map(|(at, sides)| frame("delta", at + 1, sides)).collect();
    (Some(frame("snapshot", 0, whole)), frames)
}

/// The same book as Deribit's `book.….100ms` tells it: bare numbers, each level with what is to be done.
pub fn changes(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let (whole, changes) = book(n, levels);
    // `["63113.20","1.500"]` as `["new",63113.2,1.5]`; what is changed is spelt like what is new.
    let told = |side: &str| -> String {
        let levels = side.split("],[").map(|level| {
            let mut numbers = level.split(',').map(|text| text.trim_matches(['[', ']', '"']));
            let [price, size] = [numbers.next(), numbers.next()].map(|text| short(text.unwrap_or_default()));
            let action = if size == "0.0" { "delete" } else { "new" };
            format!("[\"{action}\",{price},{size}]")
        });
        if side.is_empty() { String::new() } else { levels.collect::<Vec<_>>().join(",") }
    };
    let frame = |at: usize, [bids, asks]: Sides, previous: Option<usize>| {
        let id = |at: usize| 118_850_968_930 + at * 813;
        let (time, kind) = (1_700_000_000_000 + at * 100, if previous.is_some() { "change" } else { "snapshot" });
        let previous = previous.map_or_else(String::new, |at| format!(",\"prev_change_id\":{}", id(at)));
        format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{{\"channel\":\"book.BTC_USDC-PERPETUAL.100ms\",\"data\":{{\"timestamp\":{time},\"type\":\"{kind}\",\"change_id\":{},\"instrument_name\":\"BTC_USDC-PERPETUAL\",\"bids\":[{}],\"asks\":[{}]{previous}}}}}}}",
            id(at),
            told(&bids),
            told(&asks)
        )
        .into_bytes()
    };
    let frames = changes.into_iter().enumerate().map(|(at, sides)| frame(at + 1, sides, Some(at))).collect();
    (Some(frame(0, whole, None)), frames)
}

/// A number without zeros at its end, as Erlang writes a double.
fn short(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}.0"),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// The same book as OKX's `books` tells it: levels of four members, no checksum, as since 2026-06.
pub fn books(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let (whole, changes) = book(n, levels);
    let frame = |action: &str, at: usize, sides: Sides| {
        let [bids, asks] = texts(sides).map(|side| side.replace("\"]", "\",\"0\",\"13\"]"));
        let (time, seq, previous) = (1_700_000_000_000 + at * 100, 32_032_594_283 + at * 32, at as i64 - 1);
        let previous = if previous < 0 { -1 } else { 32_032_594_283 + previous * 32 };
        format!(
            "{{\"arg\":{{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"}},\"action\":\"{action}\",\"data\":[{{\"asks\":[{asks}],\"bids\":[{bids}],\"ts\":\"{time}\",\"checksum\":0,\"seqId\":{seq},\"prevSeqId\":{previous}}}]}}"
        )
        .into_bytes()
    };
    let frames = changes.into_iter().enumerate().map(|(at, sides)| frame("update", at + 1, sides)).collect();
    (Some(frame("snapshot", 0, whole)), frames)
}

/// The same book as Kraken's spot `book` of depth 1000 tells it: levels are objects of numbers, each message has the checksum of
/// what the book is after it.
pub fn proven_book(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let (whole, changes) = book(n, levels);
    let mut held: [std::collections::BTreeMap<u64, u64>; 2] = Default::default();
    let mut frame = |kind: &str, at: usize, sides: Sides| {
        for (held, side) in held.iter_mut().zip(&sides) {
            for (price, size) in side {
                if *size == 0 {
                    held.remove(price)
                } else {
                    held.insert(*price, *size)
                };
            }
        }
        // Both are written with all their decimals, so their digits are those of the integers.
        let digits = |(price, size): (&u64, &u64)| format!("{price}{size}");
        let asks: String = held[1].iter().take(10).map(digits).collect();
        let bids: String = held[0].iter().rev().take(10).map(digits).collect();
        let checksum = crc32fast::hash(format!("{asks}{bids}").as_bytes());
        let [bids, asks] = sides.map(|side| {
            let level = |(price, size): (u64, u64)| {
                let (price, part) = (price / 100, price % 100);
                format!("{{\"price\":{price}.{part:02},\"qty\":{}.{:03}}}", size / 1_000, size % 1_000)
            };
            side.into_iter().map(level).collect::<Vec<_>>().join(",")
        });
        let (second, micros) = (at / 10, at % 10 * 100_000);
        let clock = format!("{:02}:{:02}:{:02}.{micros:06}", second / 3_600, second / 60 % 60, second % 60);
        format!(
            "{{\"channel\":\"book\",\"type\":\"{kind}\",\"data\":[{{\"symbol\":\"BTC/USD\",\"bids\":[{bids}],\"asks\":[{asks}],\"checksum\":{checksum},\"timestamp\":\"2023-11-14T{clock}Z\"}}]}}"
        )
        .into_bytes()
    };
    let snapshot = frame("snapshot", 0, whole);
    let frames = changes.into_iter().enumerate().map(|(at, sides)| frame("update", at + 1, sides)).collect();
    (Some(snapshot), frames)
}

/// The same changes as Kraken Futures tells them: one level a message.
pub fn one_level_books(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let (whole, changes) = book(n, levels);
    let [bids, asks] = whole.map(|side| {
        let level = |(price, size): (u64, u64)| {
            let (price, part) = (price / 100, price % 100);
            format!("{{\"price\":{price}.{part:02},\"qty\":{}.{:03}}}", size / 1_000, size % 1_000)
        };
        side.into_iter().map(level).collect::<Vec<_>>().join(",")
    });
    let mut seq = 26_660_860_u64;
    let snapshot = format!(
        "{{\"feed\":\"book_snapshot\",\"product_id\":\"PF_XBTUSD\",\"timestamp\":1700000000000,\"seq\":{seq},\"tickSize\":null,\"bids\":[{bids}],\"asks\":[{asks}]}}"
    );
    let mut frames = Vec::with_capacity(n * levels);
    for (at, sides) in changes.into_iter().enumerate() {
        for (side, levels) in ["buy", "sell"].into_iter().zip(sides) {
            for (price, size) in levels {
                seq += 1;
                frames.push(
                    format!(
                        "{{\"feed\":\"book\",\"product_id\":\"PF_XBTUSD\",\"side\":\"{side}\",\"seq\":{seq},\"price\":{}.{:02},\"qty\":{}.{:03},\"timestamp\":{}}}",
                        price / 100,
                        price % 100,
                        size / 1_000,
                        size % 1_000,
                        1_700_000_000_000 + at * 100
                    )
                    .into_bytes(),
                );
            }
        }
    }
    (Some(snapshot.into_bytes()), frames)
}

/// `n` aggregate trades.
pub fn agg_trades(n: usize) -> Vec<Vec<u8>> {
    let mut chance = Chance(11);
    let mut trade = 8_154_045_700_u64;
    let mut frames = Vec::with_capacity(n);
    for at in 0..n as u64 {
        let first = trade + 1;
        trade = first + u64::from(chance.below(5));
        let price = 8_343_440 + u64::from(chance.below(2_000));
        let size = u64::from(chance.below(5_000)) + 1;
        let (whole, part) = (size / 1_000, size % 1_000);
        let time = 1_700_000_000_000 + at * 7;
        frames.push(
            format!(
                "{{\"stream\":\"btcusdt@aggTrade\",\"data\":{{\"e\":\"aggTrade\",\"E\":{},\"a\":{},\"s\":\"BTCUSDT\",\"p\":\"{}.{:02}\",\"q\":\"{whole}.{part:03}\",\"f\":{first},\"l\":{trade},\"T\":{time},\"m\":{}}}}}",
                time + 2,
                3_478_018_549 + at,
                price / 100,
                price % 100,
                chance.below(2) == 1,
            )
            .into_bytes(),
        );
    }
    frames
}

/// `n` best bids and asks.
pub fn book_tickers(n: usize) -> Vec<Vec<u8>> {
    let mut chance = Chance(13);
    let mut id = 8_000_000_000_u64;
    let mut frames = Vec::with_capacity(n);
    for at in 0..n as u64 {
        id += 1 + u64::from(chance.below(50));
        let price = 8_343_440 + u64::from(chance.below(2_000));
        let sizes = [chance.below(50_000) + 1, chance.below(50_000) + 1];
        let time = 1_700_000_000_000 + at * 5;
        frames.push(
            format!(
                "{{\"stream\":\"btcusdt@bookTicker\",\"data\":{{\"e\":\"bookTicker\",\"u\":{id},\"s\":\"BTCUSDT\",\"b\":\"{}.{:02}\",\"B\":\"{}.{:03}\",\"a\":\"{}.{:02}\",\"A\":\"{}.{:03}\",\"T\":{time},\"E\":{}}}}}",
                price / 100,
                price % 100,
                sizes[0] / 1_000,
                sizes[0] % 1_000,
                (price + 10) / 100,
                (price + 10) % 100,
                sizes[1] / 1_000,
                sizes[1] % 1_000,
                time + 2,
            )
            .into_bytes(),
        );
    }
    frames
}
