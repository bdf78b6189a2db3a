//! Our own container: frames with receive times, in checked, compressed blocks.
//!
//! # Layout
//!
//! Everything is little-endian. A file is one or more *parts*; a part is a header and blocks. A recorder that is
//! started again appends a new part, it never touches what is there.
//!
//! ```text
//! header  "TWCAP\x01\r\n"  u32 length  u32 crc32(text)  text: JSON {"feed": …, "recorder": …}
//! block   "TWBL"  u32 raw  u32 packed  u32 frames  u64 first ts  u64 min ts  u64 max ts  u64 first ordinal
//!         u32 crc32(payload)  u32 crc32(the 52 bytes before)  payload: zstd of `raw` bytes
//! payload frames, one after another:
//!         u8 kind  varint zigzag(ts - ts of the frame before; of `first ts` for the first)  varint conn
//!         varint context (0 none; 1 new: varint length, bytes; n + 2: the n-th new one of this block)
//!         varint length  bytes
//! ```
//!
//! The magic has a byte that is not text and a CR LF, as PNG's: a transfer that mends line ends shows. Both
//! checksums are needed: the header's says where the next block starts, so a flipped payload costs one block's
//! frames their place in the file but never the frames after them.
//!
//! There is no index at the end: the block headers are the index. They are found by jumping from one to the next
//! (56 bytes read for each quarter megabyte), so a file is seekable by time while it is still being written, and
//! a torn tail costs the last block only. Receive times go backwards when clocks do, hence zigzag, and hence min
//! and max in the header.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::inflate::Inflate;
use super::{Capture, CaptureError, CaptureOptions};
use crate::frame::{Block, FrameKind, FrameMeta};

const MAGIC: &[u8; 8] = b"TWCAP\x01\r\n";
const BLOCK: &[u8; 4] = b"TWBL";
const BLOCK_HEADER: usize = 56;
/// Larger than any block the writer makes: a length beyond it is damage, not data.
const MAX_RAW: u32 = 256 << 20;

/// What a part says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Header {
    /// Feed of all its frames.
    pub feed: String,
    /// Who recorded it.
    #[serde(default)]
    pub recorder: String,
}

