//! What inputs are, without converting them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::ConvertError;
use super::plan::{self, Input};
use super::progress::Progress;
use crate::capture::{CaptureError, CaptureOptions, Compression};
use crate::dump::{DumpError, DumpOptions, DumpReader, Inflating, Output, OutputOptions, Probe};
use crate::feed::{Feed, FeedOptions, Frame, StreamKey, TradeMode};
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

/// What is to be looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectOptions {
    /// Files, folders, patterns, or `-`.
    pub inputs: Vec<String>,
    /// A file of what came through standard input, which is the input `-`.
    #[serde(default)]
    pub stdin: Option<PathBuf>,
    /// Feed of all inputs, instead of recognising it.
    #[serde(default)]
    pub feed: Option<String>,
    /// Dump format of all inputs, instead of recognising it.
    #[serde(default)]
    pub format: Option<String>,
    /// The venue's symbol of all dumps, instead of taking it from their names.
    #[serde(default)]
    pub symbol: Option<String>,
}

impl Inspection {
    fn new(input: &Input, container: &str, compression: Compression, feed: &str) -> Self {
        Self {
            path: input.shown.clone(),
            container: container.to_owned(),
            compression: compression.name().to_owned(),
            feed: feed.to_owned(),
            bytes_file: input.bytes_file,
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
        }
    }

    fn count(&mut self, key: &StreamKey, rows: u64) {
        let name = if key.variant.is_empty() {
            key.data_type.name().to_owned()
        } else {
            format!("{} ({})", key.data_type, key.variant)
        };
        *self.channels.entry(name).or_default() += rows;
    }

    fn saw(&mut self, ts: u64) {
        if self.start_ns == 0 {
            self.start_ns = ts;
        }
        self.start_ns = self.start_ns.min(ts);
        self.end_ns = self.end_ns.max(ts);
    }
}

/// Looks at inputs.
///
/// # Errors
/// A named input that cannot be read, is empty, unknown or of no clear feed; [`ConvertError::NoInput`] where all is passed over,
/// with what each is; [`ConvertError::Cancelled`].
pub fn inspect(options: &InspectOptions, progress: &Progress) -> Result<Vec<Inspection>, ConvertError> {
    let (feed, format) = (options.feed.as_deref(), options.format.as_deref());
    let wanted =
        super::wanted(feed, format, options.symbol.clone(), DumpOptions::default(), options.stdin.clone())?;
    let plan = plan::plan(&options.inputs, &wanted, None)?;
    if plan.is_empty() {
        return Err(plan.nothing());
    }
    let captures = plan.sources.iter().map(|source| capture(source, progress));
    let dumps = plan.dumps.iter().map(|source| dump(source, &wanted.dump, progress));
    let found = captures.chain(dumps).collect();
    if progress.is_cancelled() { Err(ConvertError::Cancelled) } else { Ok(found) }
}

fn dump(source: &plan::DumpSource, options: &DumpOptions, progress: &Progress) -> Inspection {
    let probe = &source.probe;
    let mut report = Inspection::new(&source.input, probe.spec.name, probe.compression, &probe.feed);
    let mut out = Output::new(probe.spec.name, OutputOptions::default());
    if let Err(error) = read_dump(probe, options, &mut out, &mut report, progress) {
        report.error = Some(error.to_string());
    }
    for stream in out.streams().iter().filter(|s| s.total > 0) {
        report.count(&stream.key, stream.total);
        report.instruments.push(stream.instrument_id.to_string());
    }
    report.instruments.sort();
    report.instruments.dedup();
    report.rejected = out.rejected;
    report.frames = out.accounting.frames.total;
    report.bytes = out.accounting.bytes.total + out.accounting.container_bytes;
    report
}

fn read_dump(
    probe: &Probe,
    options: &DumpOptions,
    out: &mut Output,
    report: &mut Inspection,
    progress: &Progress,
) -> Result<(), DumpError> {
    let mut reader = DumpReader::open(probe, options, Inflating::Ahead)?;
    loop {
        let more = reader.read(out)?;
        out.drain(|_, _, rows| {
            rows.columns.ts_init().iter().for_each(|ts| report.saw(*ts));
            Ok::<(), DumpError>(())
        })?;
        out.take_rejects();
        if !more || progress.is_cancelled() {
            return Ok(());
        }
    }
}

fn capture(source: &plan::Source, progress: &Progress) -> Inspection {
    let options = FeedOptions { trades: TradeMode::Both, all_channels: true, ..FeedOptions::default() };
    let mut decoder = Feed::new(source.feed, options);
    let (container, compression) = (source.probe.container, source.probe.compression);
    let mut report = Inspection::new(&source.input, container, compression, source.feed.name);
    if let Err(error) = read(source, &mut decoder, &mut report, progress) {
        report.error = Some(error.to_string());
    }
    decoder.finish();
    let market = decoder.market();
    for stream in market.streams().iter().filter(|s| s.rows > 0) {
        report.count(&stream.key, stream.rows);
    }
    let mut ids: Vec<String> = market.streams().iter().map(|s| s.instrument_id.to_string()).collect();
    ids.sort();
    ids.dedup();
    report.instruments = ids;
    report.definitions = market.definitions().len() as u64;
    report.rejected = market.rejected();
    let frames: u64 = market.accounts().iter().map(|a| a.bytes.total).sum();
    report.bytes += frames;
    report
}

fn read(
    source: &plan::Source,
    decoder: &mut Feed,
    report: &mut Inspection,
    progress: &Progress,
) -> Result<(), CaptureError> {
    let mut capture = source.open(&CaptureOptions::default())?;
    let mut block = Block::default();
    while !progress.is_cancelled() && capture.next_block(&mut block)? {
        report.bytes += block.overhead;
        for meta in &block.frames {
            let frame = Frame::of(&block, meta, 0);
            report.frames += 1;
            report.connections += u64::from(meta.kind == crate::frame::FrameKind::Opened);
            if meta.ts > 0 {
                report.saw(meta.ts);
            }
            decoder.push(&frame);
        }
        decoder.market_mut().take_rejects();
        decoder.market_mut().drain(|_, stream| stream.columns.clear());
    }
    Ok(())
}
