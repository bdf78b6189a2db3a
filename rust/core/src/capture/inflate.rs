//! Decompression by content: plain, gzip of several members, zstd of several frames.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::CaptureError;

/// How an input is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not.
    None,
    /// gzip, one or several members.
    Gzip,
    /// zstd, one or several frames.
    Zstd,
    /// A member of a zip archive.
    Zip,
    /// The files of a tar archive.
    Tar,
}

impl Compression {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
            Self::Tar => "tar",
        }
    }
}

type Source = BufReader<Box<dyn Read + Send>>;

enum Decoder {
    Plain(Source),
    Gzip(Box<MultiGzDecoder<Source>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Source>>),
    /// A member of an archive, which is inflated already.
    Member(Box<dyn Read + Send>),
    /// The error that ended the input, to be told once what came before it has been used.
    Failed(Option<CaptureError>),
}

/// Reads decompressed bytes.
pub struct Inflate {
    decoder: Decoder,
    offset: u64,
    allow_truncated: bool,
    truncated: bool,
    /// Whether something that is no gzip may follow a whole member.
    allow_stale: bool,
}

const BUFFER: usize = 256 << 10;

impl Inflate {
    /// Looks at the first bytes and takes the right decoder.
    ///
    /// # Errors
    /// A reading error.
    pub fn new(input: Box<dyn Read + Send>, allow_truncated: bool) -> Result<Self, CaptureError> {
        let mut source = BufReader::with_capacity(BUFFER, input);
        let head = source.fill_buf()?;
        let decoder = if head.starts_with(&[0x1f, 0x8b]) {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(source)))
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable(head) {
            Decoder::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(source)?))
        } else {
            Decoder::Plain(source)
        };
        Ok(Self { decoder, offset: 0, allow_truncated, truncated: false, allow_stale: false })
    }

    /// Over bytes that are in memory and not compressed.
    pub(crate) fn plain(bytes: Vec<u8>) -> Self {
        let source: Box<dyn Read + Send> = Box::new(io::Cursor::new(bytes));
        let decoder = Decoder::Plain(BufReader::with_capacity(BUFFER, source));
        Self { decoder, offset: 0, allow_truncated: true, truncated: false, allow_stale: false }
    }

    /// A collector that was started again on the same day leaves the end of its old file behind a whole member:
    /// that ends the input, which is said to be cut.
    pub(super) const fn allow_stale(mut self) -> Self {
        self.allow_stale = true;
        self
    }

    /// A member of a zip archive: `source` gives its inflated bytes.
    #[must_use]
    pub fn member(source: Box<dyn Read + Send>, allow_truncated: bool) -> Self {
        Self {
            decoder: Decoder::Member(source),
            offset: 0,
            allow_truncated,
            truncated: false,
            allow_stale: false,
        }
    }

    /// An input that has failed already.
    pub(super) const fn failed_with(error: CaptureError) -> Self {
        Self {
            decoder: Decoder::Failed(Some(error)),
            offset: 0,
            allow_truncated: false,
            truncated: false,
            allow_stale: false,
        }
    }

    /// The compression found.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        match self.decoder {
            Decoder::Plain(_) | Decoder::Failed(_) => Compression::None,
            Decoder::Gzip(_) => Compression::Gzip,
            Decoder::Zstd(_) => Compression::Zstd,
            Decoder::Member(_) => Compression::Zip,
        }
    }

    /// Whether the stream was cut and that was allowed.
    #[must_use]
    pub const fn truncated(&self) -> bool {
        self.truncated
    }

    /// Notes that a container met a cut of its own.
    ///
    /// # Errors
    /// [`CaptureError::Truncated`] unless that is allowed.
    pub(super) fn cut(&mut self) -> Result<(), CaptureError> {
        if self.allow_truncated {
            self.truncated = true;
            Ok(())
        } else {
            Err(CaptureError::Truncated { offset: self.offset })
        }
    }

    /// Appends up to `want` bytes to `out`; none at the end.
    ///
    /// # Errors
    /// [`CaptureError::Truncated`] (unless allowed), [`CaptureError::Corrupt`], or a reading error.
    pub fn read_some(&mut self, out: &mut Vec<u8>, want: usize) -> Result<usize, CaptureError> {
        let start = out.len();
        out.resize(start + want, 0);
        let mut filled = 0;
        let result = self.fill(&mut out[start..], &mut filled);
        out.truncate(start + filled);
        result.map(|()| filled)
    }

    /// Fills `out`, less of it at the end; `filled` says how much, also where reading failed.
    ///
    /// # Errors
    /// See [`Self::read_some`].
    pub(crate) fn fill(&mut self, out: &mut [u8], filled: &mut usize) -> Result<(), CaptureError> {
        *filled = 0;
        if self.truncated {
            return Ok(());
        }
        if let Decoder::Failed(error) = &mut self.decoder {
            return error.take().map_or(Ok(()), Err);
        }
        let result = loop {
            if *filled == out.len() {
                break Ok(());
            }
            let read = match &mut self.decoder {
                Decoder::Plain(source) => source.read(&mut out[*filled..]),
                Decoder::Gzip(decoder) => decoder.read(&mut out[*filled..]),
                Decoder::Zstd(decoder) => decoder.read(&mut out[*filled..]),
                Decoder::Member(source) => source.read(&mut out[*filled..]),
                Decoder::Failed(_) => Ok(0),
            };
            match read {
                Ok(0) => break Ok(()),
                Ok(n) => *filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.offset += *filled as u64;
        result.or_else(|error| self.failed(error))
    }

    fn failed(&mut self, error: io::Error) -> Result<(), CaptureError> {
        let offset = self.offset;
        let compressed = !matches!(self.decoder, Decoder::Plain(_));
        match error.kind() {
            io::ErrorKind::UnexpectedEof if compressed => self.cut(),
            io::ErrorKind::InvalidInput
                if self.allow_stale && offset > 0 && error.to_string() == "invalid gzip header" =>
            {
                self.truncated = true;
                Ok(())
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other if compressed => {
                let reason = error.to_string();
                if reason.contains("incomplete frame") {
                    return self.cut();
                }
                Err(CaptureError::Corrupt { offset, reason })
            }
            _ => Err(error.into()),
        }
    }
}

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}
