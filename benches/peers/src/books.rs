//! Book frames of a feed as the simulator's venue sends them: one busy instrument, some twenty changes in 100 ms.

use std::io;

use tickwright_sim::wire::{Channel, Channels};
use tickwright_sim::{Frame, Kind, Options, Sink, Verdict, simulate};

/// Frames by what they are.
#[derive(Default)]
struct Collected {
    /// Answers of requests: URL and body.
    answers: Vec<(String, Vec<u8>)>,
    pushed: Vec<Vec<u8>>,
}

impl Sink for Collected {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        match frame.kind {
            Kind::Answer => self.answers.push((frame.url.to_owned(), frame.body.to_vec())),
            Kind::Received => self.pushed.push(frame.body.to_vec()),
            Kind::Sent | Kind::Opened | Kind::Closed => {}
        }
        Ok(true)
    }
}

/// REST answers, each with its URL, and frames.
type Recorded = (Vec<(String, Vec<u8>)>, Vec<Vec<u8>>);

/// Kinds of a feed's book frames, what of them is kept, and the instruments that make them. OKX has sent no checksums since
/// 2026-06-23, which is what the third of its simulated instruments does.
pub fn kinds(feed: &str) -> &'static [(&'static str, fn(&[u8]) -> bool, u32)] {
    const NONE: &[u8] = b"\"checksum\":0,";
    match feed {
        "okx" => &[
            ("book", |frame| memchr::memmem::find(frame, NONE).is_some(), 3),
            ("book with checksums", |_| true, 1),
        ],
        _ => &[("book", |_| true, 1)],
    }
}

/// What a feed's book starts from, and its frames that are kept; `None` where it is not simulated.
pub fn of(feed: &str, keep: fn(&[u8]) -> bool, instruments: u32) -> Option<Recorded> {
    let mut options = Options::of(feed, 7);
    (options.symbols, options.rate, options.duration_ns) = (instruments, 200, 2_000_000_000_000);
    options.channels = Channels::of(Channel::Book);
    let mut sink = Collected::default();
    simulate(&options, &mut sink, None, &mut |_| Verdict::Continue).ok()?;
    // Anew, so that they lie behind one another, as in a capture.
    let pushed = sink.pushed.iter().filter(|frame| keep(frame)).cloned().collect();
    Some((sink.answers, pushed))
}
