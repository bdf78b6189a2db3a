//! A seeded true market, and each venue's wire protocol written from it.
//!
//! In: [`Options`], a seed among them. Out: a capture, frame by frame as the venue would have sent them and a recorder
//! received them, faults included; and the truth: every row that a right decoder makes of that capture. The same
//! options give the same frames and the same truth on every machine.
//!
//! This crate shares no code with `tickwright-core` and reads no frame: what it says of a frame it knows from the
//! market that the frame was written from.
//!
//! - [`market`]: books, trades, marks in integers; no venue.
//! - [`wire`]: a venue's messages, each with what it says as typed values. A new venue is one folder there.
//! - [`dump`]: the files of history that vendors publish.
//! - [`simulate`]: connections, delays, [`Faults`], and the recorder that asks for snapshots.
//!
//! ```
//! use tickwright_sim::{Lines, Options, Verdict, simulate};
//!
//! let options = Options { symbols: 2, duration_ns: 2_000_000_000, ..Options::of("binance-usdm", 7) };
//! let (mut lines, mut truth) = (Lines::new(Vec::new()), Vec::new());
//! let report = simulate(&options, &mut lines, Some(&mut truth), &mut |_| Verdict::Continue)?;
//! assert_eq!(report.instruments, ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]);
//! assert_eq!(lines.into_inner().split(|b| *b == b'\n').count() as u64, report.frames + 1);
//! # Ok::<(), tickwright_sim::SimulateError>(())
//! ```

#![deny(missing_docs)]

mod calendar;
mod consumer;
mod decimal;
pub mod dump;
mod faults;
pub mod market;
mod output;
mod random;
mod rows;
mod session;
mod sink;
mod truth;
pub mod wire;

use std::io;

pub use consumer::Gap;
pub use decimal::Decimal;
pub use faults::Faults;
pub use output::Output;
pub use random::Random;
pub use session::{Progress, Verdict, simulate};
pub use sink::{Frame, Kind, Lines, Sink};
pub use truth::RowType;
use wire::Channels;

/// What to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Name of the feed, one of [`wire::FEEDS`].
    pub feed: String,
    /// The seed: the same one gives the same bytes.
    pub seed: u64,
    /// Instruments.
    pub symbols: u32,
    /// How long, ns.
    pub duration_ns: u64,
    /// When it starts, ns UTC.
    pub start_ns: u64,
    /// Changes a second of the busiest book; the others have fewer.
    pub rate: u32,
    /// What is subscribed to.
    pub channels: Channels,
    /// What goes wrong.
    pub faults: Faults,
}

impl Options {
    /// 2026-09-07T12:00:00Z, ns.
    pub const START_NS: u64 = 1_788_782_400_000_000_000;

    /// Five minutes of twenty instruments, nothing goes wrong.
    #[must_use]
    pub fn of(feed: &str, seed: u64) -> Self {
        Self {
            feed: feed.to_owned(),
            seed,
            symbols: 20,
            duration_ns: 300_000_000_000,
            start_ns: Self::START_NS,
            rate: 50,
            channels: Channels::ALL,
            faults: Faults::NONE,
        }
    }
}

/// What was simulated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The feed.
    pub feed: String,
    /// The seed.
    pub seed: u64,
    /// Frames written, what the client sent among them where the container keeps it.
    pub frames: u64,
    /// Bytes of the frames.
    pub bytes: u64,
    /// First receive time, ns UTC.
    pub start_ns: u64,
    /// Last receive time, ns UTC.
    pub end_ns: u64,
    /// Diffs lost on the way.
    pub lost: u64,
    /// Connections that broke.
    pub reconnects: u64,
    /// Rows of the truth by type.
    pub rows: Vec<(String, u64)>,
    /// Holes that a decoder sees.
    pub gaps: Vec<Gap>,
    /// Nautilus ids.
    pub instruments: Vec<String>,
}

/// Everything that can be simulated: feeds, then dumps.
#[must_use]
pub fn names() -> Vec<&'static str> {
    wire::FEEDS.iter().map(|feed| feed.name).chain(dump::names()).collect()
}

/// Why a simulation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// No such feed.
    #[error("{0:?} cannot be simulated: use one of {list}", list = names().join(", "))]
    UnknownFeed(String),
    /// An option that cannot be.
    #[error("{name} {value}: {wanted}")]
    Option {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What can be.
        wanted: &'static str,
    },
    /// A file that must not be replaced.
    #[error("{} is there already; force replaces it", .0.display())]
    Exists(std::path::PathBuf),
    /// Writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Stopped on request.
    #[error("stopped")]
    Stopped,
}

#[cfg(test)]
mod tests;