pub(super) fn claims(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// The feed that the first part names.
pub(super) fn feed_of(head: &[u8]) -> Option<String> {
    let rest = head.strip_prefix(MAGIC)?;
    let length = u32::from_le_bytes(*rest.first_chunk()?) as usize;
    let header: Header = serde_json::from_slice(rest.get(8..8 + length)?).ok()?;
    Some(header.feed).filter(|feed| !feed.is_empty())
}

pub(super) fn open(input: Inflate, _: &str, _: &CaptureOptions) -> Box<dyn Capture> {
    Box::new(Reader { input, offset: 0, packed: Vec::new(), conn_base: 0, conn_max: 0, parts: 0, ordinal: 0 })
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

const fn kind_code(kind: FrameKind) -> u8 {
    match kind {
        FrameKind::Received | FrameKind::Malformed(_) => 0,
        FrameKind::Rest => 1,
        FrameKind::Sent => 2,
        FrameKind::Opened => 3,
        FrameKind::Closed => 4,
    }
}

const fn kind_of(code: u8) -> Option<FrameKind> {
    Some(match code {
        0 => FrameKind::Received,
        1 => FrameKind::Rest,
        2 => FrameKind::Sent,
        3 => FrameKind::Opened,
        4 => FrameKind::Closed,
        _ => return None,
    })
}

/// Writes a capture.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    raw: Vec<u8>,
    contexts: Vec<Vec<u8>>,
    frames: u32,
    ordinal: u64,
    first_ts: u64,
    last_ts: u64,
    min_ts: u64,
    max_ts: u64,
    level: i32,
    block_bytes: usize,
}

impl<W: Write> Writer<W> {
    /// Starts a part: writes its header.
    ///
    /// # Errors
    /// What writing gives.
    pub fn new(mut out: W, header: &Header) -> io::Result<Self> {
        let text = serde_json::to_vec(header)?;
        out.write_all(MAGIC)?;
        out.write_all(&(text.len() as u32).to_le_bytes())?;
        out.write_all(&crc32fast::hash(&text).to_le_bytes())?;
        out.write_all(&text)?;
        Ok(Self {
            out,
            raw: Vec::new(),
            contexts: Vec::new(),
            frames: 0,
            ordinal: 0,
            first_ts: 0,
            last_ts: 0,
            min_ts: u64::MAX,
            max_ts: 0,
            level: 3,
            block_bytes: 256 << 10,
        })
    }

    /// Adds a frame received (or sent) at `ts` ns UTC. A block is written when it is full.
    ///
    /// # Errors
    /// What writing gives.
    pub fn push(
        &mut self,
        kind: FrameKind,
        ts: u64,
        conn: u32,
        context: &[u8],
        body: &[u8],
    ) -> io::Result<()> {
        if self.frames == 0 {
            (self.first_ts, self.last_ts) = (ts, ts);
        }
        self.raw.push(kind_code(kind));
        put_varint(&mut self.raw, zigzag(ts.wrapping_sub(self.last_ts) as i64));
        put_varint(&mut self.raw, u64::from(conn));
        if context.is_empty() {
            self.raw.push(0);
        } else if let Some(known) = self.contexts.iter().position(|c| c == context) {
            put_varint(&mut self.raw, known as u64 + 2);
        } else {
            self.raw.push(1);
            put_varint(&mut self.raw, context.len() as u64);
            self.raw.extend_from_slice(context);
            self.contexts.push(context.to_vec());
        }
        put_varint(&mut self.raw, body.len() as u64);
        self.raw.extend_from_slice(body);
        self.frames += 1;
        self.last_ts = ts;
        self.min_ts = self.min_ts.min(ts);
        self.max_ts = self.max_ts.max(ts);
        if self.raw.len() >= self.block_bytes { self.flush_block() } else { Ok(()) }
    }

    /// Writes the block begun, if any: a reader sees its frames from now on.
    ///
    /// # Errors
    /// What writing gives.
    pub fn flush_block(&mut self) -> io::Result<()> {
        if self.frames == 0 {
            return Ok(());
        }
        let payload = zstd::bulk::compress(&self.raw, self.level)?;
        let mut header = Vec::with_capacity(BLOCK_HEADER);
        header.extend_from_slice(BLOCK);
        for value in [self.raw.len() as u32, payload.len() as u32, self.frames] {
            header.extend_from_slice(&value.to_le_bytes());
        }
        for value in [self.first_ts, self.min_ts, self.max_ts, self.ordinal] {
            header.extend_from_slice(&value.to_le_bytes());
        }
        header.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        self.out.write_all(&header)?;
        self.out.write_all(&payload)?;
        self.ordinal += u64::from(self.frames);
        self.raw.clear();
        self.contexts.clear();
        self.frames = 0;
        self.min_ts = u64::MAX;
        self.max_ts = 0;
        Ok(())
    }

    /// Writes what is left and gives the output back.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_block()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

struct BlockHeader {
    raw: u32,
    packed: u32,
    frames: u32,
    first_ts: u64,
    max_ts: u64,
    ordinal: u64,
    crc: u32,
}

/// `None` when the bytes are no block's header, or a damaged one.
fn block_header(bytes: &[u8; BLOCK_HEADER]) -> Option<BlockHeader> {
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    if !bytes.starts_with(BLOCK) || crc32fast::hash(&bytes[..52]) != u32_at(52) {
        return None;
    }
    let header = BlockHeader {
        raw: u32_at(4),
        packed: u32_at(8),
        frames: u32_at(12),
        first_ts: u64_at(16),
        max_ts: u64_at(32),
        ordinal: u64_at(40),
        crc: u32_at(48),
    };
    (header.raw <= MAX_RAW && header.packed <= MAX_RAW).then_some(header)
}

/// Where to start reading to see every frame from `ts` ns on: the byte offset of the first block whose last
/// time is not before it; the length of the file when there is none. Only block headers are read.
///
/// # Errors
/// What reading gives; a damaged header ends the search at its place.
pub fn seek_time(input: &mut (impl Read + Seek), ts: u64) -> io::Result<u64> {
    let mut at = 0;
    loop {
        input.seek(SeekFrom::Start(at))?;
        let mut magic = [0; 16];
        let mut read = 0;
        while read < 16 {
            match input.read(&mut magic[read..])? {
                0 => return Ok(at),
                n => read += n,
            }
        }
        if magic.starts_with(MAGIC) {
            let length = u32::from_le_bytes([magic[8], magic[9], magic[10], magic[11]]);
            at += 16 + u64::from(length);
            continue;
        }
        let mut bytes = [0; BLOCK_HEADER];
        bytes[..16].copy_from_slice(&magic);
        if input.read_exact(&mut bytes[16..]).is_err() {
            return Ok(at);
        }
        match block_header(&bytes) {
            Some(header) if header.max_ts < ts => at += BLOCK_HEADER as u64 + u64::from(header.packed),
            _ => return Ok(at),
        }
    }
}

struct Reader {
    input: Inflate,
    offset: u64,
    packed: Vec<u8>,
    conn_base: u32,
    conn_max: u32,
    parts: u32,
    /// Frames of the part so far.
    ordinal: u64,
}

impl Reader {
    /// Fills `packed` with `n` bytes; how many there were.
    fn read(&mut self, n: usize) -> Result<usize, CaptureError> {
        self.packed.clear();
        // Read in steps: a damaged length must not make memory grow before the data is there.
        while self.packed.len() < n {
            let step = (n - self.packed.len()).min(1 << 20);
            if self.input.read_some(&mut self.packed, step)? == 0 {
                break;
            }
        }
        Ok(self.packed.len())
    }

    fn corrupt(&self, reason: &str) -> CaptureError {
        CaptureError::Corrupt { offset: self.offset, reason: reason.to_owned() }
    }

    fn part_header(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        let prefix = self.packed.clone();
        let wanted = 16 - prefix.len();
        let read = self.read(wanted)?;
        if read < wanted {
            block.overhead += (prefix.len() + read) as u64;
            self.input.cut()?;
            return Ok(false);
        }
        let fixed = [prefix, self.packed.clone()].concat();
        let length = u32::from_le_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]) as usize;
        let crc = u32::from_le_bytes([fixed[12], fixed[13], fixed[14], fixed[15]]);
        if length > 1 << 20 {
            return Err(self.corrupt("the header's length is impossible"));
        }
        let read = self.read(length)?;
        block.overhead += (16 + read) as u64;
        if read < length {
            self.input.cut()?;
            return Ok(false);
        }
        if crc32fast::hash(&self.packed) != crc {
            return Err(self.corrupt("the header's checksum does not match"));
        }
        self.offset += 16 + length as u64;
        self.conn_base = if self.parts == 0 { 0 } else { self.conn_max + 1 };
        self.parts += 1;
        self.ordinal = 0;
        Ok(true)
    }

    fn frames(&mut self, header: &BlockHeader, block: &mut Block) -> Option<()> {
        let data = std::mem::take(&mut block.data);
        let mut rest = &data[..];
        let mut ts = header.first_ts;
        let mut contexts: Vec<(u32, u32)> = Vec::new();
        let at = |rest: &[u8]| (data.len() - rest.len()) as u32;
        for _ in 0..header.frames {
            let (code, after) = rest.split_first()?;
            rest = after;
            let kind = kind_of(*code)?;
            ts = ts.wrapping_add(unzigzag(take_varint(&mut rest)?) as u64);
            let conn = u32::try_from(take_varint(&mut rest)?).ok()?.checked_add(self.conn_base)?;
            self.conn_max = self.conn_max.max(conn);
            let context = match take_varint(&mut rest)? {
                0 => (0, 0),
                1 => {
                    let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                    let start = at(rest);
                    rest = rest.get(length..)?;
                    contexts.push((start, start + length as u32));
                    (start, start + length as u32)
                }
                known => *contexts.get(usize::try_from(known - 2).ok()?)?,
            };
            let length = usize::try_from(take_varint(&mut rest)?).ok()?;
            let start = at(rest);
            rest = rest.get(length..)?;
            block.frames.push(FrameMeta {
                start,
                end: start + length as u32,
                context,
                ts,
                kind,
                conn,
                len: length as u64,
                offset: self.offset + u64::from(start),
                line: 0,
            });
        }
        let whole = rest.is_empty();
        block.data = data;
        whole.then_some(())
    }
}

