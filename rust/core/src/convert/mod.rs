//! The converter: plan -> decode -> order -> encode -> stage -> commit.
//!
//! In: captures and dumps. Out: a version of a catalog, or an error and the catalog as it was. Each feed's sources are one
//! recording, merged by receive time and decoded on one thread while others inflate; rows go to the
//! [`rowstore`], whose files are staged and committed together with what the log has to know.

mod ahead;
mod books;
mod choose;
mod conflicts;
mod dumps;
mod encode;
mod error;
mod hashes;
mod ids;
mod inspect;
mod merge;
mod options;
mod plan;
mod progress;
mod rebase;
mod recording;
mod report;
pub mod rowstore;
mod sidecars;
mod whole;

pub use books::{BookAt, BooksOptions, Hole, Standing, books};
pub use error::ConvertError;
pub use inspect::{InspectOptions, Inspection, inspect};
pub use options::{ConvertOptions, ConvertReport, Skipped, SourceReport, TableReport};
pub use progress::{Phase, Progress};
pub use report::instruments_left;
pub(crate) use whole::{Piece, Whole};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use conflicts::Conflicts;
use dumps::Dumps;
use encode::{EncodeOptions, Partition, StreamPlan};
use hashes::Hashing;
use plan::Wanted;
use recording::{Recording, Settings};
use rowstore::RowStore;

use crate::data::DataType;
use crate::dump::{self, DumpOptions};
use crate::feed::{Limits, OnGap, TypeSet};
use crate::schema::Flavour;
use crate::store::{self, Catalog, CommitRequest, Layout, Mode, SidecarKind, SourceEntry};
use crate::venue;

/// Threads that a conversion starts at most.
const MAX_JOBS: usize = 256;

fn usage(text: String) -> ConvertError {
    ConvertError::Usage(text)
}

/// Options that were read.
pub(crate) struct Checked {
    pub wanted: Wanted,
    pub flavour: Flavour,
    pub layout: Layout,
    pub types: TypeSet,
    pub trades: Option<&'static str>,
    pub on_gap: OnGap,
    pub partition: Partition,
    pub conflicts: Conflicts,
    pub mode: Mode,
    pub jobs: usize,
}

/// What the user says of all inputs, read.
fn wanted(
    feed: Option<&str>,
    format: Option<&str>,
    symbol: Option<String>,
    dump: DumpOptions,
    stdin: Option<PathBuf>,
) -> Result<Wanted, ConvertError> {
    let no_feed = |name: &str| format!("--feed {name}: no such feed; there are {}", plan::feed_names());
    let no_format = |name: &str| format!("--format {name}: no such dump format; there are {}", dump::names());
    let feed = feed.map(|name| venue::feed(name).ok_or_else(|| usage(no_feed(name)))).transpose()?;
    let format = format.map(|name| dump::format(name).ok_or_else(|| usage(no_format(name)))).transpose()?;
    Ok(Wanted { feed, format, symbol, dump, stdin })
}

