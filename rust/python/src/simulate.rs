//! `simulate`: a capture from a seed, and the truth beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::json;
use tickwright_core::capture::{Header, Writer};
use tickwright_core::frame::FrameKind;
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
    let (started, mut told) = (Instant::now(), Instant::now());
    let mut raised: Option<PyErr> = None;
    let result = py.detach(|| {
        run(&options, &sim, &mut |progress| {
            if told.elapsed() < Duration::from_millis(100) {
                return Verdict::Continue;
            }
            told = Instant::now();
            let seen = Python::attach(|py| -> PyResult<()> {
                py.check_signals()?;
                if let Some(callback) = &on_progress {
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
    if let Some(error) = raised {
        return Err(error);
    }
    let report = result.map_err(|error| match &error {
        SimulateError::Io(source) => input(py, &options.output, source),
        _ => usage(py, error.to_string()),
    })?;
    let mut value: serde_json::Value =
        serde_json::from_str(&report.to_json()).map_err(|e| usage(py, e.to_string()))?;
    value["output"] = json!(options.output);
    value["truth"] = json!(options.truth);
    value["elapsed_s"] = json!(started.elapsed().as_secs_f64());
    Ok(value.to_string())
}