impl Capture for Reader {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        block.clear();
        loop {
            match self.read(8)? {
                0 => return Ok(block.overhead > 0),
                8 => {}
                n => {
                    block.overhead += n as u64;
                    self.input.cut()?;
                    return Ok(true);
                }
            }
            if self.packed == MAGIC {
                if !self.part_header(block)? {
                    return Ok(true);
                }
                continue;
            }
            let prefix = self.packed.clone();
            let read = self.read(BLOCK_HEADER - 8)?;
            let mut bytes = [0; BLOCK_HEADER];
            bytes[..8].copy_from_slice(&prefix);
            bytes[8..8 + read].copy_from_slice(&self.packed);
            block.overhead += 8 + read as u64;
            if read < BLOCK_HEADER - 8 {
                self.input.cut()?;
                return Ok(true);
            }
            let Some(header) = block_header(&bytes) else {
                return Err(self.corrupt("a block's header is damaged"));
            };
            if header.ordinal != self.ordinal {
                return Err(self.corrupt("a block is missing, repeated or out of its place"));
            }
            self.ordinal += u64::from(header.frames);
            self.offset += BLOCK_HEADER as u64;
            let read = self.read(header.packed as usize)?;
            if read < header.packed as usize {
                block.overhead += read as u64;
                self.input.cut()?;
                return Ok(true);
            }
            if crc32fast::hash(&self.packed) != header.crc {
                return Err(self.corrupt("a block's checksum does not match"));
            }
            let raw = zstd::bulk::decompress(&self.packed, header.raw as usize);
            let Some(raw) = raw.ok().filter(|raw| raw.len() == header.raw as usize) else {
                return Err(self.corrupt("a block cannot be decompressed"));
            };
            block.data = raw;
            if self.frames(&header, block).is_none() {
                return Err(self.corrupt("a block's frames are damaged"));
            }
            let framed: u64 = block.frames.iter().map(|f| f.len).sum();
            block.overhead += u64::from(header.raw) - framed;
            self.offset += u64::from(header.raw);
            return Ok(true);
        }
    }

    fn truncated(&self) -> bool {
        self.input.truncated()
    }
}
