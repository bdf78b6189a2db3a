//! The dumps of a conversion: read side by side, their rows in parts by source, so that neither threads nor the
//! order in which files end can be seen in what is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::choose::{Candidate, Chooser};
use super::conflicts::{Conflicts, Differing};
use super::encode::{Encoded, Part, StreamPlan};
use super::ids::{self, Hole};
use super::options::ConvertReport;
use super::plan::DumpSource;
use super::progress::{Phase, Progress};
use super::recording::{Settings, define};
use super::rowstore::RowStore;
use super::sidecars::RejectsFile;
use super::{ConvertError, report};
use crate::accounting::{Accounting, End, RowCounts};
use crate::book::{Gap, GapCause};
use crate::data::{DataType, Identity};
use crate::dump::{DumpError, DumpOptions, DumpReader, Inflating, Output, OutputOptions};
use crate::feed::{Feed, FeedOptions, FeedState, GapRecord, NumberRun, Reject, StreamKey};
use crate::instrument::Definition;
use crate::store::{Bindings, Catalog, NewFile, StoreError};
use crate::venue;

/// Rows held by a reader before they go to the row store.
const DRAIN_ROWS: usize = 16_384;

/// One stream of one dump.
struct DumpStream {
    key: StreamKey,
    instrument_id: std::sync::Arc<str>,
    origin: std::sync::Arc<str>,
    identity: Identity,
    part: usize,
    counts: RowCounts,
}

/// What reading one dump gave.
struct Decoded {
    output: Output,
    streams: Vec<DumpStream>,
    rejects: Vec<Reject>,
    truncated: bool,
    accounting: Accounting,
}

/// Every dump of a conversion.
pub(super) struct Dumps {
    /// In the order of feeds, then of first receive times, then of hashes: never of argv.
    sources: Vec<DumpSource>,
    decoded: Vec<Decoded>,
    gaps: Vec<GapRecord>,
    notes: Vec<String>,
}

/// Compares each dump with the `.CHECKSUM` file beside it, where there is one.
fn compare_checksums(dumps: &[DumpSource], progress: &Progress) -> Result<(), ConvertError> {
    for dump in dumps {
        let mut beside = dump.input.path.clone().into_os_string();
        beside.push(".CHECKSUM");
        let Ok(text) = std::fs::read_to_string(&beside) else { continue };
        let wanted = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let found = dump.input.file_sha256(progress)?;
        if wanted != found {
            let beside = Path::new(&beside).file_name().map(|n| n.to_string_lossy().into_owned());
            let (beside, found) = (beside.unwrap_or_default(), found.to_owned());
            let source = DumpError::Checksum { beside, wanted, found };
            return Err(ConvertError::Dump { path: dump.input.shown.clone(), source });
        }
    }
    Ok(())
}

