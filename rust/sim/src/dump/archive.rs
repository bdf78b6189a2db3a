//! Files as vendors pack them: a zip archive of one file with its checksum beside it, gzip, or a compressed tar archive of one
//! file.
//!
//! An archive is streamed: lengths and CRC follow the data (PKWARE's APPNOTE 6.3.10, section 4.3.9), so that its
//! SHA-256 is known when it ends. Of a tar archive the length comes first (POSIX.1-2017, pax, "ustar Interchange Format"):
//! what it will hold is kept beside it until then. No times are written: the same rows are the same file.

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
    /// `X.tar.gz` of a file `X.data`.
    Tar,
    /// Not at all.
    Plain,
}

/// A file in the making.
pub(crate) enum Packed {
    Zip(Box<Archive>, bool),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
    Tar(Spool),
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
            Packing::Tar => Self::Tar(Spool { out: file, bytes: 0 }),
            Packing::Plain => Self::Plain(file),
        })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Zip(archive, _) => archive.write(bytes),
            Self::Gzip(out) => out.write_all(bytes),
            Self::Tar(spool) => spool.write(bytes),
            Self::Plain(out) => out.write_all(bytes),
        }
    }

    /// Ends the file; answers the line of its `.CHECKSUM` where there is one.
    pub fn finish(self, path: &Path) -> io::Result<Option<String>> {
        match self {
            Self::Gzip(out) => out.finish()?.flush().map(|()| None),
            Self::Tar(spool) => spool.finish(path).map(|()| None),
            Self::Plain(mut out) => out.flush().map(|()| None),
            Self::Zip(archive, checksum) => {
                let digest = archive.finish()?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Ok(checksum.then(|| format!("{digest}  {name}\n")))
            }
        }
    }
}

const BLOCK: usize = 512;

/// What a tar archive will hold, at its place until it is whole.
pub(crate) struct Spool {
    out: BufWriter<File>,
    bytes: u64,
}

impl Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Makes the archive of it.
    fn finish(mut self, path: &Path) -> io::Result<()> {
        self.out.flush()?;
        let held = path.with_extension("held");
        fs::rename(path, &held)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{}.data", name.trim_end_matches(".tar.gz"));
        let mut out = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::new(LEVEL));
        out.write_all(&tar_header(&name, self.bytes)?)?;
        io::copy(&mut File::open(&held)?, &mut out)?;
        // Up to a whole block, and two of nothing.
        let padding = self.bytes.next_multiple_of(BLOCK as u64) - self.bytes;
        out.write_all(&vec![0; padding as usize + 2 * BLOCK])?;
        out.finish()?.flush()?;
        fs::remove_file(held)
    }
}

/// The header of a file in a tar archive.
fn tar_header(name: &str, bytes: u64) -> io::Result<[u8; BLOCK]> {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, field: &[u8]| header[at..at + field.len()].copy_from_slice(field);
    if name.len() > 100 || bytes >= 1 << 33 {
        return Err(io::Error::other("a file that no tar archive can name: simulate less"));
    }
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{bytes:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
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
