//! What a file is: its format, its columns, and what its name adds.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::columns::{Found, by_header, by_position};
use super::output::{Output, OutputOptions};
use super::reader::{DumpOptions, DumpReader, Inflating};
use super::rows::{ABSENT, MAX_FIELDS};
use super::zip::{self, Member};
use super::{DumpDecoder, DumpError, DumpSpec, REGISTRY, Setting, names, tar};
use crate::book::OnGap;
use crate::capture::{CaptureError, Compression, Inflate};
use crate::decimal;
use crate::venue::FeedSpec;

/// The first lines of a file.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Names of the columns, where the file has a header.
    pub header: Option<Vec<String>>,
    /// Fields of the first row; none in a file of a header alone.
    pub first: Vec<String>,
}

/// What is known of a file beside its content.
#[derive(Debug, Clone, Default)]
pub struct Hint {
    /// The last parts of its path, and the name of the member of an archive.
    pub path: String,
    /// Its names without extensions: the member's, then the file's.
    pub stems: Vec<String>,
    /// The symbol that the user named.
    pub symbol: Option<String>,
    /// The feed that the user named.
    pub feed: Option<&'static FeedSpec>,
}

/// What the user says of a file.
#[derive(Debug, Clone, Default)]
pub struct ProbeOptions {
    /// Its format, instead of recognising it.
    pub format: Option<&'static DumpSpec>,
    /// The venue's product, instead of recognising it.
    pub feed: Option<&'static FeedSpec>,
    /// The venue's symbol of its instrument, instead of taking it from the name.
    pub symbol: Option<String>,
    /// How to read it.
    pub dump: DumpOptions,
}

/// What a file is.
#[derive(Debug)]
pub struct Probe {
    /// Its format.
    pub spec: &'static DumpSpec,
    /// Its compression.
    pub compression: Compression,
    /// The feed it belongs to: the venue's product, or the vendor's name.
    pub feed: String,
    /// Columns that the format does not know.
    pub unknown: Vec<String>,
    /// The first receive time, ns UTC; 0 where it has no row.
    pub first_ts: u64,
    pub(super) found: Found,
    pub(super) sample: Sample,
    hint: Hint,
    path: PathBuf,
    member: Option<Member>,
}

/// Bounds of what a file may inflate to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    bytes: u64,
    times: u64,
    /// Bytes compressed; 0 where it is not.
    packed: u64,
}

impl Limit {
    pub fn check(&self, offset: u64, member: &str) -> Result<(), DumpError> {
        let member = || member.to_owned();
        if offset > self.bytes {
            return Err(DumpError::TooLarge { member: member(), limit: self.bytes });
        }
        // What is small is no bomb, whatever its ratio.
        if self.packed > 0 && offset > (16 << 20) && offset / self.packed > self.times {
            return Err(DumpError::TooDense { member: member(), limit: self.times });
        }
        Ok(())
    }
}

const HEAD: usize = 64 << 10;
const MAX_HEAD: usize = 4 << 20;

/// Opens what is in a file, and says how large it may get.
fn open(path: &Path, member: Option<&Member>, options: &DumpOptions) -> Result<(Inflate, Limit), DumpError> {
    let file = File::open(path)?;
    let mut limit =
        Limit { bytes: options.max_member, times: options.max_ratio, packed: file.metadata()?.len() };
    if let Some(member) = member {
        limit.packed = member.compressed.max(1);
        limit.check(member.size, &member.name)?;
        return Ok((Inflate::member(zip::open(file, member)?, options.allow_truncated), limit));
    }
    let inflate = Inflate::new(Box::new(file), options.allow_truncated)?;
    if inflate.compression() == Compression::None {
        limit.packed = 0;
    }
    Ok((inflate, limit))
}