impl Dumps {
    /// Reads every row.
    pub fn decode(
        mut sources: Vec<DumpSource>,
        settings: &Settings<'_>,
        rows: &mut RowStore,
        progress: &Progress,
    ) -> Result<Self, ConvertError> {
        sources.sort_by(|a, b| {
            let key = |s: &DumpSource| (s.probe.feed.clone(), s.probe.first_ts);
            key(a).cmp(&key(b)).then_with(|| a.input.sha256().cmp(&b.input.sha256()))
        });
        let (gaps, notes) = (Vec::new(), Vec::new());
        if sources.is_empty() {
            return Ok(Self { sources, decoded: Vec::new(), gaps, notes });
        }
        progress.phase(Phase::Decode);
        let jobs = settings.checked.jobs;
        let workers = jobs.min(sources.len());
        let inflating = if jobs > workers { Inflating::Ahead } else { Inflating::Here };
        let reading = Reading {
            settings,
            inflating,
            rows: Mutex::new(rows),
            progress,
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        };
        let next = AtomicUsize::new(0);
        let slots: Vec<Mutex<Option<Result<Decoded, ConvertError>>>> =
            sources.iter().map(|_| Mutex::new(None)).collect();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(source) = sources.get(at) else { break };
                        let result = reading.read(source);
                        if result.is_err() {
                            reading.failed.store(true, Ordering::Relaxed);
                            next.store(sources.len(), Ordering::Relaxed);
                        }
                        if let Ok(mut slot) = slots[at].lock() {
                            *slot = Some(result);
                        }
                    }
                });
            }
        });
        let mut decoded = Vec::with_capacity(sources.len());
        let mut failure = None;
        for slot in slots {
            // What was not reached has no result: another failed, or a thread panicked and has told already.
            match slot.into_inner() {
                Ok(Some(Ok(one))) => decoded.push(one),
                // Those that stopped because of it say so, too: what they say is not the reason.
                Ok(Some(Err(ConvertError::Cancelled))) | Ok(None) | Err(_) => {}
                Ok(Some(Err(error))) => failure = failure.or(Some(error)),
            }
        }
        if progress.is_cancelled() {
            return Err(ConvertError::Cancelled);
        }
        // A file that is not what it should be says more than what is wrong in it.
        compare_checksums(&sources, progress)?;
        if let Some(error) = failure {
            return Err(error);
        }
        sources.iter().try_for_each(|source| source.input.file_sha256(progress).map(drop))?;
        if decoded.len() < sources.len() {
            return Err(ConvertError::Cancelled);
        }
        Ok(Self { sources, decoded, gaps, notes })
    }

    /// How a source is called.
    pub fn name(&self, number: u32) -> String {
        self.sources.get(number as usize).map(|s| s.input.shown.clone()).unwrap_or_default()
    }

    /// Writes what could not be taken, source by source.
    pub fn write_rejects(&mut self, file: &mut RejectsFile) -> Result<(), StoreError> {
        for (source, decoded) in self.sources.iter().zip(&mut self.decoded) {
            let name = |_| (source.input.shown.clone(), source.input.sha256());
            file.write(std::mem::take(&mut decoded.rejects), name)?;
        }
        Ok(())
    }

    /// Chooses what the catalog keeps, and labels it.
    pub fn choose(
        &mut self,
        rows: &RowStore,
        catalog: &Catalog,
        settings: &Settings<'_>,
        bindings: &mut BTreeMap<String, Bindings>,
        report: &mut ConvertReport,
    ) -> Result<Vec<StreamPlan>, ConvertError> {
        let mut feeds: Vec<&str> = self.sources.iter().map(|s| s.probe.feed.as_str()).collect();
        feeds.dedup();
        let mut plans = Vec::new();
        let mut dropped: Vec<StreamKey> = Vec::new();
        for name in feeds {
            let candidates = self.candidates(name, rows)?;
            let feed = venue::feed(name);
            let mut definitions: Vec<Definition> = Vec::new();
            if let Some(spec) = feed {
                let mut feed = Feed::new(spec, FeedOptions::default());
                for path in &settings.options.instruments {
                    define(&mut feed, path, &mut self.notes)?;
                }
                definitions.extend_from_slice(feed.market().definitions());
                if !definitions.is_empty() {
                    let is_defined =
                        |c: &&Candidate| definitions.iter().any(|d| d.instrument_id == c.instrument_id);
                    let undefined = candidates.iter().filter(|c| !is_defined(c));
                    report.undefined_symbols.extend(undefined.map(|c| c.instrument_id.to_string()));
                    report.undefined_symbols.dedup();
                }
            }
            let rank = feed.map_or(crate::dump::book_rank as fn(&str) -> u32, |spec| spec.book_rank);
            let chooser = Chooser { name, rank, definitions: &definitions, catalog, settings };
            let choice = chooser.choose(&candidates, bindings, report)?;
            dropped.extend(choice.dropped.iter().map(|at| candidates[*at].key.clone()));
            plans.extend(choice.plans);
        }
        for decoded in &mut self.decoded {
            for stream in decoded.streams.iter().filter(|stream| dropped.contains(&stream.key)) {
                decoded.accounting.withdraw(&stream.counts, End::Unselected);
            }
        }
        Ok(plans)
    }

    /// The streams of a feed's sources: parts in the order of the sources.
    fn candidates(&self, feed: &str, rows: &RowStore) -> Result<Vec<Candidate>, ConvertError> {
        let mut candidates: Vec<Candidate> = Vec::new();
        // Where sources take turns they do so for all rows of an instrument: a line is kept or left whole.
        let mut given: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (number, (source, decoded)) in self.sources.iter().zip(&self.decoded).enumerate() {
            if source.probe.feed != feed {
                continue;
            }
            let format = source.probe.spec.name;
            let before = given.clone();
            for stream in &decoded.streams {
                let turn = (format, &*stream.instrument_id);
                let part = Part {
                    number: stream.part,
                    source: number as u32,
                    given: before.get(&turn).copied().filter(|_| stream.identity == Identity::Turns),
                };
                if let Some(last) = rows.last_ts(stream.part) {
                    let held = given.entry(turn).or_default();
                    *held = (*held).max(last);
                }
                let (total, decimals) = (rows.rows(stream.part), rows.decimals(stream.part));
                match candidates.iter_mut().find(|c| c.key == stream.key) {
                    Some(candidate) if candidate.origin != *stream.origin => {
                        return Err(ConvertError::SameStream {
                            data_type: stream.key.data_type.to_string(),
                            id: stream.key.id.to_string(),
                            first: candidate.origin.clone(),
                            second: stream.origin.to_string(),
                        });
                    }
                    Some(candidate) => {
                        candidate.rows += total;
                        candidate.decimals = candidate.decimals.max(decimals);
                        candidate.parts.push(part);
                    }
                    None => candidates.push(Candidate {
                        key: stream.key.clone(),
                        instrument_id: stream.instrument_id.clone(),
                        rows: total,
                        decimals,
                        identity: stream.identity,
                        parts: vec![part],
                        stream: candidates.len(),
                        origin: stream.origin.to_string(),
                    }),
                }
            }
        }
        Ok(candidates)
    }

    /// Takes what writing found: repeats, holes in numbers, also between this conversion and those before it, and
    /// rows of one number that differ. `replaced` is the catalog whose rows are replaced, if they are.
    ///
    /// # Errors
    /// What reading that catalog gives.
    pub fn settle(
        &mut self,
        encoded: &Encoded,
        plans: &[StreamPlan],
        conflicts: Conflicts,
        replaced: Option<&Catalog>,
        states: &mut BTreeMap<String, FeedState>,
    ) -> Result<(), StoreError> {
        for ((source, end), counts) in &encoded.dropped {
            if let Some(decoded) = self.decoded.get_mut(*source as usize) {
                decoded.accounting.withdraw(counts, *end);
            }
        }
        for (plan, hole) in &encoded.holes {
            self.gaps.push(missing_rows(&plans[*plan], hole));
        }
        for (plan, span) in &encoded.spans {
            let plan = &plans[*plan];
            let state = states.entry(plan.origin.clone()).or_default();
            state.last_ns = state.last_ns.max(span.last_ns);
            let held = &mut state.instruments.entry(plan.instrument_id.clone()).or_default().numbers;
            if let Some(catalog) = replaced {
                forget_replaced(held, plan, &encoded.files, catalog)?;
            }
            self.gaps.extend(ids::follow(held, *span).iter().map(|hole| missing_rows(plan, hole)));
        }
        let mut told: Vec<(usize, u64, &Differing)> = Vec::new();
        for (plan, differing) in &encoded.differing {
            match told.iter_mut().find(|(held, ..)| held == plan) {
                Some((_, count, _)) => *count += 1,
                None => told.push((*plan, 1, differing)),
            }
            if conflicts == Conflicts::First
                && let Some(decoded) = self.decoded.get_mut(differing.source as usize)
            {
                decoded.output.rejected += 1;
                decoded.rejects.push(left_out(&plans[*plan], differing));
            }
        }
        for (plan, count, Differing { first, row, .. }) in told {
            let StreamPlan { id, data_type, .. } = &plans[plan];
            let done = if conflicts == Conflicts::First { "left out as rejects" } else { "kept" };
            self.notes.push(format!(
                "{id} {data_type}: {count} rows differ from the first of their id and were {done}, such as {row} \
                 beside {first}"
            ));
        }
        Ok(())
    }

    /// Adds what the dumps have to say; answers their gaps.
    pub fn report(&mut self, report: &mut ConvertReport) -> Vec<GapRecord> {
        report.notes.append(&mut self.notes);
        for (source, decoded) in self.sources.iter().zip(&self.decoded) {
            let mut entry = report::dump_report(source, false);
            debug_assert!(decoded.accounting.adds_up(), "{:?}", decoded.accounting);
            entry.accounting = decoded.accounting;
            entry.frames = decoded.accounting.frames.total;
            entry.bytes = decoded.accounting.bytes.total + decoded.accounting.container_bytes;
            entry.truncated = decoded.truncated;
            if decoded.truncated {
                let (name, bytes) = (&source.input.shown, entry.bytes);
                report.notes.push(format!(
                    "{name} ends early: nothing could be read after {bytes} decompressed bytes"
                ));
            }
            report.accounting.merge(&decoded.accounting);
            report.rejects += decoded.output.rejected;
            for name in &source.probe.unknown {
                *report.unknown_keys.entry(name.clone()).or_default() += entry.frames;
            }
            let name = &source.input.shown;
            let output = &decoded.output;
            if output.clamped > 0 {
                report.notes.push(format!("{name}: {} book events were received before the one before them; their receive time was raised to keep the book's order", output.clamped));
            }
            if output.later_than_received > 0 {
                report.notes.push(format!(
                    "{name}: {} rows have an event time after their receive time",
                    output.later_than_received
                ));
            }
            if output.rounded > 0 {
                report.notes.push(format!(
                    "{name}: {} mark and index prices of more than 16 decimals were rounded half to even",
                    output.rounded
                ));
            }
            for unjoined in &output.unjoined {
                self.gaps.push(GapRecord {
                    instrument_id: unjoined.instrument_id.clone(),
                    symbol: "".into(),
                    channel: source.probe.spec.name.into(),
                    gap: unjoined.gap(),
                });
            }
            report.sources.push(entry);
        }
        std::mem::take(&mut self.gaps)
    }
}

