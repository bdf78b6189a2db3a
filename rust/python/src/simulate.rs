//! `simulate` and `simulate_dump`: a capture, or the files of a dump, from a seed, and the truth beside them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::json;
use tickwright_core::capture::{Header, Writer};
use tickwright_core::frame::FrameKind;
use tickwright_sim::dump::{Cut, DumpOptions, simulate_dump as run_dump, truth_name};
use tickwright_sim::wire::Channels;
use tickwright_sim::{
    Faults, Frame, Kind, Lines, Options, Output, Progress, Report, SimulateError, Sink, Verdict,
};

use crate::errors::{input, usage};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimulateOptions {
    feed: String,
    output: PathBuf,
    truth: Option<PathBuf>,
    force: bool,
    seed: u64,
    symbols: u32,
    duration_ns: u64,
    start_ns: Option<u64>,
    rate: u32,
    channels: Option<Vec<String>>,
    faults: String,
    lost: Option<f64>,
    reconnect_ns: Option<u64>,
    connections: Option<u32>,
    equal: Option<f64>,
    backward: Option<f64>,
    late: Option<f64>,
}

impl SimulateOptions {
    fn faults(&self) -> Result<Faults, String> {
        let named = Faults::named(&self.faults)
            .ok_or_else(|| format!("faults {:?}: use none, some or many", self.faults))?;
        Ok(Faults {
            lost: self.lost.unwrap_or(named.lost),
            reconnect_ns: self.reconnect_ns.unwrap_or(named.reconnect_ns),
            connections: self.connections.unwrap_or(named.connections),
            equal: self.equal.unwrap_or(named.equal),
            backward: self.backward.unwrap_or(named.backward),
            late: self.late.unwrap_or(named.late),
        })
    }

    fn channels(&self) -> Result<Channels, String> {
        let Some(names) = &self.channels else { return Ok(Channels::ALL) };
        Channels::named(names.iter().map(String::as_str)).map_err(|unknown| {
            let known: Vec<_> = tickwright_sim::wire::Channel::ALL.iter().map(|c| c.name()).collect();
            format!("channel {unknown:?}: use some of {}", known.join(", "))
        })
    }

    fn to_sim(&self) -> Result<Options, String> {
        Ok(Options {
            feed: self.feed.clone(),
            seed: self.seed,
            symbols: self.symbols,
            duration_ns: self.duration_ns,
            start_ns: self.start_ns.unwrap_or(Options::START_NS),
            rate: self.rate,
            channels: self.channels()?,
            faults: self.faults()?,
        })
    }
}

/// tickwright's own container, as a sink.
struct Container<W: io::Write>(Writer<W>);

impl<W: io::Write> Sink for Container<W> {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        let kind = match frame.kind {
            Kind::Received => FrameKind::Received,
            Kind::Answer => FrameKind::Rest,
            Kind::Sent => FrameKind::Sent,
            Kind::Opened => FrameKind::Opened,
            Kind::Closed => FrameKind::Closed,
        };
        self.0.push(kind, frame.ts, frame.connection, frame.url.as_bytes(), frame.body)?;
        Ok(true)
    }
}

/// A file in the making under another name, which only a whole one gets rid of.
struct Part {
    path: PathBuf,
    part: PathBuf,
}

impl Part {
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The extension stays last: it says how to compress.
        Self { path: path.to_owned(), part: path.with_file_name(format!(".part.{name}")) }
    }

    fn keep(&self) -> io::Result<()> {
        fs::rename(&self.part, &self.path)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already when it was kept.
        let _ = fs::remove_file(&self.part);
    }
}

fn run(
    options: &SimulateOptions,
    sim: &Options,
    watch: &mut dyn FnMut(Progress) -> Verdict,
) -> Result<Report, SimulateError> {
    let capture = Part::of(&options.output);
    let beside = options.truth.as_deref().map(Part::of);
    let mut truth = beside.as_ref().map(|part| Output::create(&part.part)).transpose()?;
    let lines = truth.as_mut().map(|out| out as &mut dyn io::Write);
    let output = Output::create(&capture.part)?;
    let report = if options.output.extension().is_some_and(|e| e == "tkw") {
        let recorder = concat!("tickwright simulate ", env!("CARGO_PKG_VERSION")).to_owned();
        let header = Header { feed: sim.feed.clone(), recorder };
        let mut container = Container(Writer::new(output, &header)?);
        let report = tickwright_sim::simulate(sim, &mut container, lines, watch)?;
        container.0.finish()?.finish()?;
        report
    } else {
        let mut container = Lines::new(output);
        let report = tickwright_sim::simulate(sim, &mut container, lines, watch)?;
        container.into_inner().finish()?;
        report
    };
    if let Some(truth) = truth {
        truth.finish()?;
    }
    if let Some(beside) = &beside {
        beside.keep()?;
    }
    capture.keep()?;
    Ok(report)
}

