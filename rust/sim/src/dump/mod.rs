//! Dumps: the files of history that a vendor publishes, written from the true market, and the truth beside them.
//!
//! In: [`DumpOptions`], a seed among them. Out: a folder of files named, cut and packed as the vendor does, and
//! `<target>.truth.ndjson.gz`. One market lives for every target of a product: of one seed the klines are those of
//! the trades. Instruments are written one after another, so that one file is open at a time however many there are.
//!
//! A new format is a [`Table`] and a line in [`TARGETS`].

mod archive;
mod binance;
mod bybit;
mod files;
mod kraken;
mod made_id;
mod minutes;
mod okx;
mod tardis;
mod told;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::market::{Event, Instrument, Market, Product, instruments};
use crate::session::{Progress, Verdict};
use crate::truth::RowType;
use crate::{Options, Output, Report, SimulateError};
use files::{Out, Period, Sheet};

/// The files of one instrument in the making.
pub(crate) trait Table {
    /// Time goes on to `to` ns UTC, and what happens there has not happened yet.
    fn advance(&mut self, _market: &Market, _to: u64, _out: &mut Out<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Takes an event; the lines it causes go to `out`.
    fn event(&mut self, market: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()>;
}

/// What a table is made of.
pub(crate) struct Setting<'a> {
    pub market: &'a Market,
    pub instrument: &'a Instrument,
    /// Its place in the market of all.
    pub number: usize,
    pub seed: u64,
    pub start: u64,
}

/// The files of an instrument and what writes them; `None`: the vendor has none of it.
type Make = fn(&Setting<'_>) -> Option<(Sheet, Box<dyn Table>)>;

/// Which files a vendor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Published {
    ByDay,
    ByMonth,
    ByQuarter,
    Both,
}

/// A kind of dump that can be simulated.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of the format as `tickwright feeds` lists it, with the product after the venue.
    pub name: &'static str,
    /// What is traded.
    pub product: Product,
    published: Published,
    /// Nautilus's id of an instrument.
    id: fn(&Instrument) -> String,
    make: Make,
}

/// Every kind there is.
pub static TARGETS: &[&[Target]] =
    &[binance::TARGETS, tardis::TARGETS, bybit::TARGETS, okx::TARGETS, kraken::TARGETS];

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().copied().flatten().find(|target| target.name == name)
}

/// Names of all targets.
#[must_use]
pub fn names() -> Vec<&'static str> {
    TARGETS.iter().copied().flatten().map(|target| target.name).collect()
}

/// What the files span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// As the vendor has them: days, or months where there are no days.
    #[default]
    Auto,
    /// Days.
    Daily,
    /// Months.
    Monthly,
    /// Days and months.
    Both,
}

impl Cut {
    /// The cut of a name: `auto`, `daily`, `monthly` or `both`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "daily" => Some(Self::Daily),
            "monthly" => Some(Self::Monthly),
            "both" => Some(Self::Both),
            _ => None,
        }
    }

    fn of(self, target: &Target) -> Result<&'static [Period], SimulateError> {
        Ok(match (self, target.published) {
            (Self::Auto, Published::ByMonth) | (Self::Monthly, Published::ByMonth | Published::Both) => {
                &[Period::Month]
            }
            (Self::Auto, Published::ByQuarter) => &[Period::Quarter],
            (Self::Auto, _) | (Self::Daily, Published::ByDay | Published::Both) => &[Period::Day],
            (Self::Both, Published::Both) => &[Period::Day, Period::Month],
            (_, published) => {
                let wanted = match published {
                    Published::ByDay => "auto or daily",
                    Published::ByQuarter => "auto",
                    Published::ByMonth | Published::Both => "auto or monthly",
                };
                let value = format!("{self:?}").to_lowercase();
                return Err(SimulateError::Option { name: "period", value, wanted });
            }
        })
    }
}

