//! Zip archives: where their files are, and the bytes of each as they inflate. Nothing goes to disk.
//!
//! Read is the central directory at the end (its 64-bit form as well), which says what the archive holds; the
//! local header only says where the bytes start. Refused: encryption, names that lead elsewhere,
//! archives inside, methods other than stored and deflate. Checked at the end: length and CRC-32.
//! Layout: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use flate2::bufread::DeflateDecoder;

use super::DumpError;
use crate::capture::CaptureError;

/// The first bytes of an archive that holds something.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";
const EMPTY: &[u8] = b"PK\x05\x06";
const BUFFER: usize = 256 << 10;
const MAX_DIRECTORY: u64 = 64 << 20;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, with folders.
    pub name: String,
    /// Bytes in the archive.
    pub compressed: u64,
    /// Bytes inflated, as the archive says.
    pub size: u64,
    method: u16,
    crc: u32,
    /// Where its local header is.
    header: u64,
}

/// Whether a file begins as an archive.
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(MAGIC) || head.starts_with(EMPTY)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

const fn broken(reason: &'static str) -> DumpError {
    DumpError::Archive { reason }
}

/// Offset and length of the central directory, and how many entries it has.
fn directory(file: &File, length: u64) -> Result<(u64, u64, u64), DumpError> {
    let tail_length = length.min(22 + 65_535);
    let mut tail = vec![0; tail_length as usize];
    file.read_exact_at(&mut tail, length - tail_length)?;
    let ends_there = |at: usize| {
        tail[at..].starts_with(EMPTY)
            && u16_at(&tail, at + 20).is_some_and(|comment| at + 22 + usize::from(comment) == tail.len())
    };
    let at = (0..tail.len().saturating_sub(21))
        .rev()
        .find(|at| ends_there(*at))
        .ok_or(broken("it ends before its directory, as a download that was cut does"))?;
    let field = |offset| u32_at(&tail, at + offset).map(u64::from);
    let entries = u16_at(&tail, at + 10).map(u64::from);
    let (Some(entries), Some(size), Some(offset)) = (entries, field(12), field(16)) else {
        return Err(broken("its end record is damaged"));
    };
    if entries != 0xFFFF && size != 0xFFFF_FFFF && offset != 0xFFFF_FFFF {
        return Ok((offset, size, entries));
    }
    let locator = at.checked_sub(20).filter(|at| tail[*at..].starts_with(b"PK\x06\x07"));
    let record =
        locator.and_then(|at| u64_at(&tail, at + 8)).ok_or(broken("its 64-bit locator is missing"))?;
    let mut bytes = [0; 56];
    file.read_exact_at(&mut bytes, record).map_err(|_| broken("its 64-bit end record is missing"))?;
    let fields = (u64_at(&bytes, 48), u64_at(&bytes, 40), u64_at(&bytes, 32));
    match fields {
        (Some(offset), Some(size), Some(entries)) if bytes.starts_with(b"PK\x06\x06") => {
            Ok((offset, size, entries))
        }
        _ => Err(broken("its 64-bit end record is damaged")),
    }
}

/// One entry of the directory and the bytes after it; `None` where it is damaged.
fn entry(bytes: &[u8]) -> Option<(Member, u16, &[u8])> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (flags, method) = (u16_at(bytes, 8)?, u16_at(bytes, 10)?);
    let length = |at| u16_at(bytes, at).map(usize::from);
    let (name_length, extra_length, comment) = (length(28)?, length(30)?, length(32)?);
    let name = bytes.get(46..46 + name_length)?;
    let mut extra = bytes.get(46 + name_length..46 + name_length + extra_length)?;
    let rest = bytes.get(46 + name_length + extra_length + comment..)?;
    let mut member = Member {
        name: String::from_utf8_lossy(name).into_owned(),
        compressed: u32_at(bytes, 20)?.into(),
        size: u32_at(bytes, 24)?.into(),
        method,
        crc: u32_at(bytes, 16)?,
        header: u32_at(bytes, 42)?.into(),
    };
    while extra.len() >= 4 {
        let (kind, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let body = extra.get(4..4 + length)?;
        if kind == 1 {
            // Only what did not fit its field is here, in this order.
            let mut at = 0;
            for field in [&mut member.size, &mut member.compressed, &mut member.header] {
                if *field == 0xFFFF_FFFF {
                    *field = u64_at(body, at)?;
                    at += 8;
                }
            }
        }
        extra = &extra[4 + length..];
    }
    Some((member, flags, rest))
}

