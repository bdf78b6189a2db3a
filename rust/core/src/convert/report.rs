//! What a conversion tells its user.

use std::collections::{BTreeMap, BTreeSet};

use super::encode::StreamPlan;
use super::options::{ConvertReport, SourceReport, TableReport};
use super::plan::{DumpSource, Input, Plan, Source};
use crate::accounting::Accounting;
use crate::capture::Compression;
use crate::data::DataType;
use crate::feed::GapRecord;
use crate::store::{Catalog, InstrumentLeft, LeftWhy, Mode, NewFile};

/// A source's report before anything is known of its frames.
pub(super) fn source_report(source: &Source, known: bool) -> SourceReport {
    let (container, feed) = (source.probe.container, source.feed.name);
    entry(&source.input, container, source.probe.compression, feed, known)
}

/// A dump's report before anything is known of its rows.
pub(super) fn dump_report(dump: &DumpSource, known: bool) -> SourceReport {
    let probe = &dump.probe;
    entry(&dump.input, probe.spec.name, probe.compression, &probe.feed, known)
}

fn entry(input: &Input, container: &str, compression: Compression, feed: &str, known: bool) -> SourceReport {
    SourceReport {
        path: input.shown.clone(),
        sha256: input.sha256(),
        container: container.to_owned(),
        compression: compression.name().to_owned(),
        feed: feed.to_owned(),
        known,
        truncated: false,
        bytes_file: input.bytes_file,
        bytes: 0,
        frames: 0,
        accounting: Accounting::default(),
    }
}

/// Takes known sources out of the plan (unless they are to replace what they gave), and repeated ones.
pub(super) fn set_known(plan: &mut Plan, catalog: &Catalog, mode: Mode, report: &mut ConvertReport) {
    let mut seen = BTreeSet::new();
    let mut is_new = |input: &Input, entry: &dyn Fn() -> SourceReport| {
        let sha256 = input.sha256();
        let version = catalog.state().sources.get(&sha256).filter(|_| mode != Mode::Replace);
        let repeated = !seen.insert(sha256);
        if let Some(version) = version {
            report.notes.push(format!("{} is in the catalog since version {version}", input.shown));
        } else if repeated {
            report.notes.push(format!("{} has the bytes of another input", input.shown));
        } else {
            return true;
        }
        report.sources.push(entry());
        false
    };
    plan.sources.retain(|source| is_new(&source.input, &|| source_report(source, true)));
    plan.dumps.retain(|dump| is_new(&dump.input, &|| dump_report(dump, true)));
}

/// The sources of each feed, in the order of their first receive times, then of their hashes: never of argv.
/// Numbers count through all sources.
pub(super) fn recordings(sources: &[Source]) -> Vec<Vec<(u32, &Source)>> {
    let mut feeds: Vec<&'static str> = sources.iter().map(|s| s.feed.name).collect();
    feeds.sort_unstable();
    feeds.dedup();
    let by_feed = |feed: &str| {
        let mut of: Vec<&Source> = sources.iter().filter(|s| s.feed.name == feed).collect();
        of.sort_by(|a, b| {
            let times = a.probe.first_ts.cmp(&b.probe.first_ts);
            times.then_with(|| a.input.sha256().cmp(&b.input.sha256()))
        });
        of.into_iter().enumerate().map(|(number, source)| (number as u32, source)).collect()
    };
    feeds.into_iter().map(by_feed).collect()
}