/// What to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct DumpOptions {
    /// The market: `feed` is the target's name; channels and faults are of captures.
    pub market: Options,
    /// What the files span.
    pub cut: Cut,
    /// Whether the truth is written.
    pub truth: bool,
    /// Whether files that are there are replaced.
    pub force: bool,
}

/// The truth's name in the folder of a target's files.
#[must_use]
pub fn truth_name(target: &str) -> String {
    format!("{target}.truth.ndjson.gz")
}

/// A folder in the making, which goes when it is dropped.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // What could not be removed is seen by whoever looks into the folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Simulates a dump into the folder `root`; answers the report and the files, relative to it.
///
/// `watch` is called every few thousand events. Files appear when all of them are whole.
///
/// # Errors
/// Options that cannot be, [`SimulateError::Exists`], what writing gives, or a stop that `watch` asked for.
pub fn simulate_dump(
    options: &DumpOptions,
    root: &Path,
    watch: &mut dyn FnMut(Progress) -> Verdict,
) -> Result<(Report, Vec<PathBuf>), SimulateError> {
    let Some(target) = target(&options.market.feed) else {
        return Err(SimulateError::UnknownFeed(options.market.feed.clone()));
    };
    options.market.check_market()?;
    let periods = options.cut.of(target)?;
    fs::create_dir_all(root)?;
    let part = Part(root.join(format!(".part.{}", target.name)));
    fs::create_dir_all(&part.0)?;
    let beside = truth_name(target.name);
    let mut truth = if options.truth { Some(Output::create(&part.0.join(&beside))?) } else { None };
    let out = Out::new(&part.0, periods, truth.as_mut().map(|truth| truth as &mut dyn Write));
    let (report, mut files) = run(options, target, out, watch)?;
    if let Some(truth) = truth {
        truth.finish()?;
        files.push(beside.into());
    }
    files.sort();
    if let Some(there) = files.iter().map(|file| root.join(file)).find(|path| path.exists() && !options.force)
    {
        return Err(SimulateError::Exists(there));
    }
    for file in &files {
        let path = root.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(part.0.join(file), path)?;
    }
    Ok((report, files))
}

fn run(
    options: &DumpOptions,
    target: &Target,
    mut out: Out<'_>,
    watch: &mut dyn FnMut(Progress) -> Verdict,
) -> Result<(Report, Vec<PathBuf>), SimulateError> {
    let Options { seed, start_ns: start, duration_ns, symbols, rate, .. } = options.market;
    let end = start + duration_ns;
    let all = instruments(target.product, symbols, rate, seed);
    let mut report = Report { feed: target.name.to_owned(), seed, ..Report::default() };
    let (mut events, mut rounds) = (Vec::new(), 0_u32);
    let total_ns = duration_ns * u64::from(symbols);
    for (number, instrument) in all.into_iter().enumerate() {
        let mut market = Market::alone(instrument.clone(), number, seed, start);
        let setting = Setting { market: &market, instrument: &instrument, number, seed, start };
        let Some((sheet, mut table)) = (target.make)(&setting) else { continue };
        report.instruments.push((target.id)(&instrument));
        out.turn_to(sheet)?;
        while market.next_at() < end {
            events.clear();
            let at = market.next_at();
            table.advance(&market, at, &mut out)?;
            market.step(&mut events);
            for event in &events {
                table.event(&market, event, &mut out)?;
            }
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(4_096) {
                let done_ns = number as u64 * duration_ns + (at - start);
                let progress = Progress { done_ns, total_ns, frames: out.lines, bytes: out.bytes };
                if watch(progress) == Verdict::Stop {
                    return Err(SimulateError::Stopped);
                }
            }
        }
        table.advance(&market, end, &mut out)?;
    }
    out.close()?;
    (report.start_ns, report.end_ns) = out.span.unwrap_or((start, start));
    (report.frames, report.bytes) = (out.lines, out.bytes);
    let files = std::mem::take(&mut out.files);
    let truth = out.into_truth();
    report.rows = RowType::counted(truth.counts());
    truth.finish(&report.to_json())?;
    Ok((report, files))
}
