//! Rounds of damaged frames through fresh decoders, and what is watched.
//!
//! A round is 20,000 frames of one feed, of simulated recordings with books, trades and everything else; one in six is
//! left whole, so that books stay in step and damage meets them. Of each frame: no panic, the accounting adds up to
//! its bytes, and what another parser refuses gives no row. A round depends on the seed and its number alone.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::de::IgnoredAny;
use tickwright_core::accounting::{End, Ends};
use tickwright_core::decoder::{FrameDecoder, Options};
use tickwright_core::feed::Frame;
use tickwright_core::frame::FrameKind;
use tickwright_core::venue::REGISTRY;
use tickwright_sim::{Faults, Kind, Random, Sink, Verdict, simulate};

use crate::mutate::{Sample, damage};

/// Frames of a round.
pub const ROUND: u64 = 20_000;

/// A frame of a recording.
struct Recorded {
    sample: Sample,
    kind: FrameKind,
    ts: u64,
    conn: u32,
    url: String,
}

#[derive(Default)]
struct Recorder(Vec<Recorded>);

impl Sink for Recorder {
    fn frame(&mut self, frame: &tickwright_sim::Frame<'_>) -> io::Result<bool> {
        let kind = match frame.kind {
            Kind::Received => FrameKind::Received,
            Kind::Answer => FrameKind::Rest,
            Kind::Sent => FrameKind::Sent,
            Kind::Opened => FrameKind::Opened,
            Kind::Closed => FrameKind::Closed,
        };
        let (sample, url) = (Sample::new(frame.body.to_vec()), frame.url.to_owned());
        self.0.push(Recorded { sample, kind, ts: frame.ts, conn: frame.connection, url });
        Ok(true)
    }
}

/// A feed and a recording of it.
pub struct Corpus {
    feed: &'static str,
    frames: Vec<Recorded>,
}

fn record(feed: &str, seed: u64) -> Option<Vec<Recorded>> {
    let mut options = tickwright_sim::Options::of(feed, seed);
    (options.symbols, options.duration_ns, options.rate) = (3, 70_000_000_000, 60);
    options.faults = Faults { lost: 0.01, ..Faults::NONE };
    let mut recorder = Recorder::default();
    simulate(&options, &mut recorder, None, &mut |_| Verdict::Continue).ok()?;
    Some(recorder.0)
}

/// Recordings of every feed; a feed that cannot be simulated gets those of another of its venue. Names of feeds that
/// have neither.
pub fn corpora(seed: u64, only: Option<&str>) -> (Vec<Corpus>, Vec<&'static str>) {
    let (mut corpora, mut without) = (Vec::new(), Vec::new());
    for spec in REGISTRY.iter().filter(|spec| only.is_none_or(|name| name == spec.name)) {
        let beside = REGISTRY.iter().filter(|other| other.venue == spec.venue).map(|other| other.name);
        match std::iter::once(spec.name).chain(beside).find_map(|name| record(name, seed)) {
            Some(frames) => corpora.push(Corpus { feed: spec.name, frames }),
            None => without.push(spec.name),
        }
    }
    (corpora, without)
}

/// Something that must not be.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What.
    pub what: String,
    /// Round and number of the frame in it.
    pub at: (u64, u64),
    /// The feed.
    pub feed: &'static str,
    /// The frame.
    pub frame: Vec<u8>,
}

/// What was done and seen.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Frames pushed.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames by end.
    pub ends: Ends,
    /// Rejects by code.
    pub rejects: BTreeMap<String, u64>,
    /// Frames that the other parser refused.
    pub refused: u64,
    /// Rows that came out.
    pub rows: u64,
    /// The most bytes of rows held at a time, in one round.
    pub held: usize,
    /// What was found.
    pub findings: Vec<Finding>,
}

fn add(into: &mut Ends, of: &Ends) {
    let of = [
        (End::Rows, of.rows),
        (End::Control, of.control),
        (End::Duplicate, of.duplicate),
        (End::Stale, of.stale),
        (End::Withheld, of.withheld),
        (End::Unselected, of.unselected),
        (End::Reject, of.rejected),
    ];
    of.into_iter().for_each(|(end, n)| into.add(end, n));
}

impl Outcome {
    fn merge(&mut self, other: Self) {
        (self.frames, self.bytes) = (self.frames + other.frames, self.bytes + other.bytes);
        (self.refused, self.rows) = (self.refused + other.refused, self.rows + other.rows);
        self.held = self.held.max(other.held);
        add(&mut self.ends, &other.ends);
        for (code, n) in other.rejects {
            *self.rejects.entry(code).or_default() += n;
        }
        self.findings.extend(other.findings);
    }
}

/// Whether another parser refuses it: a tolerant one, which passes over what it does not need.
fn is_refused(frame: &[u8]) -> bool {
    std::str::from_utf8(frame).is_err() || serde_json::from_slice::<IgnoredAny>(frame).is_err()
}

