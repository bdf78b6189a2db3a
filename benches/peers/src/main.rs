//! tickwright's decoders beside JSON parsers, in one process, on the same frames.
//!
//! Prints one JSON object: for each kind of frame and each reader the best of several rounds, in bytes per
//! second. Rounds of all readers alternate, so that a machine that slows down slows all of them.
//!
//! Arguments: the number of rounds, then the feeds whose books are measured, and nothing else; without them, everything.

use std::hint::black_box;
use std::time::Instant;

use serde::Deserialize;
use tickwright_core::bench::DepthReader;
use tickwright_core::data::DeltaColumns;
use tickwright_core::feed::{Feed, FeedOptions, Frame};
use tickwright_core::frame::FrameKind;
use tickwright_core::venue;

mod books;
mod frames;

#[derive(Deserialize)]
struct Combined<'a, T> {
    #[serde(borrow)]
    stream: &'a str,
    data: T,
}

#[allow(non_snake_case)]
#[derive(Deserialize)]
struct Depth<'a> {
    e: &'a str,
    E: u64,
    T: u64,
    s: &'a str,
    U: u64,
    u: u64,
    pu: u64,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
}

#[allow(non_snake_case)]
#[derive(Deserialize)]
struct AggTrade<'a> {
    e: &'a str,
    E: u64,
    a: u64,
    s: &'a str,
    p: &'a str,
    q: &'a str,
    f: u64,
    l: u64,
    T: u64,
    m: bool,
}

#[allow(non_snake_case)]
#[derive(Deserialize)]
struct BookTicker<'a> {
    e: &'a str,
    u: u64,
    s: &'a str,
    b: &'a str,
    B: &'a str,
    a: &'a str,
    A: &'a str,
    T: u64,
    E: u64,
}

trait Weigh {
    fn weigh(&self) -> u64;
}

impl Weigh for Depth<'_> {
    fn weigh(&self) -> u64 {
        let text = self.e.len() + self.s.len() + self.b.len() + self.a.len();
        self.E ^ self.T ^ self.U ^ self.u ^ self.pu ^ text as u64
    }
}

impl Weigh for AggTrade<'_> {
    fn weigh(&self) -> u64 {
        let text = self.e.len() + self.s.len() + self.p.len() + self.q.len();
        self.E ^ self.a ^ self.f ^ self.l ^ self.T ^ u64::from(self.m) ^ text as u64
    }
}

impl Weigh for BookTicker<'_> {
    fn weigh(&self) -> u64 {
        let text = self.e.len() + self.s.len() + self.b.len() + self.B.len() + self.a.len() + self.A.len();
        self.u ^ self.T ^ self.E ^ text as u64
    }
}

type Work<'f> = (&'static str, Box<dyn FnMut(&[Vec<u8>]) -> u64 + 'f>);

