//! Frames in, record batches out: a feed whose columns become batches on request.
//!
//! Trades are aggregates until the first raw trade of an instrument (or as asked for); the first book channel of
//! an instrument is its book (or the one asked for). Without definitions a batch is labelled with the most
//! decimals seen so far.

use arrow_array::RecordBatch;
use serde_json::{Value, json};

use crate::convert::{ConvertError, Piece, Progress, Whole};
use crate::data::DataType;
use crate::feed::{Feed, FeedOptions, Frame, OnGap, Reject, TradeMode, TypeSet};
use crate::frame::{FrameKind, MalformedReason};
use crate::schema::{Flavour, Label, record_batch};
use crate::venue::{self, FeedSpec};

/// Bytes of frames that reported rejects hold; further ones tell place and reason alone.
const KEPT_REJECTS: usize = 64 << 20;

/// The last time that every schema holds, ns UTC.
const LAST_NS: u64 = i64::MAX as u64;

/// A frame received at a time that rows can have; at another it is a reject.
const fn received(frame: &[u8], ts: u64) -> Frame<'_> {
    if ts > LAST_NS {
        let kind = FrameKind::Malformed(MalformedReason::BadTimestamp);
        return Frame { kind, ..Frame::received(frame, 0) };
    }
    Frame::received(frame, ts)
}

/// Type name and instrument id (bar type for bars).
pub type BatchKey = (&'static str, String);

/// Options of a decoder, as text.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Schema.
    pub flavour: Option<String>,
    /// Types wanted.
    pub types: Option<Vec<String>>,
    /// `raw`, `aggregate` or `auto`.
    pub trades: Option<String>,
    /// Book channel.
    pub book: Option<String>,
    /// What to do about holes.
    pub on_gap: Option<String>,
    /// Decimals of prices and sizes where there is no definition.
    pub precision: Option<(u8, u8)>,
    /// Depths and quotes that are derived from books: at the ends of intervals of so many ns; 0: whenever they change.
    pub derive_every: u64,
    /// Whether holes are told when they are found.
    pub tell_openings: bool,
}

/// A feed with a schema.
#[derive(Debug)]
pub struct FrameDecoder {
    feed: Feed,
    flavour: Flavour,
    precision: Option<(u8, u8)>,
    rejects: Vec<Reject>,
}

fn usage(text: String) -> ConvertError {
    ConvertError::Usage(text)
}

/// The feed of a name.
fn named(feed: &str) -> Result<&'static FeedSpec, ConvertError> {
    venue::feed(feed).ok_or_else(|| {
        let known: Vec<&str> = venue::REGISTRY.iter().map(|f| f.name).collect();
        usage(format!("feed {feed}: no such feed; there are {}", known.join(", ")))
    })
}

impl FrameDecoder {
    /// A decoder of `feed`.
    ///
    /// # Errors
    /// [`ConvertError::Usage`] for an unknown feed or option.
    pub fn new(feed: &str, options: &Options) -> Result<Self, ConvertError> {
        let spec = named(feed)?;
        let flavour = options.flavour.as_deref().unwrap_or("v1-high");
        let flavour: Flavour = flavour.parse().map_err(|()| usage(format!("flavour {flavour}")))?;
        crate::convert::holds_precision(flavour, options.precision)?;
        let types = match &options.types {
            None => TypeSet::RECEIVED,
            Some(names) => {
                let parse = |n: &String| n.parse::<DataType>().map_err(|()| usage(format!("type {n}")));
                TypeSet::named(names.iter().map(parse).collect::<Result<Vec<_>, _>>()?)
            }
        };
        let trades = match options.trades.as_deref() {
            None | Some("auto") => TradeMode::Auto,
            Some("raw") => TradeMode::Raw,
            Some("aggregate") => TradeMode::Aggregate,
            Some(other) => return Err(usage(format!("trades {other}: raw, aggregate or auto"))),
        };
        let on_gap = match options.on_gap.as_deref() {
            None | Some("withhold") => OnGap::Withhold,
            Some("rebuild") => OnGap::Rebuild,
            Some("continue") => OnGap::Continue,
            Some(other) => return Err(usage(format!("on_gap {other}: withhold, rebuild or continue"))),
        };
        let feed = Feed::new(
            spec,
            FeedOptions {
                types,
                trades,
                on_gap,
                book: options.book.as_deref().map(Into::into),
                limits: crate::convert::limits(flavour),
                derive_every: options.derive_every,
                tell_openings: options.tell_openings,
                ..FeedOptions::default()
            },
        );
        Ok(Self { feed, flavour, precision: options.precision, rejects: Vec::new() })
    }

