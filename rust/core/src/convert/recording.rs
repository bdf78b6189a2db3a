//! One recording: the sources of one feed, decoded together.

use std::collections::BTreeMap;
use std::path::Path;

use super::choose::{Candidate, Chooser, Outlook};
use super::encode::{Part, StreamPlan};
use super::merge::Merge;
use super::options::{ConvertOptions, ConvertReport};
use super::plan::{self, Source};
use super::progress::{Phase, Progress};
use super::rowstore::RowStore;
use super::sidecars::RejectsFile;
use super::{Checked, ConvertError, report};
use crate::capture::{self, CaptureError, CaptureOptions, Compression, Inflate};
use crate::data::{DataType, Identity};
use crate::dump::{self, DumpOptions, Member};
use crate::feed::{Feed, FeedOptions, FeedState, Frame, GapRecord, TradeMode};
use crate::frame::Block;
use crate::store::{Bindings, Catalog, Mode, StoreError};
use crate::venue::FeedSpec;

/// Rows held in a feed's columns before they go to the row store, bytes.
const DRAIN_BYTES: usize = 2 << 20;
/// Refused definitions of a file that a note names.
const SHOWN: usize = 5;

pub(super) struct Settings<'a> {
    pub options: &'a ConvertOptions,
    pub checked: &'a Checked,
}

pub(super) struct Recording {
    feed: Feed,
    max_line: usize,
    allow_truncated: bool,
    /// Number in the row store of each of the feed's streams.
    stored: Vec<Option<usize>>,
    /// Which streams the catalog may yet keep.
    outlook: Outlook,
    dropped: Vec<bool>,
    last_ns: u64,
    /// Whether frames have receive times.
    is_timed: bool,
    /// End states of another range, which this recording does not go on from.
    beside: Option<FeedState>,
    truncated: Vec<u32>,
    frames: Vec<u64>,
    notes: Vec<String>,
    gaps: Vec<GapRecord>,
}

impl Recording {
    pub fn new(
        spec: &'static FeedSpec,
        settings: &Settings<'_>,
        held: Option<FeedState>,
        sources: &[(u32, &Source)],
        catalog: &Catalog,
    ) -> Result<Self, ConvertError> {
        let Settings { options, checked } = settings;
        let mut feed = Feed::new(
            spec,
            FeedOptions {
                types: checked.types,
                trades: match checked.trades {
                    Some("raw") => TradeMode::Raw,
                    Some(_) => TradeMode::Aggregate,
                    None => TradeMode::Both,
                },
                book: options.book.as_deref().map(Into::into),
                all_channels: options.book.is_none(),
                on_gap: checked.on_gap,
                derive_every: options.derive_every,
                from: options.from.unwrap_or(0),
                to: options.to.unwrap_or(u64::MAX),
                limits: super::limits(checked.flavour),
                tell_openings: false,
                max_kept_rejects: 100_000,
            },
        );
        let mut notes = Vec::new();
        let first = sources.first().map_or(0, |(_, s)| s.probe.first_ts);
        let (mut beside, mut last_ns) = (None, 0);
        if let Some(state) = held {
            let goes_on = match checked.mode {
                Mode::Add => state.last_ns < first,
                Mode::AppendAfter => true,
                Mode::Replace => false,
            };
            if goes_on {
                notes.push(format!("{} goes on from version {}", spec.name, catalog.state().version));
                last_ns = state.last_ns;
                feed.market_mut().resume(state);
            } else if checked.mode == Mode::Add {
                // Files of one instrument each: it may have ended long before the others.
                let (ended, others) = state.split_at(first);
                feed.market_mut().resume(ended);
                beside = Some(others);
            } else {
                beside = Some(state);
            }
        }
        for path in &options.instruments {
            define(&mut feed, path, &mut notes)?;
        }
        Ok(Self {
            feed,
            max_line: options.max_line,
            allow_truncated: options.allow_truncated,
            stored: Vec::new(),
            outlook: Outlook::default(),
            dropped: Vec::new(),
            last_ns,
            is_timed: false,
            beside,
            truncated: Vec::new(),
            frames: vec![0; sources.len()],
            notes,
            gaps: Vec::new(),
        })
    }