/// The files in an archive, as its directory has them.
pub(super) fn members(file: &File) -> Result<Vec<Member>, DumpError> {
    let length = file.metadata()?.len();
    let (offset, size, entries) = directory(file, length)?;
    if size > MAX_DIRECTORY || offset.checked_add(size).is_none_or(|end| end > length) {
        return Err(broken("its directory does not lie inside it"));
    }
    let mut bytes = vec![0; size as usize];
    file.read_exact_at(&mut bytes, offset)?;
    let mut rest = bytes.as_slice();
    let mut members = Vec::new();
    for _ in 0..entries {
        let (member, flags, after) = entry(rest).ok_or(broken("its directory is damaged"))?;
        rest = after;
        // Folders, and what macOS adds, hold nothing.
        if !member.name.ends_with('/') && !member.name.starts_with("__MACOSX/") {
            check(&member, flags)?;
            members.push(member);
        }
    }
    if members.is_empty() {
        return Err(DumpError::Members { count: 0, listed: String::new() });
    }
    Ok(members)
}

/// The file in an archive of one.
pub(super) fn member(file: &File) -> Result<Member, DumpError> {
    let mut members = members(file)?;
    if members.len() > 1 {
        let listed: Vec<&str> = members.iter().map(|member| member.name.as_str()).take(3).collect();
        return Err(DumpError::Members { count: members.len(), listed: listed.join(", ") });
    }
    Ok(members.remove(0))
}

/// Refuses names that lead elsewhere, and archives inside.
pub(super) fn check_name(name: &str) -> Result<(), DumpError> {
    let member = || name.to_owned();
    if name.is_empty()
        || name.starts_with(['/', '\\'])
        || name.contains(['\0', ':'])
        || name.split(['/', '\\']).any(|part| part == "..")
    {
        return Err(DumpError::UnsafeName { member: member() });
    }
    let lower = name.to_ascii_lowercase();
    let archives = [".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".zst", ".bz2", ".xz"];
    if archives.iter().any(|extension| lower.ends_with(extension)) {
        return Err(DumpError::Nested { member: member() });
    }
    Ok(())
}

fn check(member: &Member, flags: u16) -> Result<(), DumpError> {
    let name = || member.name.clone();
    if flags & 1 != 0 {
        return Err(DumpError::Encrypted { member: name() });
    }
    check_name(&member.name)?;
    if !matches!(member.method, 0 | 8) {
        return Err(DumpError::Method { member: name(), method: member.method });
    }
    Ok(())
}

/// The inflated bytes of a member.
pub(super) fn open(mut file: File, member: &Member) -> Result<Box<dyn Read + Send>, DumpError> {
    let mut header = [0; 30];
    file.read_exact_at(&mut header, member.header).map_err(|_| broken("its member is missing"))?;
    let lengths = u16_at(&header, 26).zip(u16_at(&header, 28));
    let start = match lengths {
        Some((name, extra)) if header.starts_with(MAGIC) => {
            member.header + 30 + u64::from(name) + u64::from(extra)
        }
        _ => return Err(broken("its member has no header")),
    };
    if start.checked_add(member.compressed).is_none_or(|end| file.metadata().is_ok_and(|m| end > m.len())) {
        return Err(CaptureError::Truncated { offset: 0 }.into());
    }
    file.seek(SeekFrom::Start(start))?;
    let packed = BufReader::with_capacity(BUFFER, file.take(member.compressed));
    let reader: Box<dyn Read + Send> =
        if member.method == 0 { Box::new(packed) } else { Box::new(DeflateDecoder::new(packed)) };
    Ok(Box::new(Checked {
        reader,
        crc: crc32fast::Hasher::new(),
        read: 0,
        size: member.size,
        want: member.crc,
        name: member.name.clone(),
    }))
}

/// Inflated bytes, whose length and CRC-32 are looked at when they end.
struct Checked {
    reader: Box<dyn Read + Send>,
    crc: crc32fast::Hasher,
    read: u64,
    size: u64,
    want: u32,
    name: String,
}

impl Read for Checked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let read = self.reader.read(out)?;
        self.crc.update(&out[..read]);
        self.read += read as u64;
        if self.read > self.size || (read == 0 && !out.is_empty() && self.read != self.size) {
            return Err(wrong(format!(
                "{} has not the {} bytes that the archive says",
                self.name, self.size
            )));
        }
        if read == 0 && !out.is_empty() && self.crc.clone().finalize() != self.want {
            return Err(wrong(format!("the CRC-32 of {} is not what the archive says", self.name)));
        }
        Ok(read)
    }
}