/// The numbers of rows that a replacement takes away are not held any more, those beside it are.
fn forget_replaced(
    held: &mut Vec<NumberRun>,
    plan: &StreamPlan,
    files: &[NewFile],
    catalog: &Catalog,
) -> Result<(), StoreError> {
    let mut of_plan = files.iter().filter(|f| f.data_type == plan.data_type && f.id == plan.id);
    let (Some(first), DataType::Trade) = (of_plan.next(), plan.data_type) else { return Ok(()) };
    let end = of_plan.next_back().unwrap_or(first).end_ns;
    let [before, after] = catalog.trades_beside(&plan.id, first.start_ns..=end)?;
    ids::cut(held, before, after);
    Ok(())
}

/// A hole in the numbers of a stream.
fn missing_rows(plan: &StreamPlan, hole: &Hole) -> GapRecord {
    GapRecord {
        instrument_id: plan.instrument_id.as_str().into(),
        symbol: "".into(),
        channel: plan.origin.as_str().into(),
        gap: Gap {
            cause: GapCause::MissingRows,
            from_sequence: hole.from_sequence,
            to_sequence: hole.to_sequence,
            from_ns: hole.from_ns,
            to_ns: hole.to_ns,
            resolved_ns: 0,
            resolution: "",
            withheld: 0,
        },
    }
}

