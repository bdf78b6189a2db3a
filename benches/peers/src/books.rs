//! Book frames of a feed as the simulator's venue sends them: one busy instrument, some twenty changes in 100 ms.

use std::io;

use tickwright_sim::wire::{Channel, Channels};
use tickwright_sim::{Frame, Kind as FrameKind, Options, Sink, Verdict, simulate};

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
            FrameKind::Answer => self.answers.push((frame.url.to_owned(), frame.body.to_vec())),
            FrameKind::Received => self.pushed.push(frame.body.to_vec()),
            FrameKind::Sent | FrameKind::Opened | FrameKind::Closed => {}
        }
        Ok(true)
    }
}

/// REST answers, each with its URL, and frames.
type Recorded = (Vec<(String, Vec<u8>)>, Vec<Vec<u8>>);

/// A kind of book frames.
pub struct Kind {
    pub name: &'static str,
    /// How many instruments make them.
    instruments: u32,
    /// Which of the frames are of it.
    has: fn(&[u8]) -> bool,
}

/// The kinds of a feed's book frames. OKX has sent no checksums since 2026-06-23, which is what the third of its simulated
/// instruments does.
pub fn kinds(feed: &str) -> Vec<Kind> {
    const NONE: &[u8] = b"\"checksum\":0,";
    let all = |name| Kind { name, instruments: 1, has: |_| true };
    match feed {
        "okx" => vec![
            Kind { name: "book", instruments: 3, has: |frame| memchr::memmem::find(frame, NONE).is_some() },
            all("book with checksums"),
        ],
        _ => vec![all("book")],
    }
}

/// What a feed's book starts from, and its frames of a kind; `None` where it is not simulated.
pub fn of(feed: &str, kind: &Kind) -> Option<Recorded> {
    let mut options = Options::of(feed, 7);
    (options.symbols, options.rate, options.duration_ns) = (kind.instruments, 200, 2_000_000_000_000);
    options.channels = Channels::of(Channel::Book);
    let mut sink = Collected::default();
    simulate(&options, &mut sink, None, &mut |_| Verdict::Continue).ok()?;
    // Anew, so that they lie behind one another, as in a capture.
    let pushed = sink.pushed.iter().filter(|frame| (kind.has)(frame)).cloned().collect();
    Some((sink.answers, pushed))
}