    /// Takes an answer of the venue's instrument endpoint.
    ///
    /// # Errors
    /// [`ConvertError::Usage`] when it defines nothing.
    pub fn define(&mut self, body: &[u8]) -> Result<(), ConvertError> {
        match self.feed.define(body) {
            Ok(taken) if taken > 0 => Ok(()),
            Ok(_) => Err(usage(format!("instruments: nothing of {} is defined", self.feed.spec().name))),
            Err(error) => Err(usage(format!("instruments: {} at byte {}", error.kind.code(), error.at))),
        }
    }

    /// The feed itself, to take columns and holes from it as they come.
    pub const fn feed_mut(&mut self) -> &mut Feed {
        &mut self.feed
    }

    /// Decodes a frame received at `ts` ns UTC.
    pub fn push(&mut self, frame: &[u8], ts: u64) {
        self.feed.push(&received(frame, ts));
    }

    /// Decodes a frame of a capture.
    pub fn push_frame(&mut self, frame: &Frame<'_>) {
        self.feed.push(frame);
    }

    /// Decodes a REST book answer of `symbol`.
    pub fn snapshot(&mut self, symbol: &str, body: &[u8], ts: u64) {
        if ts > LAST_NS {
            self.feed.push(&received(body, ts));
        } else {
            self.feed.snapshot(symbol, body, ts);
        }
    }

    /// The input is over: what still waits for a snapshot is withheld.
    pub fn finish(&mut self) {
        self.feed.finish();
    }

    /// The rows since the last flush, as batches; each in the order of receive times, rows of one time as they came.
    ///
    /// # Errors
    /// A value that the flavour cannot hold.
    pub fn flush(&mut self) -> Result<Vec<(BatchKey, RecordBatch)>, ConvertError> {
        let (flavour, given) = (self.flavour, self.precision);
        let definitions: Vec<_> = self
            .feed
            .market()
            .definitions()
            .iter()
            .map(|d| (d.instrument_id.clone(), d.price_precision, d.size_precision))
            .collect();
        // Variants of one stream (the first raw trade after aggregates) are one batch.
        let mut taken: Vec<(BatchKey, String, crate::data::Decimals, crate::data::AnyColumns)> = Vec::new();
        self.feed.market_mut().drain(|_, stream| {
            let key: BatchKey = (stream.key.data_type.name(), stream.key.id.to_string());
            let columns = stream.columns.take();
            if columns.rows() == 0 {
                return;
            }
            if let Some((_, _, decimals, held)) = taken.iter_mut().find(|(k, ..)| *k == key) {
                *decimals = decimals.max(stream.decimals);
                held.extend_range(&columns, 0..columns.rows());
            } else {
                taken.push((key, stream.instrument_id.to_string(), stream.decimals, columns));
            }
        });
        let mut batches = Vec::with_capacity(taken.len());
        for (key, instrument_id, decimals, mut columns) in taken {
            // As a catalog has them; receive times may have gone back.
            columns.sort();
            let data_type = columns.data_type();
            let own = matches!(data_type, DataType::MarkPrice | DataType::IndexPrice);
            let defined = definitions.iter().find(|d| *d.0 == *instrument_id).map(|d| (d.1, d.2));
            let (price, size) = defined.or(given).filter(|_| !own).unwrap_or_default();
            let label = Label {
                data_type,
                flavour,
                instrument_id: &instrument_id,
                bar_type: (data_type == DataType::Bar).then_some(&key.1),
                price_precision: decimals.price.max(price),
                size_precision: decimals.size.max(size),
            };
            let batch = record_batch(columns, &label).map_err(|e| usage(e.to_string()))?;
            batches.push((key, batch));
        }
        Ok(batches)
    }

