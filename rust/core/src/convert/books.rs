//! The books of captures and dumps as they stood at a time.
//!
//! In: inputs as of a conversion, and a time T. Out: of each instrument the book that a catalog of these inputs would
//! give at T: the fold of its delta rows (of dumps of whole tops, its last row) into the core's own [`Ladder`], and
//! what is known of its place in the stream. Reading stops where frames were received long after T ([`CLOCK_BACK`]); what is
//! held is the books, one block of rows and the frames of after T.
//!
//! A hole does not take the book away: what stood before it is shown, with what is missing since.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::ConvertError;
use super::merge::Merge;
use super::plan::{self, DumpSource, Source};
use super::progress::Progress;
use super::{DumpOptions, report, usage, wanted};
use crate::book::{Gap, Ladder};
use crate::capture::CaptureOptions;
use crate::data::{AnyColumns, BookAction, DataType, Decimals, DeltaColumns, Depth10Columns, Side};
use crate::decimal;
use crate::dump::{self, DumpReader, Inflating, Output, OutputOptions, OutputStream};
use crate::feed::{Feed, FeedOptions, Frame, TypeSet};
use crate::frame::Block;

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BooksOptions {
    /// Files, folders, patterns, or `-`.
    pub inputs: Vec<String>,
    /// A file of what came through standard input, which is the input `-`.
    #[serde(default)]
    pub stdin: Option<PathBuf>,
    /// The time, ns UTC: what was received at it is in the book.
    pub at: u64,
    /// The instrument wanted; all without.
    #[serde(default)]
    pub instrument: Option<String>,
    /// Levels of a side; 0: all.
    #[serde(default)]
    pub depth: usize,
    /// Feed of all inputs, instead of recognising it.
    #[serde(default)]
    pub feed: Option<String>,
    /// Dump format of all inputs, instead of recognising it.
    #[serde(default)]
    pub format: Option<String>,
    /// The venue's symbol of all dumps, instead of taking it from their names.
    #[serde(default)]
    pub symbol: Option<String>,
    /// Channel of books; the venue's preference without.
    #[serde(default)]
    pub book: Option<String>,
    /// Whether a cut input gives what came before the cut.
    #[serde(default)]
    pub allow_truncated: bool,
}

/// How far a book can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Every update since a whole book joined in, by the venue's rule.
    Proven,
    /// The last message was the whole book, or its top.
    Whole,
    /// As a file has it, which says nothing of what may be missing.
    Published,
    /// Something is missing: it is the book of before the hole.
    Gap,
    /// No whole book has joined the updates: there is no book yet.
    Waiting,
}

/// A hole in the stream of a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// Why there is one.
    pub cause: &'static str,
    /// The last id before it; 0 where there is none.
    pub from_sequence: u64,
    /// The first id after it; 0 where there is none.
    pub to_sequence: u64,
    /// Receive time of the last event before it, ns UTC; 0 where there is none.
    pub from_ns: u64,
    /// Receive time of the first event after it, ns UTC.
    pub to_ns: u64,
    /// Receive time of what ended it, ns UTC; 0: nothing has, by the time asked for.
    pub resolved_ns: u64,
    /// What ended it.
    pub resolution: &'static str,
    /// Updates left out because of it.
    pub withheld: u64,
}

