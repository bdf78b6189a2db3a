//! What inputs are, without converting them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::ConvertError;
use super::plan;
use crate::capture::{self, CaptureError, CaptureOptions};
use crate::feed::{Feed, FeedOptions, Frame, TradeMode};
use crate::frame::Block;

/// What one input is.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Its path.
    pub path: String,
    /// Container.
    pub container: String,
    /// Compression.
    pub compression: String,
    /// Feed.
    pub feed: String,
    /// Bytes of the file.
    pub bytes_file: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
    /// First receive time, ns UTC; 0 where there is none.
    pub start_ns: u64,
    /// Last receive time, ns UTC.
    pub end_ns: u64,
    /// Connections opened.
    pub connections: u64,
    /// Rows by type, and channel of books or kind of trades.
    pub channels: BTreeMap<String, u64>,
    /// Instrument ids.
    pub instruments: Vec<String>,
    /// Definitions in it.
    pub definitions: u64,
    /// Frames that cannot be decoded.
    pub rejected: u64,
    /// What stopped the reading, if anything did.
    pub error: Option<String>,
}

/// Looks at inputs.
///
/// # Errors
/// A named input that cannot be read, is empty, unknown or of no clear feed.
pub fn inspect(
    inputs: &[String],
    feed: Option<&str>,
    max_line: usize,
) -> Result<Vec<Inspection>, ConvertError> {
    let feed = match feed {
        None => None,
        Some(name) => Some(crate::venue::feed(name).ok_or_else(|| {
            ConvertError::Usage(format!("--feed {name}: there are {}", plan::feed_names()))
        })?),
    };
    let plan = plan::plan(inputs, feed, None)?;
    let mut found = Vec::new();
    for source in &plan.sources {
        let options = FeedOptions { trades: TradeMode::Both, all_channels: true, ..FeedOptions::default() };
        let mut decoder = Feed::new(source.feed, options);
        let mut report = Inspection {
            path: source.shown.clone(),
            container: source.probe.container.to_owned(),
            compression: source.probe.compression.name().to_owned(),
            feed: source.feed.name.to_owned(),
            bytes_file: source.bytes_file,
            bytes: 0,
            frames: 0,
            start_ns: 0,
            end_ns: 0,
            connections: 0,
            channels: BTreeMap::new(),
            instruments: Vec::new(),
            definitions: 0,
            rejected: 0,
            error: None,
        };
        if let Err(error) = read(source, &mut decoder, &mut report, max_line) {
            report.error = Some(error.to_string());
        }
        decoder.finish();
        let market = decoder.market();
        for stream in market.streams().iter().filter(|s| s.rows > 0) {
            let name = if stream.key.variant.is_empty() {
                stream.key.data_type.name().to_owned()
            } else {
                format!("{} ({})", stream.key.data_type, stream.key.variant)
            };
            *report.channels.entry(name).or_default() += stream.rows;
        }
        let mut ids: Vec<String> = market.streams().iter().map(|s| s.instrument_id.to_string()).collect();
        ids.sort();
        ids.dedup();
        report.instruments = ids;
        report.definitions = market.definitions().len() as u64;
        report.rejected = market.rejected();
        let frames: u64 = market.accounts().iter().map(|a| a.bytes.total).sum();
        report.bytes += frames;
        found.push(report);
    }
    Ok(found)
}

fn read(
    source: &plan::Source,
    decoder: &mut Feed,
    report: &mut Inspection,
    max_line: usize,
) -> Result<(), CaptureError> {
    let name = source.path.to_string_lossy().into_owned();
    let options = CaptureOptions { max_line, ..CaptureOptions::default() };
    let mut capture = capture::open(plan::open(&source.path)?, &name, &source.probe, &options)?;
    let mut block = Block::default();
    while capture.next_block(&mut block)? {
        report.bytes += block.overhead;
        for meta in &block.frames {
            let frame = Frame {
                body: block.body(meta),
                ts: meta.ts,
                kind: meta.kind,
                conn: meta.conn,
                context: block.context(meta),
                source: 0,
                bytes: meta.len,
                offset: meta.offset,
                line: meta.line,
            };
            report.frames += 1;
            report.connections += u64::from(meta.kind == crate::frame::FrameKind::Opened);
            if meta.ts > 0 {
                if report.start_ns == 0 {
                    report.start_ns = meta.ts;
                }
                report.start_ns = report.start_ns.min(meta.ts);
                report.end_ns = report.end_ns.max(meta.ts);
            }
            decoder.push(&frame);
        }
        decoder.market_mut().take_rejects();
        decoder.market_mut().drain(|_, stream| stream.columns.clear());
    }
    Ok(())
}
