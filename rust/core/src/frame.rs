//! Frames as a capture hands them on: byte ranges in a block, with what the container knew of each.

/// What an item of a capture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A message the venue sent.
    Received,
    /// A REST answer; the context is its URL.
    Rest,
    /// A message the client sent.
    Sent,
    /// A connection was opened; the context is its URL.
    Opened,
    /// A connection ended.
    Closed,
    /// Bytes the container does not allow there.
    Malformed(MalformedReason),
}

/// Why bytes of a capture are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MalformedReason {
    /// The line does not begin as the container's lines do.
    NoPrefix,
    /// The receive time cannot be read, or is outside 2009 to 2100.
    BadTimestamp,
    /// The receive time does not say its zone.
    NoZone,
    /// The line is longer than allowed.
    LineTooLong,
    /// The envelope around the frame is damaged.
    BadEnvelope,
}

impl MalformedReason {
    /// A stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPrefix => "line_without_prefix",
            Self::BadTimestamp => "bad_receive_time",
            Self::NoZone => "receive_time_without_zone",
            Self::LineTooLong => "line_too_long",
            Self::BadEnvelope => "bad_envelope",
        }
    }
}

/// One item of a [`Block`].
#[derive(Debug, Clone, Copy)]
pub struct FrameMeta {
    /// Where the frame's bytes start in [`Block::data`].
    pub start: u32,
    /// Where they end.
    pub end: u32,
    /// Where the context stands in [`Block::data`]: URL of a REST answer or of the connection, or a hint of the
    /// symbol. `(0, 0)` = none.
    pub context: (u32, u32),
    /// Receive time, ns UTC; 0 = none.
    pub ts: u64,
    /// What it is.
    pub kind: FrameKind,
    /// Connection inside the source.
    pub conn: u32,
    /// Bytes of the frame in the source: more than `end - start` where only a part is kept, or where escapes
    /// were resolved.
    pub len: u64,
    /// Byte offset of the frame in the decompressed source.
    pub offset: u64,
    /// Line in the source, 1-based; 0 where the container has none.
    pub line: u64,
}

/// Some frames and the bytes they point into. Over a source the frames' `len` and the blocks' `overhead` add up
/// to the decompressed bytes.
#[derive(Debug, Default)]
pub struct Block {
    /// Bytes.
    pub data: Vec<u8>,
    /// Frames, in the order of the source.
    pub frames: Vec<FrameMeta>,
    /// Bytes that belong to no frame: times, new lines, headers.
    pub overhead: u64,
}

impl Block {
    /// Drops everything, keeping the memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.frames.clear();
        self.overhead = 0;
    }

    /// Appends a frame of another block.
    pub fn take(&mut self, other: &Self, meta: &FrameMeta) {
        let mut copied = |(start, end): (u32, u32)| {
            let at = self.data.len() as u32;
            self.data.extend_from_slice(&other.data[start as usize..end as usize]);
            (at, at + (end - start))
        };
        let (start, end) = copied((meta.start, meta.end));
        let context = copied(meta.context);
        self.frames.push(FrameMeta { start, end, context, ..*meta });
    }

    /// The bytes of a frame.
    #[must_use]
    pub fn body(&self, meta: &FrameMeta) -> &[u8] {
        &self.data[meta.start as usize..meta.end as usize]
    }

    /// The context of a frame; text that is not UTF-8 counts as none.
    #[must_use]
    pub fn context(&self, meta: &FrameMeta) -> &str {
        let bytes = &self.data[meta.context.0 as usize..meta.context.1 as usize];
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}