/// A book at a time.
#[derive(Debug, Clone, Serialize)]
pub struct BookAt {
    /// The instrument.
    pub instrument_id: String,
    /// The feed, or the format of a dump.
    pub feed: String,
    /// Channel.
    pub channel: String,
    /// Other channels with a book of the instrument.
    pub other_channels: Vec<String>,
    /// The time asked for, ns UTC.
    pub at: u64,
    /// How far it can be trusted.
    pub standing: Standing,
    /// What is missing, where it waits.
    pub missing: Option<Hole>,
    /// Holes before it that were closed, oldest first.
    pub holes: Vec<Hole>,
    /// Event time of the last event in it, ns UTC; 0 where there is no book.
    pub ts_event: u64,
    /// Receive time of the last event in it, ns UTC; 0 where there is no book.
    pub ts_init: u64,
    /// Sequence of the last event in it; 0 where the venue has none.
    pub sequence: u64,
    /// Receive time of the last frame of the recording up to the time asked for, ns UTC: where that is long before, the
    /// recording may be over.
    pub recorded_to: u64,
    /// Levels of bids in the book.
    pub bid_levels: usize,
    /// Levels of asks in the book.
    pub ask_levels: usize,
    /// Bids, best first: price and size, exact decimal text with the most decimals met so far.
    pub bids: Vec<(String, String)>,
    /// Asks, best first.
    pub asks: Vec<(String, String)>,
}

/// How far a clock may step back, ns: so long after T frames received up to T are still looked for.
const CLOCK_BACK: u64 = 10_000_000_000;

/// Bytes of frames received after T that are held meanwhile.
const MAX_LATER: usize = 64 << 20;

/// A book that rows are folded into.
#[derive(Debug, Default)]
struct Fold {
    ladder: Ladder,
    /// Of a book by order: side, price and size of each, by id.
    orders: HashMap<u64, (Side, i128, i128)>,
    decimals: Decimals,
    ts_event: u64,
    ts_init: u64,
    sequence: u64,
    /// Whether every event is a whole top of the book.
    is_whole: bool,
    /// Whether there was any event.
    is_told: bool,
}

impl Fold {
    fn take(&mut self, columns: &AnyColumns, decimals: Decimals) {
        self.decimals = self.decimals.max(decimals);
        match columns {
            AnyColumns::Delta(rows) => self.take_deltas(rows),
            AnyColumns::Depth10(rows) => self.take_depths(rows),
            _ => {}
        }
    }

    fn take_deltas(&mut self, rows: &DeltaColumns) {
        for (row, action) in rows.action.iter().enumerate() {
            let side = if rows.side[row] == Side::Buy as u8 { Side::Buy } else { Side::Sell };
            if *action == BookAction::Clear as u8 {
                self.ladder.clear();
                self.orders.clear();
                continue;
            }
            let size = if *action == BookAction::Delete as u8 { 0 } else { rows.size[row] };
            match rows.order_id[row] {
                0 => {
                    self.ladder.set(side, rows.price[row], size, ());
                }
                id => self.take_order(id, side, rows.price[row], size),
            }
        }
        self.told(&rows.ts_event, &rows.ts_init, &rows.sequence);
    }

    /// The order of an id as it is now; a size of 0: it is gone.
    fn take_order(&mut self, id: u64, side: Side, price: i128, size: i128) {
        if let Some((side, price, size)) = self.orders.remove(&id) {
            self.add(side, price, -size);
        }
        if size > 0 {
            self.orders.insert(id, (side, price, size));
            self.add(side, price, size);
        }
    }

    /// A level is the sum of the orders at its price.
    fn add(&mut self, side: Side, price: i128, change: i128) {
        let held = self.ladder.size_at(side, price).unwrap_or_default();
        self.ladder.set(side, price, held + change, ());
    }

    /// The last of whole tops is the book.
    fn take_depths(&mut self, rows: &Depth10Columns) {
        let Some(last) = rows.ts_init.len().checked_sub(1) else { return };
        self.is_whole = true;
        self.ladder.clear();
        let sides =
            [(Side::Buy, &rows.bid_price, &rows.bid_size), (Side::Sell, &rows.ask_price, &rows.ask_size)];
        for (side, prices, sizes) in sides {
            for (price, size) in prices.iter().zip(sizes) {
                if size[last] > 0 {
                    self.ladder.set(side, price[last], size[last], ());
                }
            }
        }
        self.told(&rows.ts_event, &rows.ts_init, &rows.sequence);
    }