    /// Decodes every frame.
    pub fn run(
        &mut self,
        sources: &[(u32, &Source)],
        rows: &mut RowStore,
        rejects: &mut RejectsFile,
        catalog: &Catalog,
        progress: &Progress,
    ) -> Result<(), ConvertError> {
        progress.phase(Phase::Decode);
        let options = CaptureOptions {
            max_line: self.max_line,
            allow_truncated: self.allow_truncated,
            ..CaptureOptions::default()
        };
        let mut merge = Merge::new(sources, options);
        let ratio: Vec<f64> = sources
            .iter()
            .map(|(_, s)| if s.probe.compression == Compression::None { 1.0 } else { 0.1 })
            .collect();
        let mut read = vec![0_u64; sources.len()];
        let named = |number: u32| {
            let source = sources[number as usize].1;
            (source.input.shown.clone(), source.input.sha256())
        };
        loop {
            let (feed, last_ns, frames) = (&mut self.feed, &mut self.last_ns, &mut self.frames);
            let is_timed = &mut self.is_timed;
            let more = merge
                .run(|source, block, meta| {
                    let frame = Frame::of(block, meta, source);
                    *last_ns = (*last_ns).max(meta.ts);
                    *is_timed |= meta.ts > 0;
                    frames[source as usize] += 1;
                    read[source as usize] += meta.len;
                    feed.push(&frame);
                    // Columns may be drained only between frames: stop the run when they are full.
                    true
                })
                .map_err(|(source, error)| ConvertError::Input {
                    path: sources[source as usize].1.input.shown.clone(),
                    source: error,
                })?;
            for (source, bytes) in merge.overhead.drain(..) {
                self.feed.market_mut().add_overhead(source, bytes);
                read[source as usize] += bytes;
            }
            if progress.is_cancelled() {
                return Err(ConvertError::Cancelled);
            }
            if self.feed.market().buffered_bytes() > DRAIN_BYTES {
                self.drain(rows, catalog)?;
                let done = read.iter().zip(&ratio).map(|(n, r)| (*n as f64 * r) as u64).sum();
                progress.set_done(done, self.feed.market().streams().iter().map(|s| s.rows).sum());
                if let Some((_, source)) = sources.iter().find(|(n, _)| Some(*n) == merge.current()) {
                    progress.file(&source.input.shown);
                }
            }
            rejects.write(self.feed.market_mut().take_rejects(), named)?;
            if !more {
                break;
            }
        }
        self.truncated = merge.truncated;
        for number in &self.truncated {
            let (shown, bytes) = (&sources[*number as usize].1.input.shown, read[*number as usize]);
            self.notes
                .push(format!("{shown} ends early: nothing could be read after {bytes} decompressed bytes"));
        }
        self.feed.finish();
        self.drain(rows, catalog)?;
        rejects.write(self.feed.market_mut().take_rejects(), named)?;
        let done = sources.iter().map(|(_, s)| s.input.bytes_file).sum();
        progress.set_done(done, self.feed.market().streams().iter().map(|s| s.rows).sum());
        Ok(())
    }

    fn drain(&mut self, rows: &mut RowStore, catalog: &Catalog) -> Result<(), StoreError> {
        let Self { stored, outlook, .. } = self;
        let rank = self.feed.spec().book_rank;
        let mut failure = Ok(());
        self.feed.market_mut().drain(|index, stream| {
            let index = index as usize;
            if stored.len() <= index {
                stored.resize(index + 1, None);
            }
            // Of several channels of one thing the catalog keeps one.
            let bound = catalog.state().bindings.get(&*stream.instrument_id);
            let is_open = outlook.is_open(index, &stream.key, bound, rank);
            let number = *stored[index]
                .get_or_insert_with(|| rows.open(stream.key.data_type, Identity::Arrival, is_open));
            if !is_open {
                stream.let_go();
            } else if failure.is_ok() {
                failure = rows.append_columns(number, &mut stream.columns, stream.decimals);
            }
        });
        failure
    }