    /// Accounting, gaps, rejects, unknown keys and topics.
    pub fn report(&mut self) -> Value {
        let unknown: serde_json::Map<String, Value> =
            self.feed.unknown_keys().iter().map(|(k, n)| (k.to_owned(), json!(n))).collect();
        let market = self.feed.market_mut();
        self.rejects.extend(market.take_rejects());
        self.rejects.truncate(10_000);
        let mut bytes = 0;
        for reject in &mut self.rejects {
            bytes += reject.body.len();
            if bytes > KEPT_REJECTS {
                reject.body = Vec::new();
            }
        }
        let mut accounting = crate::accounting::Accounting::default();
        for account in market.accounts() {
            accounting.merge(account);
        }
        let gaps: Vec<Value> = market
            .gaps()
            .iter()
            .map(|g| {
                json!({
                    "instrument_id": &*g.instrument_id, "channel": &*g.channel, "cause": g.gap.cause.name(),
                    "from_sequence": g.gap.from_sequence, "to_sequence": g.gap.to_sequence,
                    "from_ns": g.gap.from_ns, "to_ns": g.gap.to_ns, "resolved_ns": g.gap.resolved_ns,
                    "resolution": g.gap.resolution, "withheld": g.gap.withheld,
                })
            })
            .collect();
        let rejects: Vec<Value> = self
            .rejects
            .iter()
            .map(|r| {
                json!({
                    "frame": r.frame, "at": r.at, "ts": r.ts, "code": r.code, "reason": r.reason,
                    "symbol": r.symbol, "body": String::from_utf8_lossy(&r.body),
                })
            })
            .collect();
        let refused: Vec<Value> = self
            .feed
            .market()
            .refused_definitions()
            .iter()
            .map(|(symbol, error)| json!({"symbol": symbol, "code": error.kind.code(), "at": error.at}))
            .collect();
        let rounded: Vec<Value> = self
            .feed
            .market()
            .rounded()
            .map(|(id, data_type, n)| json!({"instrument_id": id, "type": data_type.name(), "values": n}))
            .collect();
        json!({
            "feed": self.feed.spec().name,
            "accounting": accounting,
            "gaps": gaps,
            "rejects": rejects,
            "unknown_keys": unknown,
            "unknown_topics": self.feed.market().unknown_topics(),
            "rounded": rounded,
            "refused_definitions": refused,
            "undefined_symbols": self.feed.market().undefined_symbols(),
            "instruments": self.feed.market().definitions(),
        })
    }
}

/// Decodes a whole capture in memory, or the captures in an archive as one recording.
///
/// # Errors
/// An input that cannot be read, or of no clear feed; [`ConvertError::Cancelled`].
pub fn decode_file(
    path: &str,
    feed: Option<&str>,
    options: &Options,
    progress: &Progress,
) -> Result<(Vec<(BatchKey, RecordBatch)>, Value), ConvertError> {
    let whole = Whole::plan(path, feed.map(named).transpose()?, progress)?;
    let mut decoder = FrameDecoder::new(whole.feed().name, options)?;
    let sources = whole.read(progress, |piece| match piece {
        Piece::Frame(frame) => decoder.push_frame(&frame),
        Piece::Overhead(source, bytes) => decoder.feed.market_mut().add_overhead(source, bytes),
    })?;
    decoder.finish();
    let batches = decoder.flush()?;
    let mut report = decoder.report();
    for (told, reject) in report["rejects"].as_array_mut().into_iter().flatten().zip(&decoder.rejects) {
        told["source"] = sources[reject.source as usize].clone().into();
    }
    report["skipped"] = json!(whole.skipped);
    Ok((batches, report))
}