    fn told(&mut self, ts_event: &[u64], ts_init: &[u64], sequence: &[u64]) {
        if let (Some(ts_event), Some(ts_init), Some(sequence)) =
            (ts_event.last(), ts_init.last(), sequence.last())
        {
            (self.ts_event, self.ts_init, self.sequence) = (*ts_event, *ts_init, *sequence);
            self.is_told = true;
        }
    }

    /// The best `depth` levels of a side.
    fn levels(&self, side: Side, depth: usize) -> Vec<(String, String)> {
        let depth = if depth == 0 { usize::MAX } else { depth };
        let text = |(price, size, ()): (i128, i128, &())| {
            (padded(price, self.decimals.price), padded(size, self.decimals.size))
        };
        self.ladder.levels(side).take(depth).map(text).collect()
    }
}

/// Exact decimal text with at least `decimals` decimals, so that levels of a side stand below one another.
fn padded(value: i128, decimals: u8) -> String {
    let mut text = decimal::text(value);
    let written = text.find('.').map_or(0, |point| text.len() - point - 1);
    if written < usize::from(decimals) {
        if written == 0 {
            text.push('.');
        }
        text.extend(std::iter::repeat_n('0', usize::from(decimals) - written));
    }
    text
}

/// By instrument id and channel.
type Folds = BTreeMap<(Arc<str>, Arc<str>), Fold>;

/// The books of one feed, or of one dump.
struct Found {
    feed: String,
    rank: fn(&str) -> u32,
    folds: Folds,
    /// What a book is that no hole is known of.
    standing: fn(&Fold, bool) -> Standing,
    /// Books kept by updates, whose place is judged.
    judged: Vec<(Arc<str>, Arc<str>)>,
    holes: Vec<(Arc<str>, Arc<str>, Hole)>,
    recorded_to: u64,
}

impl Hole {
    /// A gap as it was known at `at`; `None`: it was not.
    fn at(at: u64, gap: &Gap) -> Option<Self> {
        let is_over = gap.resolved_ns > 0 && gap.resolved_ns <= at;
        (gap.to_ns <= at).then(|| Self {
            cause: gap.cause.name(),
            from_sequence: gap.from_sequence,
            to_sequence: gap.to_sequence,
            from_ns: gap.from_ns,
            to_ns: gap.to_ns,
            resolved_ns: if is_over { gap.resolved_ns } else { 0 },
            resolution: if is_over { gap.resolution } else { "" },
            withheld: gap.withheld,
        })
    }
}

/// The books of inputs as they stood at a time, by instrument id.
///
/// # Errors
/// [`ConvertError::NoBook`] where none stood, [`ConvertError::Usage`] for an instrument without a book; see
/// [`ConvertError`] for the rest.
pub fn books(options: &BooksOptions, progress: &Progress) -> Result<Vec<BookAt>, ConvertError> {
    let dump = DumpOptions { allow_truncated: options.allow_truncated, ..DumpOptions::default() };
    let (feed, format) = (options.feed.as_deref(), options.format.as_deref());
    let wanted = wanted(feed, format, options.symbol.clone(), dump, options.stdin.clone())?;
    let plan = plan::plan(&options.inputs, &wanted, None)?;
    let mut found = Vec::new();
    for sources in report::recordings(&plan.sources) {
        found.push(recording(&sources, options, progress)?);
    }
    for source in plan.dumps.iter().filter(|source| holds_books(source)) {
        let of_file = dumped(source, &wanted.dump, options, progress)?;
        join(&mut found, of_file);
    }
    if found.is_empty() {
        let inputs = plan.inputs().map(|input| input.shown.as_str()).take(5).collect::<Vec<_>>().join(", ");
        let skipped = plan.skipped.iter().map(|s| format!("{} ({})", s.path, s.reason)).take(5);
        let held = std::iter::once(inputs).chain(skipped).filter(|s| !s.is_empty()).collect::<Vec<_>>();
        return Err(ConvertError::NoBook {
            at: options.at,
            reason: format!(
                "nothing in what was given has books: {}; give captures or order-book dumps",
                held.join(", ")
            ),
        });
    }
    let begins = plan.sources.iter().map(|source| source.probe.first_ts).min().unwrap_or_default();
    let mut all: Vec<BookAt> = found.into_iter().flat_map(|found| found.told(options)).collect();
    all.sort_by(|a, b| (&a.instrument_id, &a.feed).cmp(&(&b.instrument_id, &b.feed)));
    if let Some(id) = &options.instrument {
        if !all.iter().any(|book| book.instrument_id == *id) {
            return Err(usage(unknown(id, &all, options.at)));
        }
        all.retain(|book| book.instrument_id == *id);
    }
    if all.iter().all(|book| book.standing == Standing::Waiting) {
        return Err(ConvertError::NoBook { at: options.at, reason: why_none(&all, begins, options.at) });
    }
    Ok(all)
}