    /// Chooses what the catalog keeps of this recording's streams.
    pub fn choose(
        &mut self,
        rows: &RowStore,
        catalog: &Catalog,
        settings: &Settings<'_>,
        bindings: &mut BTreeMap<String, Bindings>,
        report: &mut ConvertReport,
    ) -> Result<Vec<StreamPlan>, ConvertError> {
        let market = self.feed.market();
        let candidate = |at: usize| {
            let stream = &market.streams()[at];
            let number = self.stored.get(at).copied().flatten()?;
            Some(Candidate {
                key: stream.key.clone(),
                instrument_id: stream.instrument_id.clone(),
                rows: stream.rows,
                decimals: rows.decimals(number).max(stream.decimals),
                identity: Identity::Arrival,
                parts: vec![Part { number, source: 0, given: None }],
                stream: at,
                origin: self.feed.spec().name.to_owned(),
            })
        };
        let candidates: Vec<Candidate> = (0..market.streams().len()).filter_map(candidate).collect();
        let spec = self.feed.spec();
        let chooser = Chooser {
            name: spec.name,
            rank: spec.book_rank,
            definitions: market.definitions(),
            catalog,
            settings,
        };
        let choice = chooser.choose(&candidates, bindings, report)?;
        self.dropped = vec![false; market.streams().len()];
        for at in choice.dropped {
            self.dropped[at] = true;
            self.feed.market_mut().withdraw(at as u32);
        }
        self.gaps = self.chosen_gaps();
        Ok(choice.plans)
    }

    fn chosen_gaps(&self) -> Vec<GapRecord> {
        let market = self.feed.market();
        let kept = |gap: &&GapRecord| {
            !market.streams().iter().zip(&self.dropped).any(|(stream, dropped)| {
                *dropped
                    && stream.key.data_type == DataType::Delta
                    && stream.key.variant == gap.channel
                    && stream.instrument_id == gap.instrument_id
            })
        };
        market.gaps().iter().filter(kept).cloned().collect()
    }

    pub fn gaps(&self) -> Vec<GapRecord> {
        self.gaps.clone()
    }

    pub fn end_state(&self) -> FeedState {
        let mut ended = self.feed.market().end_state(self.last_ns);
        if !self.is_timed {
            ended.last_ns = ended.last_ns.max(ended.last_event_ns());
        }
        match &self.beside {
            // A range that is newer, as it was before an older one was added or made again, stays in force.
            Some(held) => held.clone().newest(ended),
            None => ended,
        }
    }

    /// Adds what this recording has to say.
    pub fn report(&mut self, report: &mut ConvertReport, sources: &[(u32, &Source)]) {
        let market = self.feed.market();
        report.notes.append(&mut self.notes);
        for (number, source) in sources {
            let accounting = market.accounts().get(*number as usize).copied().unwrap_or_default();
            let mut entry = report::source_report(source, false);
            entry.truncated = self.truncated.contains(number);
            entry.frames = self.frames[*number as usize];
            entry.accounting = accounting;
            entry.bytes = accounting.bytes.total + accounting.container_bytes;
            report.accounting.merge(&accounting);
            report.sources.push(entry);
        }
        report.rejects += market.rejected();
        for (name, count) in self.feed.unknown_keys().iter() {
            *report.unknown_keys.entry(name.to_owned()).or_default() += count;
        }
        for (name, count) in market.unknown_topics() {
            *report.unknown_topics.entry(name.clone()).or_default() += count;
        }
        report.undefined_symbols.extend_from_slice(market.undefined_symbols());
        let (clamped, unheld, later) = market.oddities();
        let name = self.feed.spec().name;
        for (channel, count) in market.other_books() {
            report.notes.push(format!(
                "{name}: {count} messages of the book {channel} are unselected; --book {channel} keeps that book"
            ));
        }
        if clamped > 0 {
            report.notes.push(format!("{name}: {clamped} book events were received before the one before them; their receive time was raised to keep the book's order"));
        }
        if unheld > 0 {
            report.notes.push(format!("{name}: {unheld} deletes of levels that the book did not hold"));
        }
        if later > 0 {
            report.notes.push(format!("{name}: {later} rows have an event time after their receive time"));
        }
        for (id, data_type, rounded) in market.rounded() {
            report.notes.push(format!(
                "{id} {data_type}: {rounded} values of more than 16 decimals were rounded half to even"
            ));
        }
        for account in market.accounts() {
            debug_assert!(account.adds_up(), "{account:?}");
        }
    }
}