/// A row that was left out because of another. Where its line was is not known any more: it is kept as it was read.
fn left_out(plan: &StreamPlan, Differing { source, ts, first, row }: &Differing) -> Reject {
    Reject {
        source: *source,
        frame: 0,
        line: 0,
        offset: 0,
        at: 0,
        ts: *ts,
        code: "conflict".to_owned(),
        reason: format!("it differs from the first of its id: {first}"),
        symbol: plan.instrument_id.clone(),
        body: row.clone().into_bytes(),
    }
}

/// What readers share.
struct Reading<'a, 'r> {
    settings: &'a Settings<'a>,
    inflating: Inflating,
    rows: Mutex<&'r mut RowStore>,
    progress: &'a Progress,
    bytes: AtomicU64,
    total: AtomicU64,
    /// One of them failed: the others need not go on.
    failed: AtomicBool,
}

impl Reading<'_, '_> {
    fn options(&self) -> (&DumpOptions, OutputOptions) {
        let Settings { options, checked } = self.settings;
        let output = OutputOptions {
            types: checked.types,
            trades: checked.trades,
            from: options.from.unwrap_or(0),
            to: options.to.unwrap_or(u64::MAX),
            limits: super::limits(checked.flavour),
            on_gap: checked.on_gap,
            ..OutputOptions::default()
        };
        (&checked.wanted.dump, output)
    }

    fn read(&self, source: &DumpSource) -> Result<Decoded, ConvertError> {
        let failed = |error| ConvertError::of_dump(source.input.shown.clone(), error);
        let (options, output) = self.options();
        let mut reader = DumpReader::open(&source.probe, options, self.inflating).map_err(failed)?;
        let mut output = Output::new(source.probe.spec.name, output);
        let mut parts: Vec<usize> = Vec::new();
        self.progress.file(&source.input.shown);
        loop {
            let more = reader.read(&mut output).map_err(failed)?;
            if self.progress.is_cancelled() || self.failed.load(Ordering::Relaxed) {
                return Err(ConvertError::Cancelled);
            }
            if output.held() > DRAIN_ROWS || !more {
                self.drain(&mut output, &mut parts)?;
            }
            if !more {
                break;
            }
        }
        let bytes = self.bytes.fetch_add(source.input.bytes_file, Ordering::Relaxed);
        let rows: u64 = output.streams().iter().map(|s| s.total).sum();
        let total = self.total.fetch_add(rows, Ordering::Relaxed);
        self.progress.set_done(bytes + source.input.bytes_file, total + rows);
        let streams = output.streams().iter().zip(&parts).map(|(stream, part)| DumpStream {
            key: stream.key.clone(),
            instrument_id: stream.instrument_id.clone(),
            origin: stream.origin.clone(),
            identity: stream.identity,
            part: *part,
            counts: stream.counts,
        });
        let streams = streams.collect();
        let rejects = output.take_rejects();
        let (truncated, accounting) = (reader.truncated(), output.accounting);
        Ok(Decoded { output, streams, rejects, truncated, accounting })
    }

    fn drain(&self, output: &mut Output, parts: &mut Vec<usize>) -> Result<(), ConvertError> {
        let Ok(mut store) = self.rows.lock() else { return Err(ConvertError::Cancelled) };
        for stream in &output.streams()[parts.len()..] {
            parts.push(store.open(stream.key.data_type, stream.identity, true));
        }
        output.drain(|number, stream, rows| store.append(parts[number], rows, stream.decimals))?;
        Ok(())
    }
}