/// The first lines, whole, and whether they are all there is.
fn head(inflate: &mut Inflate) -> Result<Vec<u8>, DumpError> {
    let mut head = Vec::new();
    let mut want = HEAD;
    loop {
        let room = want - head.len();
        let read = inflate.read_some(&mut head, room)?;
        let whole = memchr::memrchr(b'\n', &head).map_or(0, |at| at + 1);
        let lines = memchr::memchr_iter(b'\n', &head).take(3).count();
        if read == 0 || head.len() >= MAX_HEAD {
            return Ok(head);
        }
        if lines == 3 && head.len() >= want {
            head.truncate(whole);
            return Ok(head);
        }
        if head.len() >= want {
            want *= 4;
        }
    }
}

/// Fields of a line, unquoted.
fn fields(line: &[u8]) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let text = String::from_utf8_lossy(line);
    for c in text.trim_end_matches(['\r', '\n']).chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => {
                if let Some(field) = fields.last_mut() {
                    field.push(c);
                }
            }
        }
    }
    fields
}

fn sample(head: &[u8]) -> Option<Sample> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let mut lines = head.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let first = lines.next()?;
    let begins_with_number = first
        .trim_ascii_start()
        .iter()
        .find(|b| **b != b'"')
        .is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    let first = fields(first);
    // No column is called a number: what has one is a row.
    let is_row = begins_with_number || first.iter().any(|field| decimal::parse(field.as_bytes()).is_ok());
    // One column makes no table; text that is no table has other bytes.
    if first.len() < 2
        || first.len() > MAX_FIELDS
        || first.iter().any(|f| f.contains(['{', '[', '\0'])) && begins_with_number
    {
        return None;
    }
    if is_row {
        return Some(Sample { header: None, first });
    }
    Some(Sample { header: Some(first), first: lines.next().map(fields).unwrap_or_default() })
}

fn hint(path: &Path, member: Option<&Member>, options: &ProbeOptions) -> Hint {
    let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let mut near = parts[parts.len().saturating_sub(8)..].to_vec();
    let mut stems = Vec::new();
    if let Some(member) = member {
        near.push(member.name.clone());
        stems.extend(member.name.rsplit(['/', '\\']).next().map(str::to_owned));
    }
    stems.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    for stem in &mut stems {
        for extension in [".gz", ".zst", ".zip", ".csv", ".data", ".txt"] {
            if let Some(shorter) = stem.strip_suffix(extension) {
                *stem = shorter.to_owned();
            }
        }
    }
    Hint { path: near.join("/"), stems, symbol: options.symbol.clone(), feed: options.feed }
}

/// Where in a path a format's name stands last.
fn called(spec: &DumpSpec, hint: &Hint) -> Option<usize> {
    spec.called.iter().filter_map(|word| hint.path.rfind(word).map(|at| at + word.len())).max()
}

/// Why a file whose columns are these is none of a format's.
fn lacking(spec: &'static DumpSpec, found: &Found, sample: &Sample) -> DumpError {
    match &found.twice {
        Some(name) => DumpError::TwoColumns { name: name.clone() },
        None => without(spec, &found.missing, sample),
    }
}

fn without(spec: &'static DumpSpec, missing: &[&str], sample: &Sample) -> DumpError {
    let shown = |names: &[String]| names.iter().take(40).cloned().collect::<Vec<_>>().join(", ");
    let found = match &sample.header {
        Some(header) => shown(header),
        None => format!("none; the first row is {}", shown(&sample.first)),
    };
    let missing = if missing.is_empty() { "some".to_owned() } else { missing.join(", ") };
    DumpError::Columns { format: spec.name, missing, found, known: names() }
}

fn find(spec: &'static DumpSpec, sample: &Sample) -> Option<Found> {
    match &sample.header {
        // Where it leaves the last ones without a name, the layout of as many columns counts that agrees with it.
        Some(header) if header.len() < sample.first.len() => {
            let by_name = by_header(spec, header);
            let agrees = |found: &Found| {
                by_name.unknown.is_empty()
                    && (0..spec.columns.len()).all(|column| {
                        by_name.map[column] == ABSENT || by_name.map[column] == found.map[column]
                    })
            };
            Some(by_position(spec, &sample.first).filter(agrees).unwrap_or(by_name))
        }
        Some(header) => Some(by_header(spec, header)),
        None => by_position(spec, &sample.first),
    }
}

