//! Where frames go: captures as lines, and a trait for containers that this crate does not know.

use std::io::{self, Write};

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pushed by the venue.
    Received,
    /// The answer of a request.
    Answer,
    /// Sent by the client.
    Sent,
    /// A connection was opened.
    Opened,
    /// A connection ended.
    Closed,
}

/// A frame on its way into a capture.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: Kind,
    /// Receive time, ns UTC.
    pub ts: u64,
    /// Number of the connection.
    pub connection: u32,
    /// URL of the connection or the request; empty for what was pushed or sent.
    pub url: &'a str,
    /// The stream that a recorder names an answer by where a capture has no place for its URL.
    pub stream: Option<&'a str>,
    /// As sent.
    pub body: &'a [u8],
}

/// A capture in the making.
pub trait Sink {
    /// Adds a frame; answers whether the container has a place for it.
    ///
    /// # Errors
    /// What writing gives.
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<bool>;
}

/// Lines of `<ns> <frame>`, as hftbacktest's collector writes them. Answers with a stream stand in an object of the
/// recorder's making, `{"stream":…,"generated":true,"data":…}`.
#[derive(Debug)]
pub struct Lines<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Lines<W> {
    /// Writes to `out`.
    pub const fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }

    /// Gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Sink for Lines<W> {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        if !matches!(frame.kind, Kind::Received | Kind::Answer) {
            return Ok(false);
        }
        let line = &mut self.line;
        line.clear();
        crate::decimal::integer(line, frame.ts);
        line.push(b' ');
        if let Some(stream) = frame.stream {
            line.extend_from_slice(b"{\"stream\":\"");
            line.extend_from_slice(stream.as_bytes());
            line.extend_from_slice(b"\",\"generated\":true,\"data\":");
            line.extend_from_slice(frame.body);
            line.push(b'}');
        } else {
            line.extend_from_slice(frame.body);
        }
        line.push(b'\n');
        self.out.write_all(line)?;
        Ok(true)
    }
}
