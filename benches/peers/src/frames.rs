//! Invented frames in the documented layouts of Binance USD-M, always the same ones.

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

/// Levels of bids and of asks, as JSON without the brackets around them.
type Sides = [String; 2];

/// A book and `n` changes of it of `levels` levels each, most of them near the top.
fn book(n: usize, levels: usize) -> (Sides, Vec<Sides>) {
    let mut chance = Chance(7);
    let mut middle = 6_311_320_u64;
    let side = |middle: u64, sign: i64, chance: &mut Chance| {
        let all: Vec<String> = (1..=1_000_i64)
            .map(|i| level(middle.wrapping_add_signed(sign * i * 10), u64::from(chance.below(90_000)) + 1))
            .collect();
        all.join(",")
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
        let mut sides = [String::new(), String::new()];
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
            let mut all: Vec<String> = gone.iter().map(|price| level(*price, 0)).collect();
            held[at].retain(|price| !passed(price));
            all.extend(steps.into_iter().map(|step| {
                let size = if chance.below(4) == 0 { 0 } else { u64::from(chance.below(60_000)) + 1 };
                let price = middle.wrapping_add_signed(sign * step * 10);
                if size == 0 {
                    held[at].remove(&price);
                } else {
                    held[at].insert(price);
                }
                level(price, size)
            }));
            sides[at] = all.join(",");
        }
        changes.push(sides);
    }
    ([bids, asks], changes)
}

/// A snapshot and `n` diffs of `levels` levels each that follow it, of Binance USD-M.
pub fn depth(n: usize, levels: usize) -> (Option<Vec<u8>>, Vec<Vec<u8>>) {
    let ([bids, asks], changes) = book(n, levels);
    let mut chance = Chance(17);
    let mut id = 8_000_000_000_u64;
    let snapshot = format!(
        "{{\"stream\":\"btcusdt@depthSnapshot\",\"generated\":true,\"data\":{{\"lastUpdateId\":{id},\"E\":1700000000000,\"T\":1700000000000,\"bids\":[{bids}],\"asks\":[{asks}]}}}}"
    );
    let mut frames = Vec::with_capacity(n);
    for (at, [bids, asks]) in changes.into_iter().enumerate() {
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