/// Gives a file of definitions to a feed; notes what of it cannot be taken.
pub(super) fn define(feed: &mut Feed, path: &str, notes: &mut Vec<String>) -> Result<(), ConvertError> {
    let before = feed.market().refused_definitions().len();
    if read_definitions(feed, path)? == 0 {
        notes.push(format!("{path} defines no instrument of {}", feed.spec().name));
    }
    let refused = &feed.market().refused_definitions()[before..];
    if !refused.is_empty() {
        let shown: Vec<String> = refused
            .iter()
            .take(SHOWN)
            .map(|(symbol, error)| format!("{symbol} ({})", error.kind.code().replace('_', " ")))
            .collect();
        let more = if refused.len() > SHOWN { ", …" } else { "" };
        notes.push(format!(
            "{path}: {} definitions cannot be taken: {}{more}",
            refused.len(),
            shown.join(", ")
        ));
    }
    Ok(())
}

/// How many instruments of a feed a file defines; of an archive, all files in it together.
fn read_definitions(feed: &mut Feed, path: &str) -> Result<usize, ConvertError> {
    let file = Path::new(path);
    let members = dump::members(file)
        .map_err(|error| ConvertError::of_dump(path.to_owned(), error))?
        .unwrap_or_default();
    if members.is_empty() {
        let failed = |source| ConvertError::Input { path: path.to_owned(), source };
        return definitions_in(feed, file, None).map_err(failed);
    }
    let of = |member: &Member| {
        let failed = |source| ConvertError::Input { path: format!("{path}/{}", member.name), source };
        definitions_in(feed, file, Some(member)).map_err(failed)
    };
    members.iter().map(of).sum()
}

/// How many instruments of a feed a file, or one in a zip archive of several, defines.
fn definitions_in(feed: &mut Feed, path: &Path, member: Option<&Member>) -> Result<usize, CaptureError> {
    let bounds = DumpOptions::default();
    let open = || plan::open(path, member, &bounds);
    let mut bytes = Vec::new();
    let mut inflate = Inflate::new(open()?, false)?;
    while inflate.read_some(&mut bytes, 1 << 20)? > 0 {}
    // An answer alone, or a capture with answers in it.
    let taken = feed.define(&bytes).unwrap_or_default();
    if taken > 0 {
        return Ok(taken);
    }
    let name = path.to_string_lossy();
    let probe = match capture::probe(open()?, &name) {
        Ok(Some(probe)) => probe,
        Ok(None) => return Ok(0),
        // One of an archive's may be.
        Err(CaptureError::Empty) if member.is_some() => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut capture = capture::open(open()?, &name, &probe, &CaptureOptions::default())?;
    let mut block = Block::default();
    let mut taken = 0;
    while capture.next_block(&mut block)? {
        for meta in &block.frames {
            // Most frames are no definitions.
            taken += feed.define(block.body(meta)).unwrap_or_default();
        }
    }
    Ok(taken)
}