fn serde_json_typed<'f, T>() -> Work<'f>
where
    T: Weigh + 'f,
    for<'a> Reader<T>: Typed<'a>,
{
    (
        "serde_json",
        Box::new(|frames| {
            frames.iter().map(|f| <Reader<T> as Typed<'_>>::serde_json(f)).fold(0, |a, b| a ^ b)
        }),
    )
}

fn sonic_typed<'f, T>() -> Work<'f>
where
    T: Weigh + 'f,
    for<'a> Reader<T>: Typed<'a>,
{
    (
        "sonic-rs",
        Box::new(|frames| frames.iter().map(|f| <Reader<T> as Typed<'_>>::sonic(f)).fold(0, |a, b| a ^ b)),
    )
}

fn simd_typed<'f, T>() -> Work<'f>
where
    T: Weigh + 'f,
    for<'a> Reader<T>: Typed<'a>,
{
    let mut scratch = Vec::new();
    let mut buffers = simd_json::Buffers::default();
    (
        "simd-json",
        Box::new(move |frames| {
            let mut sum = 0;
            for frame in frames {
                // It parses in place.
                scratch.clear();
                scratch.extend_from_slice(frame);
                sum ^= <Reader<T> as Typed<'_>>::simd(&mut scratch, &mut buffers);
            }
            sum
        }),
    )
}

struct Reader<T>(std::marker::PhantomData<T>);

trait Typed<'a> {
    fn serde_json(frame: &'a [u8]) -> u64;
    fn sonic(frame: &'a [u8]) -> u64;
    fn simd(frame: &'a mut [u8], buffers: &mut simd_json::Buffers) -> u64;
}

macro_rules! typed {
    ($name:ident) => {
        impl<'a> Typed<'a> for Reader<$name<'static>> {
            fn serde_json(frame: &'a [u8]) -> u64 {
                let all: Combined<'_, $name<'_>> = serde_json::from_slice(frame).expect("a frame");
                all.data.weigh() ^ all.stream.len() as u64
            }
            fn sonic(frame: &'a [u8]) -> u64 {
                let all: Combined<'_, $name<'_>> = sonic_rs::from_slice(frame).expect("a frame");
                all.data.weigh() ^ all.stream.len() as u64
            }
            fn simd(frame: &'a mut [u8], buffers: &mut simd_json::Buffers) -> u64 {
                let all: Combined<'_, $name<'_>> =
                    simd_json::serde::from_slice_with_buffers(frame, buffers).expect("a frame");
                all.data.weigh() ^ all.stream.len() as u64
            }
        }
    };
}
typed!(Depth);
typed!(AggTrade);
typed!(BookTicker);

/// jiter's iterator over a value: every key and string is met, nothing is built.
fn jiter_walk(jiter: &mut jiter::Jiter<'_>, peek: jiter::Peek) -> u64 {
    if peek == jiter::Peek::String {
        return jiter.known_str().expect("a string").len() as u64;
    }
    if peek == jiter::Peek::Array {
        let mut sum = 0;
        let mut next = jiter.known_array().expect("an array");
        while let Some(peek) = next {
            sum ^= jiter_walk(jiter, peek);
            next = jiter.array_step().expect("an array");
        }
        return sum;
    }
    if peek == jiter::Peek::Object {
        let mut sum = 0;
        let mut key = jiter.known_object().expect("an object").map(str::len);
        while let Some(length) = key {
            let peek = jiter.peek().expect("a value");
            sum ^= length as u64 ^ jiter_walk(jiter, peek);
            key = jiter.next_key().expect("an object").map(str::len);
        }
        return sum;
    }
    if peek == jiter::Peek::True || peek == jiter::Peek::False {
        return u64::from(jiter.known_bool(peek).expect("a bool"));
    }
    if peek == jiter::Peek::Null {
        jiter.known_null().expect("null");
        return 0;
    }
    match jiter.known_number(peek).expect("a number") {
        jiter::NumberAny::Int(jiter::NumberInt::Int(value)) => value as u64,
        jiter::NumberAny::Int(jiter::NumberInt::BigInt(_)) => 1,
        jiter::NumberAny::Float(value) => value.to_bits(),
    }
}

fn jiter_iterator<'f>() -> Work<'f> {
    (
        "jiter (iterator)",
        Box::new(|frames| {
            let mut sum = 0;
            for frame in frames {
                let mut jiter = jiter::Jiter::new(frame);
                let peek = jiter.peek().expect("a frame");
                sum ^= jiter_walk(&mut jiter, peek);
                jiter.finish().expect("a frame");
            }
            sum
        }),
    )
}

fn jiter_value<'f>() -> Work<'f> {
    (
        "jiter (value)",
        Box::new(|frames| {
            for frame in frames {
                black_box(jiter::JsonValue::parse(frame, false).expect("a frame"));
            }
            0
        }),
    )
}

fn memchr_scan<'f>() -> Work<'f> {
    (
        "memchr",
        Box::new(|frames| {
            let all = frames.iter().map(|frame| memchr::memchr_iter(b'\n', frame).count());
            all.sum::<usize>() as u64
        }),
    )
}

fn feed(name: &str) -> Feed {
    Feed::new(venue::feed(name).expect("a feed"), FeedOptions::default())
}

/// The whole core: sequence, ladder, accounting. `first` are what a book starts from: URL, if it is an answer, and body.
fn whole_feed<'f>(
    name: &'static str,
    rows: &'f std::cell::Cell<u64>,
    first: Vec<(String, Vec<u8>)>,
) -> Work<'f> {
    (
        "tickwright (sequence and ladder)",
        Box::new(move |frames| {
            let mut feed = feed(name);
            let ts = 1_700_000_000_000_000_000;
            for (url, body) in &first {
                let kind = if url.is_empty() { FrameKind::Received } else { FrameKind::Rest };
                feed.push(&Frame { kind, context: url, ..Frame::received(body, ts) });
            }
            let mut n = 0;
            for frame in frames {
                feed.push(&Frame::received(frame, ts));
                // Often enough that the memory of rows is used again, as it is in a conversion of any length.
                if feed.market().buffered_bytes() > 256 << 10 {
                    feed.market_mut().drain(|_, stream| {
                        n += stream.columns.rows() as u64;
                        stream.columns.clear();
                    });
                }
            }
            feed.market_mut().drain(|_, stream| n += stream.columns.rows() as u64);
            rows.set(n);
            n
        }),
    )
}

fn depth_alone<'f>(rows: &'f std::cell::Cell<u64>) -> Work<'f> {
    let mut reader = DepthReader::usdm();
    let mut out = DeltaColumns::default();
    (
        "tickwright (decode alone)",
        Box::new(move |frames| {
            let mut n = 0;
            for frame in frames {
                assert!(reader.read(frame, 1_700_000_000_000_000_000, &mut out));
                if out.action.len() > 60_000 {
                    n += out.action.len() as u64;
                    clear(&mut out);
                }
            }
            n += out.action.len() as u64;
            clear(&mut out);
            rows.set(n);
            n
        }),
    )
}

