//! Files as vendors pack them: a zip archive of one file with its checksum beside it, or gzip.
//!
//! An archive is streamed: lengths and CRC follow the data (PKWARE's APPNOTE 6.3.10, section 4.3.9), so that its
//! SHA-256 is known when it ends. No times are written: the same rows are the same file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use sha2::{Digest, Sha256};

const LEVEL: u32 = 6;
/// 1980-01-01 00:00, the first time an archive can name.
const DOS_TIME: [u8; 4] = [0, 0, 0x21, 0];
/// Lengths and CRC follow the data.
const FLAGS: u16 = 8;
const DEFLATE: u16 = 8;
const VERSION: u16 = 20;

/// How a vendor packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A zip archive of one file; a `.CHECKSUM` beside it where the vendor publishes one.
    Zip {
        /// Extension of the file inside; none where its name is the archive's but `.zip`.
        inside: &'static str,
        /// Whether there is a `.CHECKSUM`.
        checksum: bool,
    },
    /// gzip.
    Gzip,
    /// Not at all.
    Plain,
}

/// A file in the making.
pub(crate) enum Packed {
    Zip(Box<Archive>, bool),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
    Plain(BufWriter<File>),
}

impl Packed {
    /// Creates `path` and the folders it is in.
    pub fn create(path: &Path, packing: Packing) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = BufWriter::new(File::create(path)?);
        Ok(match packing {
            Packing::Zip { inside, checksum } => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let name = if inside.is_empty() { stem.into_owned() } else { format!("{stem}.{inside}") };
                Self::Zip(Box::new(Archive::new(file, name)?), checksum)
            }
            Packing::Gzip => Self::Gzip(Box::new(GzEncoder::new(file, Compression::new(LEVEL)))),
            Packing::Plain => Self::Plain(file),
        })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Zip(archive, _) => archive.write(bytes),
            Self::Gzip(out) => out.write_all(bytes),
            Self::Plain(out) => out.write_all(bytes),
        }
    }

    /// Ends the file; answers the line of its `.CHECKSUM` where there is one.
    pub fn finish(self, path: &Path) -> io::Result<Option<String>> {
        match self {
            Self::Gzip(out) => out.finish()?.flush().map(|()| None),
            Self::Plain(mut out) => out.flush().map(|()| None),
            Self::Zip(archive, checksum) => {
                let digest = archive.finish()?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Ok(checksum.then(|| format!("{digest}  {name}\n")))
            }
        }
    }
}

/// What is written is hashed and counted.
struct Hashed {
    out: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A zip archive of one file.
pub(crate) struct Archive {
    name: String,
    out: DeflateEncoder<Hashed>,
    crc: Crc,
    /// Length of the local header.
    header: u64,
}

impl Archive {
    fn new(file: BufWriter<File>, name: String) -> io::Result<Self> {
        let mut out = Hashed { out: file, digest: Sha256::new(), bytes: 0 };
        out.write_all(b"PK\x03\x04")?;
        out.write_all(&common(&name, [0; 3]))?;
        out.write_all(name.as_bytes())?;
        let header = out.bytes;
        Ok(Self { name, out: DeflateEncoder::new(out, Compression::new(LEVEL)), crc: Crc::new(), header })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.out.write_all(bytes)
    }

    /// Ends the archive; answers its SHA-256, hexadecimal.
    fn finish(self) -> io::Result<String> {
        let size = self.out.total_in();
        let mut out = self.out.finish()?;
        let packed = out.bytes - self.header;
        let small = |value: u64| {
            u32::try_from(value).map_err(|_| io::Error::other("an archive of more than 4 GiB: simulate less"))
        };
        let sums = [self.crc.sum(), small(packed)?, small(size)?];
        out.write_all(b"PK\x07\x08")?;
        out.write_all(&words(sums))?;
        let directory = small(out.bytes)?;
        let name = self.name.as_bytes();
        out.write_all(b"PK\x01\x02")?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&common(&self.name, sums))?;
        // Comment, disk, attributes, place of the local header: nothing, and the start.
        out.write_all(&[0; 14])?;
        out.write_all(name)?;
        let length = small(out.bytes)? - directory;
        out.write_all(b"PK\x05\x06\0\0\0\0\x01\0\x01\0")?;
        out.write_all(&words([length, directory]))?;
        out.write_all(&[0; 2])?;
        out.flush()?;
        Ok(out.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn words<const N: usize>(values: [u32; N]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The fields that both headers have: version to the length of the extra field.
fn common(name: &str, sums: [u32; 3]) -> Vec<u8> {
    let mut out: Vec<u8> = [VERSION, FLAGS, DEFLATE].iter().flat_map(|value| value.to_le_bytes()).collect();
    out.extend_from_slice(&DOS_TIME);
    out.extend(words(sums));
    out.extend_from_slice(&(name.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}
