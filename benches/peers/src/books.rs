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

/// What a feed's book starts from, and its frames; `None` where it is not simulated.
pub fn of(feed: &str) -> Option<Recorded> {
    let mut options = Options::of(feed, 7);
    (options.symbols, options.rate, options.duration_ns) = (1, 200, 2_000_000_000_000);
    options.channels = Channels::of(Channel::Book);
    let mut sink = Collected::default();
    simulate(&options, &mut sink, None, &mut |_| Verdict::Continue).ok()?;
    Some((sink.answers, sink.pushed))
}