fn clear(out: &mut DeltaColumns) {
    black_box(&out);
    tickwright_core::data::ColumnSet::truncate(out, 0);
}

/// Best seconds of each work over `rounds` rounds, works alternating.
fn measure(works: &mut [Work<'_>], frames: &[Vec<u8>], rounds: usize) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; works.len()];
    for _ in 0..rounds {
        for (best, (_, work)) in best.iter_mut().zip(works.iter_mut()) {
            let start = Instant::now();
            black_box(work(frames));
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    best
}

/// What one kind of frames gave.
fn result(
    (feed, kind): (&str, &str),
    frames: &[Vec<u8>],
    works: &[Work<'_>],
    best: &[f64],
    (alone, whole): (u64, u64),
) -> serde_json::Value {
    let bytes: usize = frames.iter().map(Vec::len).sum();
    let speed =
        |((name, _), seconds): (&Work<'_>, &f64)| ((*name).to_owned(), (bytes as f64 / seconds).into());
    let readers: serde_json::Map<String, serde_json::Value> = works.iter().zip(best).map(speed).collect();
    serde_json::json!({
        "feed": feed,
        "frames": kind,
        "count": frames.len(),
        "bytes": bytes,
        "rows_decode_alone": alone,
        "rows_whole": whole,
        "bytes_per_second": readers,
    })
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(15);
    let wanted: Vec<String> = std::env::args().skip(2).collect();
    let mut results = Vec::new();
    let rows = std::cell::Cell::new(0);
    let whole = std::cell::Cell::new(0);
    for kind in ["depth", "aggTrade", "bookTicker"] {
        if !wanted.is_empty() {
            continue;
        }
        let (snapshot, frames) = match kind {
            "depth" => frames::depth(20_000, 20),
            "aggTrade" => (None, frames::agg_trades(100_000)),
            _ => (None, frames::book_tickers(100_000)),
        };
        let mut works: Vec<Work<'_>> = vec![memchr_scan(), jiter_iterator(), jiter_value()];
        match kind {
            "depth" => works.extend([
                simd_typed::<Depth<'static>>(),
                sonic_typed::<Depth<'static>>(),
                serde_json_typed::<Depth<'static>>(),
                depth_alone(&rows),
            ]),
            "aggTrade" => works.extend([
                simd_typed::<AggTrade<'static>>(),
                sonic_typed::<AggTrade<'static>>(),
                serde_json_typed::<AggTrade<'static>>(),
            ]),
            _ => works.extend([
                simd_typed::<BookTicker<'static>>(),
                sonic_typed::<BookTicker<'static>>(),
                serde_json_typed::<BookTicker<'static>>(),
            ]),
        }
        let first = snapshot.map(|body| (String::new(), body)).into_iter().collect();
        works.push(whole_feed("binance-usdm", &whole, first));
        let best = measure(&mut works, &frames, rounds);
        results.push(result(("binance-usdm", kind), &frames, &works, &best, (rows.get(), whole.get())));
    }
    // The book of every feed that can be simulated, in its own wire format.
    for spec in venue::REGISTRY {
        if !wanted.is_empty() && wanted.iter().all(|feed| feed != spec.name) {
            continue;
        }
        for kind in books::kinds(spec.name) {
            let Some((first, frames)) = books::of(spec.name, &kind) else { continue };
            let mut works =
                vec![memchr_scan(), jiter_iterator(), jiter_value(), whole_feed(spec.name, &whole, first)];
            let best = measure(&mut works, &frames, rounds);
            assert!(whole.get() > frames.len() as u64, "{}: its books give rows", spec.name);
            results.push(result((spec.name, kind.name), &frames, &works, &best, (0, whole.get())));
        }
    }
    println!("{}", serde_json::json!({ "rounds": rounds, "results": results }));
}