fn unknown(id: &str, all: &[BookAt], at: u64) -> String {
    let mut ids: Vec<&str> = all.iter().map(|book| book.instrument_id.as_str()).collect();
    ids.dedup();
    let more = ids.len().saturating_sub(20);
    let listed = ids.into_iter().take(20).collect::<Vec<_>>().join(", ");
    let at = crate::time::iso(at);
    match (listed.is_empty(), more) {
        (true, _) => format!("--instrument {id}: no book of any instrument up to {at}; give a later --at"),
        (false, 0) => format!("--instrument {id}: no book of it up to {at}; there are {listed}"),
        (false, more) => {
            format!("--instrument {id}: no book of it up to {at}; there are {listed} and {more} more")
        }
    }
}

/// Why there is no book at all.
fn why_none(all: &[BookAt], begins: u64, at: u64) -> String {
    if let Some((book, hole)) = all.iter().find_map(|book| Some((book, book.missing.as_ref()?))) {
        return format!(
            "{} updates of {} ({}) wait for a whole book since {}; give a later --at, or add the file with its snapshot",
            hole.withheld,
            book.instrument_id,
            book.channel,
            crate::time::iso(hole.to_ns),
        );
    }
    if begins > at {
        return format!("the inputs begin at {}; give a later --at", crate::time::iso(begins));
    }
    "no book was received up to then; give a later --at, or --book with the channel wanted".to_owned()
}

fn holds_books(source: &DumpSource) -> bool {
    let types = source.probe.spec.types;
    types.contains(&DataType::Delta) || types.contains(&DataType::Depth10)
}

impl Found {
    /// What is told of the books: one of each instrument, of its best channel that has a book.
    fn told(self, options: &BooksOptions) -> Vec<BookAt> {
        let mut by_id: BTreeMap<&Arc<str>, Vec<(&Arc<str>, &Fold)>> = BTreeMap::new();
        for ((id, channel), fold) in &self.folds {
            let is_known = fold.is_told || self.holes.iter().any(|(i, c, _)| (i, c) == (id, channel));
            let is_wanted = options.book.as_deref().is_none_or(|book| book == &**channel);
            if is_known && is_wanted {
                by_id.entry(id).or_default().push((channel, fold));
            }
        }
        let best = |(id, mut channels): (&Arc<str>, Vec<(&Arc<str>, &Fold)>)| {
            channels.sort_by_key(|(channel, fold)| (!fold.is_told, (self.rank)(channel), *channel));
            let others = channels[1..].iter().filter(|(_, fold)| fold.is_told);
            let others = others.map(|(channel, _)| channel.to_string()).collect();
            let (channel, fold) = channels[0];
            self.tell(id, channel, others, fold, options)
        };
        by_id.into_iter().map(best).collect()
    }