/// One round.
fn round(corpus: &Corpus, seed: u64, number: u64, frames: u64) -> Outcome {
    let mut random = Random::new(seed, number);
    let on_gap = ["withhold", "rebuild", "continue"][random.below(3) as usize];
    let flavour = ["v1-high", "v1-standard", "v2"][random.below(3) as usize];
    let options = Options {
        on_gap: Some(on_gap.to_owned()),
        flavour: Some(flavour.to_owned()),
        tell_openings: random.chance(0.5),
        ..Options::default()
    };
    let mut outcome = Outcome::default();
    let mut out = Vec::new();
    let mut at = random.below(corpus.frames.len() as u64) as usize;
    let mut count = 0;
    let found = |what: String, count: u64, frame: &[u8]| Finding {
        what,
        at: (number, count),
        feed: corpus.feed,
        frame: frame.to_vec(),
    };
    // A panic ends a decoder, not the round.
    while count < frames {
        let mut decoder = match FrameDecoder::new(corpus.feed, &options) {
            Ok(decoder) => decoder,
            Err(error) => {
                outcome.findings.push(found(error.to_string(), count, b""));
                return outcome;
            }
        };
        let (mut pushed, mut bytes) = (0_u64, 0_u64);
        let run = catch_unwind(AssertUnwindSafe(|| {
            while count < frames {
                let recorded = &corpus.frames[at % corpus.frames.len()];
                let other = &corpus.frames[random.below(corpus.frames.len() as u64) as usize];
                at += 1;
                count += 1;
                let whole = random.chance(1.0 / 6.0);
                if whole {
                    out.clear();
                    out.extend_from_slice(recorded.sample.bytes());
                } else {
                    damage(&mut random, &recorded.sample, &other.sample, &mut out);
                }
                let ts = match random.below(2_000) {
                    0 => 0,
                    1 => recorded.ts - random.below(1 << 40),
                    _ => recorded.ts,
                };
                let frame = Frame {
                    kind: recorded.kind,
                    conn: recorded.conn,
                    context: &recorded.url,
                    ..Frame::received(&out, ts)
                };
                let is_mark = matches!(frame.kind, FrameKind::Opened | FrameKind::Closed);
                let refused = !whole && is_refused(&out);
                outcome.refused += u64::from(refused);
                let held = decoder.feed_mut().market().buffered_bytes();
                let end = decoder.feed_mut().push(&frame);
                let now = decoder.feed_mut().market().buffered_bytes();
                if refused && (end == Some(End::Rows) || now != held) {
                    outcome.findings.push(found("rows of what is no JSON".to_owned(), count, &out));
                }
                outcome.held = outcome.held.max(now);
                if !is_mark {
                    pushed += 1;
                    bytes += out.len() as u64;
                }
                if count % 512 == 0 || count == frames {
                    check(&mut decoder, pushed, bytes, false).into_iter().for_each(|what| {
                        outcome.findings.push(found(what, count, &out));
                    });
                }
                if now > 8 << 20 {
                    outcome.rows += flush(&mut decoder);
                }
            }
            decoder.finish();
            check(&mut decoder, pushed, bytes, true).into_iter().for_each(|what| {
                outcome.findings.push(found(what, count, &out));
            });
            outcome.rows += flush(&mut decoder);
        }));
        outcome.frames += pushed;
        outcome.bytes += bytes;
        match run {
            Ok(()) => {
                let market = decoder.feed_mut().market_mut();
                for account in market.accounts() {
                    add(&mut outcome.ends, &account.frames);
                }
                for reject in market.take_rejects() {
                    *outcome.rejects.entry(reject.code).or_default() += 1;
                }
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
                outcome.findings.push(found(format!("panic: {text}"), count, &out));
            }
        }
    }
    outcome
}

/// What does not add up; at the end nothing may be between two ends.
fn check(decoder: &mut FrameDecoder, frames: u64, bytes: u64, is_end: bool) -> Option<String> {
    let mut accounting = tickwright_core::accounting::Accounting::default();
    decoder.feed_mut().market().accounts().iter().for_each(|account| accounting.merge(account));
    let complete = (accounting.frames.total, accounting.bytes.total) == (frames, bytes);
    if accounting.adds_up() && (complete || !is_end && accounting.frames.total <= frames) {
        return None;
    }
    Some(format!("accounting of {frames} frames, {bytes} bytes: {accounting:?}"))
}

fn flush(decoder: &mut FrameDecoder) -> u64 {
    match decoder.flush() {
        Ok(batches) => batches.iter().map(|(_, batch)| batch.num_rows() as u64).sum(),
        Err(error) => panic!("flush: {error}"),
    }
}

/// Runs rounds until `count` frames are through; `told` hears of each. Stops early once something was found 100 times.
pub fn run(
    corpora: &[Corpus],
    seed: u64,
    count: u64,
    threads: usize,
    told: &(dyn Fn(u64) + Sync),
) -> Outcome {
    let (next, stop, all) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(Outcome::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let before = number * ROUND;
                    if before >= count || stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let corpus = &corpora[(number % corpora.len() as u64) as usize];
                    let outcome = round(corpus, seed, number, ROUND.min(count - before));
                    let mut all = all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    all.merge(outcome);
                    if all.findings.len() >= 100 {
                        stop.store(true, Ordering::Relaxed);
                    }
                    told(all.frames);
                }
            });
        }
    });
    all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}