/// The format of a file and where its columns are; `None` where it is of no format.
fn recognise(sample: &Sample, hint: &Hint) -> Result<Option<(&'static DumpSpec, Found)>, DumpError> {
    let mut candidates: Vec<(&'static DumpSpec, Found)> = Vec::new();
    let mut nearest: Option<(&'static DumpSpec, Found)> = None;
    for spec in REGISTRY {
        let Some(found) = find(spec, sample) else { continue };
        if found.is_whole() {
            if (spec.fits)(&Setting { spec, sample, hint }) {
                candidates.push((spec, found));
            }
        } else if found.matched * 2 >= found.fields.max(3)
            && nearest.as_ref().is_none_or(|(_, other)| found.matched > other.matched)
        {
            nearest = Some((spec, found));
        }
    }
    // A table of more columns that all are there is meant rather than one of fewer.
    let most = candidates.iter().map(|(_, found)| found.matched).max().unwrap_or_default();
    candidates.retain(|(_, found)| found.matched == most);
    if candidates.is_empty() {
        return match nearest {
            Some((spec, found)) => Err(lacking(spec, &found, sample)),
            None => Ok(None),
        };
    }
    let by_name = candidates
        .iter()
        .enumerate()
        .filter_map(|(at, (spec, _))| Some((called(spec, hint)?, usize::MAX - at)))
        .max();
    let plain = candidates.iter().position(|(spec, _)| !spec.by_name_only);
    match by_name.map(|(_, at)| usize::MAX - at).or(plain) {
        Some(at) => Ok(Some(candidates.swap_remove(at))),
        None => {
            let formats: Vec<&str> = candidates.iter().map(|(spec, _)| spec.name).collect();
            Err(DumpError::Ambiguous { formats: formats.join(" or ") })
        }
    }
}

/// An archive that is open.
pub struct Archive {
    /// The inflated bytes of what is in it.
    pub files: Box<dyn Read + Send>,
    /// What it is.
    pub packed: Compression,
}

/// Whether a file begins as a zip archive.
fn is_zip(file: &mut File) -> std::io::Result<bool> {
    let mut magic = Vec::new();
    file.take(4).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(zip::is_archive(&magic))
}

/// The files in a zip archive that holds several; `None` where a file is no such archive.
///
/// # Errors
/// An archive that is refused.
pub fn members(path: &Path) -> Result<Option<Vec<Member>>, DumpError> {
    let mut file = File::open(path)?;
    let members = if is_zip(&mut file)? { zip::members(&file)? } else { Vec::new() };
    Ok((members.len() > 1).then_some(members))
}

/// The inflated bytes of a file in a zip archive (`member`, or the one that it holds), or of the files in a tar archive one
/// after another, within the bounds that `options` set; `None` where the file is no archive.
///
/// # Errors
/// An archive that is refused.
pub fn open_archive(
    path: &Path,
    member: Option<&Member>,
    options: &DumpOptions,
) -> Result<Option<Archive>, DumpError> {
    let mut file = File::open(path)?;
    let (bytes, times) = (options.max_member, options.max_ratio);
    if !is_zip(&mut file)? {
        let packed = file.metadata()?.len().max(1);
        let files = tar::open(file, Limit { bytes, times, packed })?;
        return Ok(files.map(|files| Archive { files, packed: Compression::Tar }));
    }
    let member = match member {
        Some(member) => member.clone(),
        None => zip::member(&file)?,
    };
    // What it says of its size is held to when it is read.
    Limit { bytes, times, packed: member.compressed.max(1) }.check(member.size, &member.name)?;
    Ok(Some(Archive { files: zip::open(file, &member)?, packed: Compression::Zip }))
}

/// Says what a file is, or one in a zip archive of several; `None` where it is no dump that is known.
///
/// # Errors
/// An archive that is refused, a file that cannot be read, columns that nearly are a format's, an instrument or
/// a product that nothing tells.
pub fn probe(
    path: &Path,
    member: Option<&Member>,
    options: &ProbeOptions,
) -> Result<Option<Probe>, DumpError> {
    let mut file = File::open(path)?;
    let member = match member {
        Some(member) => Some(member.clone()),
        None if is_zip(&mut file)? => Some(zip::member(&file)?),
        None => None,
    };
    let lenient = DumpOptions { allow_truncated: true, ..options.dump.clone() };
    let (mut inflate, _) = open(path, member.as_ref(), &lenient)?;
    let head = head(&mut inflate)?;
    let name = member.as_ref().map_or_else(|| path.to_string_lossy().into_owned(), |m| m.name.clone());
    if inflate.compression() != Compression::None && zip::is_archive(&head) {
        return Err(DumpError::Nested { member: name });
    }
    if head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head).trim_ascii().is_empty() {
        let cut = inflate.truncated();
        return Err(if cut { CaptureError::Truncated { offset: 0 } } else { CaptureError::Empty }.into());
    }
    let Some(sample) = sample(&head) else { return Ok(None) };
    let hint = hint(path, member.as_ref(), options);
    let recognised = match options.format {
        Some(spec) => match find(spec, &sample) {
            Some(found) if found.is_whole() => Some((spec, found)),
            Some(found) => return Err(lacking(spec, &found, &sample)),
            None => return Err(without(spec, &[], &sample)),
        },
        None => recognise(&sample, &hint)?,
    };
    let Some((spec, found)) = recognised else { return Ok(None) };
    let mut probe = Probe {
        spec,
        compression: inflate.compression(),
        feed: String::new(),
        unknown: found.unknown.clone(),
        first_ts: 0,
        found,
        sample,
        hint,
        path: path.to_owned(),
        member,
    };
    if spec.types.is_empty() {
        return Ok(Some(probe));
    }
    probe.feed = (spec.feed)(&probe.setting())?;
    let whole = memchr::memrchr(b'\n', &head).map_or(head.len(), |at| at + 1);
    let limit = Limit { bytes: u64::MAX, times: u64::MAX, packed: 0 };
    let input = Inflate::plain(head[..whole].to_vec());
    let mut reader = DumpReader::over(&probe, input, limit, &options.dump)?;
    let mut out = Output::new(spec.name, looking());
    while reader.read(&mut out)? {}
    probe.first_ts = first_row(&out).unwrap_or_else(|| probe.first_row(&lenient));
    Ok(Some(probe))
}

/// How a file is read for the time it begins at: updates of a book that no snapshot came to have one, too.
fn looking() -> OutputOptions {
    OutputOptions { on_gap: OnGap::Continue, ..OutputOptions::default() }
}

/// The first receive time of the rows read.
fn first_row(out: &Output) -> Option<u64> {
    out.streams().iter().filter_map(|s| s.rows.columns.ts_init().iter().min()).min().copied()
}

impl Probe {
    /// The name of the member, or of the file, for messages.
    pub(super) fn member_name(&self) -> &str {
        match &self.member {
            Some(member) => &member.name,
            None => self.path.file_name().and_then(|name| name.to_str()).unwrap_or("the file"),
        }
    }

    /// The first receive time of a file whose first lines give no row: sides that are empty, a row whose line does not end. 0 where
    /// no line gives one; what is wrong with it is told when it is read.
    fn first_row(&self, options: &DumpOptions) -> u64 {
        let Ok(mut reader) = DumpReader::open(self, options, Inflating::Here) else { return 0 };
        let mut out = Output::new(self.spec.name, looking());
        loop {
            let Ok(more) = reader.read(&mut out) else { return 0 };
            if let Some(first) = first_row(&out) {
                return first;
            }
            if !more {
                return 0;
            }
            drop(out.take_rejects());
        }
    }

    fn setting(&self) -> Setting<'_> {
        Setting { spec: self.spec, sample: &self.sample, hint: &self.hint }
    }

    pub(super) fn decoder(&self) -> Result<Box<dyn DumpDecoder>, DumpError> {
        (self.spec.decoder)(&self.setting())
    }

    pub(super) fn input(&self, options: &DumpOptions) -> Result<(Inflate, Limit), DumpError> {
        open(&self.path, self.member.as_ref(), options)
    }
}