    fn tell(
        &self,
        id: &Arc<str>,
        channel: &Arc<str>,
        other_channels: Vec<String>,
        fold: &Fold,
        options: &BooksOptions,
    ) -> BookAt {
        let own =
            self.holes.iter().filter(|(i, c, _)| (i, c) == (id, channel)).map(|(.., hole)| hole.clone());
        let (mut open, holes): (Vec<Hole>, Vec<Hole>) = own.partition(|hole| hole.resolved_ns == 0);
        let missing = open.pop();
        let is_judged = self.judged.iter().any(|(i, c)| (i, c) == (id, channel));
        let standing = match &missing {
            _ if !fold.is_told => Standing::Waiting,
            Some(_) => Standing::Gap,
            None => (self.standing)(fold, is_judged),
        };
        BookAt {
            instrument_id: id.to_string(),
            feed: self.feed.clone(),
            channel: channel.to_string(),
            other_channels,
            at: options.at,
            standing,
            missing,
            holes,
            ts_event: fold.ts_event,
            ts_init: fold.ts_init,
            sequence: fold.sequence,
            recorded_to: self.recorded_to,
            bid_levels: fold.ladder.len(Side::Buy),
            ask_levels: fold.ladder.len(Side::Sell),
            bids: fold.levels(Side::Buy, options.depth),
            asks: fold.levels(Side::Sell, options.depth),
        }
    }
}

/// Why reading stopped before the end.
enum Stop {
    /// A frame was received long after the time asked for.
    Later,
    /// An event of a source without receive times was after it: sources that follow may have others.
    Past(u32),
    Cancelled,
}

/// The books of one recording.
fn recording(
    sources: &[(u32, &Source)],
    options: &BooksOptions,
    progress: &Progress,
) -> Result<Found, ConvertError> {
    let spec = sources[0].1.feed;
    let mut feed = Feed::new(
        spec,
        FeedOptions {
            types: TypeSet::named([DataType::Delta]),
            book: options.book.as_deref().map(Into::into),
            all_channels: options.book.is_none(),
            to: options.at.saturating_add(1),
            max_kept_rejects: 0,
            ..FeedOptions::default()
        },
    );
    let reading = CaptureOptions { allow_truncated: options.allow_truncated, ..CaptureOptions::default() };
    let (mut folds, mut recorded_to, mut next) = (Folds::new(), 0, 0);
    // Frames received after the time: they count only where one received before it follows.
    let (mut later, mut later_sources) = (Block::default(), Vec::new());
    while next < sources.len() {
        let mut merge = Merge::new(&sources[next..], reading.clone());
        let mut stop = None;
        loop {
            let run = merge.run(|source, block, meta| {
                if meta.ts > options.at.saturating_add(CLOCK_BACK) || later.data.len() > MAX_LATER {
                    stop = Some(Stop::Later);
                } else if progress.is_cancelled() {
                    stop = Some(Stop::Cancelled);
                } else if meta.ts > options.at {
                    later.take(block, meta);
                    later_sources.push(source);
                } else {
                    recorded_to = recorded_to.max(meta.ts);
                    for (meta, source) in later.frames.iter().zip(later_sources.drain(..)) {
                        feed.push(&Frame::of(&later, meta, source));
                    }
                    later.clear();
                    feed.push(&Frame::of(block, meta, source));
                    if meta.ts == 0
                        && feed.market().books().any(|(.., book)| book.last_seen_ns() > options.at)
                    {
                        stop = Some(Stop::Past(source));
                    }
                }
                stop.is_none()
            });
            let more = run.map_err(|(source, error)| ConvertError::Input {
                path: sources[source as usize].1.input.shown.clone(),
                source: error,
            })?;
            drain(&mut feed, &mut folds);
            if !more {
                break;
            }
        }
        next = match stop {
            Some(Stop::Past(source)) => source as usize + 1,
            Some(Stop::Cancelled) => return Err(ConvertError::Cancelled),
            Some(Stop::Later) | None => sources.len(),
        };
    }
    feed.finish();
    drain(&mut feed, &mut folds);
    let market = feed.market();
    let judged: Vec<(Arc<str>, Arc<str>)> =
        market.books().map(|(id, channel, _)| (id.clone(), channel.clone())).collect();
    for book in &judged {
        // A book that waits has given no rows, and so no stream to drain.
        folds.entry(book.clone()).or_default();
    }
    let known = market.gaps().iter().filter_map(|record| {
        let hole = Hole::at(options.at, &record.gap)?;
        Some((record.instrument_id.clone(), record.channel.clone(), hole))
    });
    let holes = known.collect();
    let standing = |_: &Fold, is_judged| if is_judged { Standing::Proven } else { Standing::Whole };
    let (name, rank) = (spec.name.to_owned(), spec.book_rank);
    Ok(Found { feed: name, rank, folds, standing, judged, holes, recorded_to })
}