/// Simulates a feed into a file, and the truth into another; the report as JSON.
///
/// `on_progress` is called about ten times a second with JSON; what it raises stops the simulation.
#[pyfunction]
#[pyo3(signature = (options, on_progress = None))]
pub(crate) fn simulate(py: Python<'_>, options: &str, on_progress: Option<Py<PyAny>>) -> PyResult<String> {
    let options: SimulateOptions =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let sim = options.to_sim().map_err(|text| usage(py, text))?;
    for path in [Some(&options.output), options.truth.as_ref()].into_iter().flatten() {
        if !options.force && path.exists() {
            let text = format!("{} is there already; force replaces it", path.display());
            return Err(usage(py, text));
        }
    }
    let (report, elapsed_s) = watched(py, on_progress.as_ref(), |watch| run(&options, &sim, watch))?;
    let report = report.map_err(|error| raised(py, &options.output, &error))?;
    let mut value = described(py, &report, elapsed_s)?;
    value["output"] = json!(options.output);
    value["truth"] = json!(options.truth);
    value["files"] = json!([options.output]);
    Ok(value.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimulateDumpOptions {
    feed: String,
    output: PathBuf,
    truth: bool,
    force: bool,
    seed: u64,
    symbols: u32,
    duration_ns: u64,
    start_ns: u64,
    rate: u32,
    period: String,
}

/// Simulates the files of a dump into a folder, and the truth beside them; the report as JSON. `on_progress` as of
/// [`simulate`].
#[pyfunction]
#[pyo3(signature = (options, on_progress = None))]
pub(crate) fn simulate_dump(
    py: Python<'_>,
    options: &str,
    on_progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let options: SimulateDumpOptions =
        serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
    let cut = Cut::named(&options.period)
        .ok_or_else(|| usage(py, format!("period {:?}: use auto, daily, monthly or both", options.period)))?;
    let market = Options {
        symbols: options.symbols,
        duration_ns: options.duration_ns,
        start_ns: options.start_ns,
        rate: options.rate,
        ..Options::of(&options.feed, options.seed)
    };
    let (truth, force) = (options.truth, options.force);
    let dump = DumpOptions { market, cut, truth, force };
    let (made, elapsed_s) =
        watched(py, on_progress.as_ref(), |watch| run_dump(&dump, &options.output, watch))?;
    let (report, files) = made.map_err(|error| raised(py, &options.output, &error))?;
    let mut value = described(py, &report, elapsed_s)?;
    let truth = options.output.join(truth_name(&options.feed));
    value["output"] = json!(options.output);
    value["truth"] = if options.truth { json!(truth) } else { json!(null) };
    let files: Vec<PathBuf> = files.iter().map(|file| options.output.join(file)).collect();
    value["files"] = json!(files.iter().filter(|file| **file != truth).collect::<Vec<_>>());
    Ok(value.to_string())
}

/// What can be simulated: names of feeds, and of dumps.
#[pyfunction]
pub(crate) fn simulated() -> (Vec<&'static str>, Vec<&'static str>) {
    let feeds = tickwright_sim::wire::FEEDS.iter().map(|feed| feed.name).collect();
    (feeds, tickwright_sim::dump::names())
}

/// Runs a simulation without the GIL, telling `on_progress` about ten times a second; what that raises stops it.
/// Answers what it gave and how long it took, seconds.
fn watched<T: Send>(
    py: Python<'_>,
    on_progress: Option<&Py<PyAny>>,
    work: impl FnOnce(&mut dyn FnMut(Progress) -> Verdict) -> Result<T, SimulateError> + Send,
) -> PyResult<(Result<T, SimulateError>, f64)> {
    let (started, mut told) = (Instant::now(), Instant::now());
    let mut raised: Option<PyErr> = None;
    let result = py.detach(|| {
        work(&mut |progress| {
            if told.elapsed() < Duration::from_millis(100) {
                return Verdict::Continue;
            }
            told = Instant::now();
            let seen = Python::attach(|py| -> PyResult<()> {
                py.check_signals()?;
                if let Some(callback) = on_progress {
                    let text = json!({
                        "done_ns": progress.done_ns, "total_ns": progress.total_ns, "frames": progress.frames,
                        "bytes": progress.bytes, "elapsed_s": started.elapsed().as_secs_f64(),
                    });
                    callback.call1(py, (text.to_string(),))?;
                }
                Ok(())
            });
            match seen {
                Ok(()) => Verdict::Continue,
                Err(error) => {
                    raised = Some(error);
                    Verdict::Stop
                }
            }
        })
    });
    match raised {
        Some(error) => Err(error),
        None => Ok((result, started.elapsed().as_secs_f64())),
    }
}

fn raised(py: Python<'_>, output: &Path, error: &SimulateError) -> PyErr {
    match error {
        SimulateError::Io(source) => input(py, output, source),
        _ => usage(py, error.to_string()),
    }
}

/// A report as JSON, and how long it took.
fn described(py: Python<'_>, report: &Report, elapsed_s: f64) -> PyResult<serde_json::Value> {
    let mut value: serde_json::Value =
        serde_json::from_str(&report.to_json()).map_err(|e| usage(py, e.to_string()))?;
    value["elapsed_s"] = json!(elapsed_s);
    Ok(value)
}