fn check(options: &ConvertOptions) -> Result<Checked, ConvertError> {
    let dump = DumpOptions {
        max_line: options.max_line.min(DumpOptions::default().max_line),
        max_member: options.max_member,
        max_ratio: options.max_ratio,
        allow_truncated: options.allow_truncated,
        ..DumpOptions::default()
    };
    let (feed, format) = (options.feed.as_deref(), options.format.as_deref());
    let wanted = wanted(feed, format, options.symbol.clone(), dump, options.stdin.clone())?;
    let flavour: Flavour = options
        .flavour
        .parse()
        .map_err(|()| usage(format!("--flavour {}: v1-high, v1-standard or v2", options.flavour)))?;
    let layout: Layout =
        options.layout.parse().map_err(|()| usage(format!("--layout {}: 1.231 or 1.220", options.layout)))?;
    let types =
        match &options.types {
            None => TypeSet::RECEIVED,
            Some(names) if names.is_empty() => return Err(usage("--types: no type is named".to_owned())),
            Some(names) => {
                let mut types = Vec::new();
                for name in names {
                    let known = || DataType::ALL.map(DataType::name).join(", ");
                    types.push(name.trim().parse::<DataType>().map_err(|()| {
                        usage(format!("--types {name}: no such type; there are {}", known()))
                    })?);
                }
                TypeSet::named(types)
            }
        };
    let trades = match options.trades.as_deref() {
        None => None,
        Some("raw") => Some("raw"),
        Some("aggregate") => Some("aggregate"),
        Some(other) => return Err(usage(format!("--trades {other}: raw or aggregate"))),
    };
    let on_gap = match options.on_gap.as_str() {
        "withhold" => OnGap::Withhold,
        "rebuild" => OnGap::Rebuild,
        "continue" => OnGap::Continue,
        other => return Err(usage(format!("--on-gap {other}: withhold, rebuild or continue"))),
    };
    let partition = match options.partition.as_str() {
        "day" => Partition::Day,
        "hour" => Partition::Hour,
        other => return Err(usage(format!("--partition {other}: day or hour"))),
    };
    let conflicts = options
        .conflicts
        .parse()
        .map_err(|()| usage(format!("--conflicts {}: error, first or keep", options.conflicts)))?;
    let mode = match options.mode.as_str() {
        "add" => Mode::Add,
        "replace" => Mode::Replace,
        "append-after" => Mode::AppendAfter,
        other => return Err(usage(format!("mode {other}: add, replace or append-after"))),
    };
    holds_precision(flavour, options.precision)?;
    if options.from.zip(options.to).is_some_and(|(from, to)| from >= to) {
        return Err(usage("--from is not before --to".to_owned()));
    }
    if options.memory < 32 << 20 {
        return Err(usage("--memory: at least 32MiB".to_owned()));
    }
    if options.inputs.is_empty() {
        return Err(usage("no input given".to_owned()));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = if options.jobs == 0 { cores } else { options.jobs }.min(MAX_JOBS);
    Ok(Checked { wanted, flavour, layout, types, trades, on_gap, partition, conflicts, mode, jobs })
}

/// Converts. `staging` is a name for the staging folder that no other conversion uses.
///
/// # Errors
/// See [`ConvertError`]; the catalog is then as it was, save where the instruments could not be written: that is done after
/// the commit, and again by the next conversion.
pub fn convert(
    options: &ConvertOptions,
    staging: &str,
    progress: &Progress,
) -> Result<ConvertReport, ConvertError> {
    let checked = check(options)?;
    progress.phase(Phase::Plan);
    let root = Path::new(&options.output);
    let mut plan = plan::plan(&options.inputs, &checked.wanted, Some(root))?;
    if plan.is_empty() {
        return Err(plan.nothing());
    }
    progress.total(plan.inputs().map(|input| input.bytes_file).sum());
    let is_new = !root.exists();
    let hashing = Hashing::of(&mut plan);
    let result = std::thread::scope(|scope| {
        let _over = hashing.over();
        let catalog = Catalog::open(root, checked.flavour, checked.layout)?;
        let mut report = ConvertReport {
            catalog: options.output.clone(),
            flavour: checked.flavour.name().to_owned(),
            layout: checked.layout.name().to_owned(),
            max_rejects: options.max_rejects,
            skipped: std::mem::take(&mut plan.skipped),
            ..ConvertReport::default()
        };
        // Most conversions need to know what their inputs are known by when they end: they do not wait for it.
        if checked.jobs == 1 || plan.has_twins(&catalog.state().source_bytes) {
            hashing.all(checked.jobs, progress);
            plan.hashed(progress)?;
            report::set_known(&mut plan, &catalog, checked.mode, &mut report);
        } else {
            for _ in 0..checked.jobs / 2 {
                scope.spawn(|| hashing.work(progress));
            }
            plan.ordered(progress)?;
        }
        let settings = Settings { options, checked: &checked };
        run(&settings, plan, catalog, staging, report, progress)
    });
    if is_new && options.dry_run {
        store::unmake(root);
    }
    result
}

/// Converts what was planned.
fn run(
    settings: &Settings<'_>,
    mut plan: plan::Plan,
    mut catalog: Catalog,
    staging: &str,
    mut report: ConvertReport,
    progress: &Progress,
) -> Result<ConvertReport, ConvertError> {
    let Settings { options, checked } = *settings;
    if plan.is_empty() {
        report.status = "nothing_new".to_owned();
        report.version = Some(catalog.state().version);
        let note = "every source is in the catalog already: nothing was done; --replace takes them again, for other \
                    --types or another span";
        report.notes.push(note.to_owned());
        write_instruments(options, &catalog, staging, &mut report)?;
        return Ok(report);
    }

    let name = staging;
    let staging = catalog.staging(name)?;
    let mut rows = RowStore::new(staging.path(), usize::try_from(options.memory / 2).unwrap_or(usize::MAX));
    rows.encode_ahead(checked.flavour, checked.partition, checked.jobs - 1)?;
    let mut rejects = sidecars::RejectsFile::new(staging.path());
    let begun = sidecars::read_states(&catalog)?;
    let mut states = begun.clone();
    let mut recordings: Vec<Recording> = Vec::new();
    for sources in report::recordings(&plan.sources) {
        let feed = sources[0].1.feed;
        let held = states.get(feed.name).cloned();
        let mut recording = Recording::new(feed, settings, held, &sources, &catalog)?;
        recording.run(&sources, &mut rows, &mut rejects, &catalog, progress)?;
        states.insert(feed.name.to_owned(), recording.end_state());
        recordings.push(recording);
    }
    let mut dumps = Dumps::decode(std::mem::take(&mut plan.dumps), settings, &mut rows, progress)?;
    plan.hashed(progress)?;
    dumps.write_rejects(&mut rejects)?;

    progress.phase(Phase::Encode);
    let mut bindings = BTreeMap::new();
    let mut plans: Vec<StreamPlan> = Vec::new();
    for recording in &mut recordings {
        plans.extend(recording.choose(&rows, &catalog, settings, &mut bindings, &mut report)?);
    }
    plans.extend(dumps.choose(&rows, &catalog, settings, &mut bindings, &mut report)?);
    check_plans(&plans)?;
    let named = |number| dumps.name(number);
    let written = |n| {
        progress.add_rows_written(n);
        !progress.is_cancelled()
    };
    let Checked { flavour, partition, conflicts, jobs: threads, .. } = *checked;
    let how = EncodeOptions { flavour, partition, threads, conflicts };
    let encoded = encode::encode(rows, &plans, how, &named, &written)?;
    if progress.is_cancelled() {
        return Err(ConvertError::Cancelled);
    }
    let replaced = (checked.mode == Mode::Replace).then_some(&catalog);
    dumps.settle(&encoded, &plans, conflicts, replaced, &mut states)?;
    dumps.write_rejects(&mut rejects)?;
    let files = encoded.files;

    let mut gaps = Vec::new();
    for (recording, sources) in recordings.iter_mut().zip(report::recordings(&plan.sources)) {
        recording.report(&mut report, &sources);
        gaps.extend(recording.gaps());
    }
    gaps.extend(dumps.report(&mut report));
    report::tables(&files, &plans, &mut report);
    report::warn_of_ids(&files, &catalog, &mut report);
    report.headline = report::headline(&report.accounting, &gaps);
    report.gaps = gaps.len() as u64;
    if options.dry_run {
        catalog.check(&files, checked.mode)?;
        report.status = "dry_run".to_owned();
        return Ok(report);
    }

    progress.phase(Phase::Commit);
    let mut sidecar_files = Vec::new();
    if let Some(path) = rejects.finish()? {
        sidecar_files.push((SidecarKind::Rejects, path, "jsonl.zst"));
    }
    if let Some(path) = sidecars::write_gaps(staging.path(), &gaps)? {
        sidecar_files.push((SidecarKind::Gaps, path, "parquet"));
    }
    sidecar_files.push((SidecarKind::State, sidecars::write_states(staging.path(), &states)?, "json.zst"));
    if let Some(path) = sidecars::write_definitions(staging.path(), &report.instruments)? {
        sidecar_files.push((SidecarKind::Definitions, path, "json"));
    }
    let sources = report.sources.iter().filter(|s| !s.known).map(source_entry).collect();
    let request = CommitRequest {
        decoder: env!("CARGO_PKG_VERSION").to_owned(),
        created_ns: options.now_ns,
        mode: checked.mode,
        files,
        sidecars: sidecar_files,
        sources,
        bindings,
        gaps: report.gaps,
        rejects: report.rejects,
    };
    let mut meanwhile = rebase::Rebase::new(begun, states, checked.mode);
    let version = catalog.commit(staging, request, |catalog, request| meanwhile.fit(catalog, request))?;
    report.status = "committed".to_owned();
    report.version = Some(version);
    write_instruments(options, &catalog, name, &mut report)?;
    let place = |folder: &str, extension: &str| format!("{}/{folder}/{version:020}.{extension}", store::OURS);
    report.rejects_file = (report.rejects > 0).then(|| place("rejects", "jsonl.zst"));
    report.gaps_file = (report.gaps > 0).then(|| place("gaps", "parquet"));
    progress.phase(Phase::Done);
    Ok(report)
}

/// Writes what definitions are due as instruments, after the commit that brought them: they are of no version, and a
/// conversion that is stopped before it leaves them to the next one.
fn write_instruments(
    options: &ConvertOptions,
    catalog: &Catalog,
    staging: &str,
    report: &mut ConvertReport,
) -> Result<(), ConvertError> {
    report.instruments = sidecars::due_definitions(catalog)?;
    if !options.write_instruments || report.instruments.is_empty() {
        return Ok(());
    }
    let done = catalog.write_instruments(&report.instruments, &format!("{staging}-instruments"))?;
    catalog.mark_definitions()?;
    report.instruments_written = done.written;
    report.notes.extend(report::instruments_left(&done.left));
    Ok(())
}

/// One stream must come from one place.
fn check_plans(plans: &[StreamPlan]) -> Result<(), ConvertError> {
    let mut seen: BTreeMap<(DataType, &str), &str> = BTreeMap::new();
    for plan in plans {
        if let Some(first) = seen.insert((plan.data_type, &plan.id), &plan.origin) {
            return Err(ConvertError::SameStream {
                data_type: plan.data_type.to_string(),
                id: plan.id.clone(),
                first: first.to_owned(),
                second: plan.origin.clone(),
            });
        }
    }
    Ok(())
}

fn source_entry(source: &SourceReport) -> SourceEntry {
    SourceEntry {
        sha256: source.sha256.clone(),
        name: source.path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned(),
        bytes_file: source.bytes_file,
        bytes: source.bytes,
        feed: source.feed.clone(),
        container: source.container.clone(),
        truncated: source.truncated,
        accounting: source.accounting,
    }
}

/// Refuses a label that no reader of the flavour takes: more decimals than its values have.
pub(crate) fn holds_precision(flavour: Flavour, precision: Option<(u8, u8)>) -> Result<(), ConvertError> {
    let most = flavour.decimals();
    match precision {
        Some((price, size)) if price.max(size) > most => {
            Err(usage(format!("precision {price}, {size}: {} has at most {most} decimals", flavour.name())))
        }
        _ => Ok(()),
    }
}

/// Whether limits of the flavour are narrower than scale 16.
pub(crate) const fn limits(flavour: Flavour) -> Limits {
    match flavour {
        Flavour::V1Standard => Limits::Standard,
        _ => Limits::High,
    }
}