/// One table a stream.
pub(super) fn tables(files: &[NewFile], plans: &[StreamPlan], report: &mut ConvertReport) {
    let mut by_stream: BTreeMap<(DataType, &str), Vec<&NewFile>> = BTreeMap::new();
    for file in files {
        by_stream.entry((file.data_type, &file.id)).or_default().push(file);
    }
    for plan in plans {
        let of = by_stream.remove(&(plan.data_type, plan.id.as_str())).unwrap_or_default();
        let (Some(first), Some(last)) = (of.first(), of.last()) else { continue };
        report.tables.push(TableReport {
            data_type: plan.data_type.name().to_owned(),
            instrument_id: plan.id.clone(),
            rows: of.iter().map(|f| f.rows).sum(),
            start_ns: first.start_ns,
            end_ns: last.end_ns,
            files: of.len() as u64,
            bytes: of.iter().map(|f| f.bytes).sum(),
            price_precision: plan.precision.0,
            size_precision: plan.precision.1,
        });
    }
    report.tables.sort_by(|a, b| (&a.data_type, &a.instrument_id).cmp(&(&b.data_type, &b.instrument_id)));
}

/// Ids that are told of at most.
const MAX_IDS: usize = 10;

/// Warns of ids in the catalog that NautilusTrader 1.231 cannot query: its tables are named in lower case, and without
/// some signs.
pub(super) fn warn_of_ids(files: &[NewFile], catalog: &Catalog, report: &mut ConvertReport) {
    let new: BTreeSet<&str> = files.iter().map(|file| file.id.as_str()).collect();
    let held = catalog.state().files.values().map(|file| file.id.as_str());
    let mut by_table: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for id in held.chain(new.iter().copied()) {
        by_table.entry(id.to_lowercase()).or_default().insert(id);
    }
    let collide = by_table.values().filter(|ids| ids.len() > 1 && ids.iter().any(|id| new.contains(id)));
    for ids in collide.take(MAX_IDS) {
        let ids = ids.iter().copied().collect::<Vec<_>>().join(" and ");
        report.notes.push(format!(
            "{ids} differ in case alone: NautilusTrader gives one of them where a query asks for both"
        ));
    }
    for id in new.iter().filter(|id| id.contains(['+', '&', '('])).take(MAX_IDS) {
        report.notes.push(format!("{id}: NautilusTrader's queries fail for ids with +, & or ("));
    }
}

/// Tells which definitions are no instruments in the catalog.
pub fn instruments_left(left: &[InstrumentLeft]) -> Vec<String> {
    let note = |of: &dyn Fn(&LeftWhy) -> Option<String>| {
        let mut those = left.iter().filter_map(|left| of(&left.why).map(|why| (&left.id, why)));
        let (id, why) = those.next()?;
        let number = those.count() + 1;
        Some(format!("{number} instruments were not written, {id} among them: {why}"))
    };
    let no_class =
        note(&|why| (*why == LeftWhy::NoClass).then(|| "nautilus_trader has no class for them".to_owned()));
    let refused = note(&|why| match why {
        LeftWhy::Refused(reason) => Some(reason.clone()),
        _ => None,
    });
    let taken = note(&|why| match why {
        LeftWhy::Taken(file) => {
            Some(format!("{file} is there, which is not tickwright's and is never touched"))
        }
        _ => None,
    });
    [no_class, refused, taken].into_iter().flatten().collect()
}

/// The first line of a summary where anything was withheld: the share, the cause, the other choices.
pub(super) fn headline(accounting: &Accounting, gaps: &[GapRecord]) -> Option<String> {
    let withheld = accounting.frames.withheld;
    if withheld == 0 {
        return None;
    }
    let share = accounting.bytes.withheld as f64 * 100.0 / accounting.bytes.total.max(1) as f64;
    let books =
        |cause: &str| gaps.iter().filter(|g| g.gap.cause.name() == cause && g.gap.withheld > 0).count();
    let (without, broken) = (books("no_snapshot"), books("sequence") + books("checksum"));
    let cause = match (without, broken) {
        (0, n) => format!("{n} holes in book streams"),
        (n, 0) => format!("no snapshot joins {n} book streams"),
        (a, b) => format!("no snapshot joins {a} book streams, and {b} holes"),
    };
    Some(format!(
        "{withheld} book updates ({share:.1}% of all bytes) were withheld: {cause}. \
         --on-gap rebuild keeps them after a CLEAR (levels missing), --on-gap continue as if nothing were missing"
    ))
}
