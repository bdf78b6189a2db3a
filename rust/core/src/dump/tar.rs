//! Tar archives, compressed by gzip or not: what their files hold, one after another, as it inflates. Nothing goes to disk.
//!
//! OKX publishes books so: lines that name their instrument, a file for each contract of a chain. Headers are read as they come.
//! Refused: links and devices, names that lead elsewhere, archives inside, and more than the bounds allow. Names beyond 100 bytes
//! may come in records of their own (pax, GNU). Layout: POSIX.1-2017, pax, "ustar Interchange Format".

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::MultiGzDecoder;

use super::DumpError;
use super::probe::Limit;
use super::zip::check_name;

const BLOCK: usize = 512;
const BUFFER: usize = 256 << 10;
/// Longest name that has a record of its own.
const MAX_RECORD: u64 = 64 << 10;

type Source = Box<dyn Read + Send>;

/// The bytes of the files in an archive; `None` where the file is none.
///
/// # Errors
/// What is wrong with its first file, or with reading it.
pub(super) fn open(mut file: File, limit: Limit) -> Result<Option<Source>, DumpError> {
    let inflated = |file: File| -> io::Result<(Source, [u8; BLOCK], usize)> {
        let mut source: Source = Box::new(BufReader::with_capacity(BUFFER, file));
        let mut magic = [0; 2];
        let read = fill(&mut source, &mut magic)?;
        let mut source: Source = Box::new(io::Cursor::new(magic).take(read as u64).chain(source));
        if magic == [0x1F, 0x8B] {
            source = Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, source)));
        }
        let mut head = [0; BLOCK];
        let read = fill(&mut source, &mut head)?;
        Ok((source, head, read))
    };
    file.seek(SeekFrom::Start(0))?;
    // What is no gzip after all is told where it is read as such.
    let Ok((source, head, BLOCK)) = inflated(file) else { return Ok(None) };
    if &head[257..262] != b"ustar" || !is_whole(&head) {
        return Ok(None);
    }
    let mut files = Files {
        source,
        limit,
        offset: BLOCK as u64,
        left: 0,
        padding: 0,
        name: String::new(),
        ends_line: true,
        is_over: false,
    };
    files.begin(head)?;
    Ok(Some(Box::new(files)))
}

/// Reads until `out` is full or the input ends.
fn fill(source: &mut Source, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match source.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Whether a header's sum is its own.
fn is_whole(header: &[u8; BLOCK]) -> bool {
    let sum = |at: usize| if (148..156).contains(&at) { u64::from(b' ') } else { u64::from(header[at]) };
    number(&header[148..156]) == Some((0..BLOCK).map(sum).sum())
}

/// An octal number, or one of base 256.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let start = u64::from(first & 0x7F);
        return rest
            .iter()
            .try_fold(start, |value, byte| value.checked_mul(256)?.checked_add((*byte).into()));
    }
    let digits = field.trim_ascii().split(|byte| matches!(byte, 0 | b' ')).next()?;
    digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        value.checked_mul(8)?.checked_add(digit.into())
    })
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// The path in the records of a pax header.
fn pax_path(records: &[u8]) -> Option<String> {
    let mut rest = records;
    let mut path = None;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length.checked_sub(1)?)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(String::from_utf8_lossy(value).into_owned());
        }
        rest = rest.get(length..)?;
    }
    path
}

/// What the files hold, one after another.
struct Files {
    source: Source,
    limit: Limit,
    /// Bytes of the archive read so far.
    offset: u64,
    /// Bytes of the file at hand that are to come, and what follows them up to the next header.
    left: u64,
    padding: u64,
    name: String,
    /// Whether the file at hand ended with its last line so far.
    ends_line: bool,
    is_over: bool,
}

impl Files {
    /// Goes on from a header to the next file that holds something.
    fn begin(&mut self, mut header: [u8; BLOCK]) -> Result<(), DumpError> {
        let broken = |reason| DumpError::Tar { reason };
        let mut long_name = None;
        loop {
            if header.iter().all(|byte| *byte == 0) {
                self.is_over = true;
                return Ok(());
            }
            if !is_whole(&header) {
                return Err(broken("a header's sum is wrong"));
            }
            let size = number(&header[124..136]).ok_or(broken("a size is no number"))?;
            let prefix =
                if &header[257..263] == b"ustar\0" { text(&header[345..500]) } else { String::new() };
            let own = match (&*prefix, text(&header[..100])) {
                ("", name) => name,
                (prefix, name) => format!("{prefix}/{name}"),
            };
            let padding = size.next_multiple_of(BLOCK as u64).saturating_sub(size);
            match header[156] {
                b'0' | 0 | b'7' => {
                    let name = long_name.take().unwrap_or(own);
                    check_name(&name)?;
                    self.limit.check(size, &name)?;
                    (self.name, self.left, self.padding) = (name, size, padding);
                    if size > 0 {
                        return Ok(());
                    }
                }
                // Names, and what holds nothing.
                kind @ (b'x' | b'L' | b'g' | b'5') => {
                    if size > MAX_RECORD {
                        return Err(broken("a record of a name is too long"));
                    }
                    let mut record = vec![0; (size + padding) as usize];
                    self.exact(&mut record)?;
                    let record = &record[..size as usize];
                    match kind {
                        b'x' => long_name = pax_path(record).or(long_name),
                        b'L' => long_name = Some(text(record)),
                        _ => {}
                    }
                }
                _ => return Err(DumpError::UnsafeName { member: own }),
            }
            self.exact(&mut header)?;
        }
    }

    fn exact(&mut self, out: &mut [u8]) -> io::Result<()> {
        if fill(&mut self.source, out)? < out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.offset += out.len() as u64;
        Ok(())
    }

    /// Passes over what follows a file, to the next one.
    fn next(&mut self) -> io::Result<()> {
        let mut padding = vec![0; self.padding as usize];
        self.exact(&mut padding)?;
        let mut header = [0; BLOCK];
        self.exact(&mut header)?;
        self.begin(header).map_err(|error| match error {
            DumpError::Input(crate::capture::CaptureError::Io(error)) => error,
            error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
        })
    }
}

impl Read for Files {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.left == 0 && !self.is_over {
            if !std::mem::replace(&mut self.ends_line, true) {
                // No line goes on in the next file.
                out[0] = b'\n';
                return Ok(1);
            }
            self.next()?;
        }
        if self.is_over {
            return Ok(0);
        }
        let want = usize::try_from(self.left).map_or(out.len(), |left| left.min(out.len()));
        let read = self.source.read(&mut out[..want])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        self.offset += read as u64;
        self.ends_line = out[read - 1] == b'\n';
        let wrong = |error: DumpError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        self.limit.check(self.offset, &self.name).map_err(wrong)?;
        Ok(read)
    }
}