fn drain(feed: &mut Feed, folds: &mut Folds) {
    feed.market_mut().drain(|_, stream| {
        let key = (stream.instrument_id.clone(), stream.key.variant.clone());
        folds.entry(key).or_default().take(&stream.columns, stream.decimals);
        stream.columns.clear();
    });
}

/// The books of one dump.
fn dumped(
    source: &DumpSource,
    reading: &DumpOptions,
    options: &BooksOptions,
    progress: &Progress,
) -> Result<Found, ConvertError> {
    let spec = source.probe.spec;
    let failed = |error| ConvertError::of_dump(source.input.shown.clone(), error);
    let mut reader = DumpReader::open(&source.probe, reading, Inflating::Ahead).map_err(failed)?;
    let types = TypeSet::named([DataType::Delta, DataType::Depth10]);
    let to = options.at.saturating_add(1);
    let output = OutputOptions { types, to, max_kept_rejects: 0, ..OutputOptions::default() };
    let mut out = Output::new(spec.name, output);
    let (mut folds, mut recorded_to) = (Folds::new(), 0);
    while reader.read(&mut out).map_err(failed)? {
        if progress.is_cancelled() {
            return Err(ConvertError::Cancelled);
        }
        // Rows are in the order of time, and only those after T are not wanted.
        if out.accounting.frames.unselected > 0 {
            reader.stop(&mut out);
            break;
        }
        fold(&mut out, &mut folds, &mut recorded_to);
    }
    fold(&mut out, &mut folds, &mut recorded_to);
    let mut holes = Vec::new();
    for unjoined in &out.unjoined {
        let of = |stream: &&OutputStream| stream.instrument_id == unjoined.instrument_id;
        let Some(stream) = out.streams().iter().find(of) else { continue };
        let key = (stream.instrument_id.clone(), stream.key.variant.clone());
        let gap = unjoined.gap();
        if let Some(hole) = Hole::at(options.at, &gap) {
            holes.push((key.0.clone(), key.1.clone(), hole));
        }
        folds.entry(key).or_default();
    }
    let standing = |fold: &Fold, _| if fold.is_whole { Standing::Whole } else { Standing::Published };
    let (feed, rank) = (spec.name.to_owned(), dump::book_rank as fn(&str) -> u32);
    Ok(Found { feed, rank, folds, standing, judged: Vec::new(), holes, recorded_to })
}

/// Takes the rows of a dump.
fn fold(out: &mut Output, folds: &mut Folds, recorded_to: &mut u64) {
    let taken = out.drain(|_, stream, rows| {
        *recorded_to = rows.columns.ts_init().iter().copied().fold(*recorded_to, u64::max);
        let key = (stream.instrument_id.clone(), stream.key.variant.clone());
        folds.entry(key).or_default().take(&rows.columns, stream.decimals);
        Ok::<(), std::convert::Infallible>(())
    });
    match taken {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

/// Joins the books of a dump to those of the files of its format before it: of each book the later one stands.
fn join(found: &mut Vec<Found>, of_file: Found) {
    let Some(held) = found.iter_mut().find(|held| held.feed == of_file.feed) else {
        found.push(of_file);
        return;
    };
    held.recorded_to = held.recorded_to.max(of_file.recorded_to);
    for (key, fold) in of_file.folds {
        let old = held.folds.entry(key.clone()).or_default();
        if fold.is_told && (!old.is_told || old.ts_init <= fold.ts_init) {
            *old = fold;
        }
    }
    held.holes.extend(of_file.holes);
}
