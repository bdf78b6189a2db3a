//! The plan: which inputs there are, what each is, and which make a recording together.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::ConvertError;
use super::hashes::FileHash;
use super::options::Skipped;
use super::progress::Progress;
use crate::capture::{self, Capture, CaptureError, CaptureOptions, Compression, Probe};
use crate::dump::{self, Archive, DumpError, DumpOptions, DumpSpec, Member};
use crate::store::{self, OURS};
use crate::venue::{self, FeedSpec};

/// A file that will be read.
#[derive(Debug)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Which file it is of a zip archive that holds several.
    pub member: Option<Member>,
    /// As the user named it.
    pub shown: String,
    /// Bytes of the file; of one in an archive, those there.
    pub bytes_file: u64,
    /// Of the file.
    pub hash: FileHash,
}

impl Input {
    /// The folder that its file is in.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// SHA-256 of its file, hexadecimal.
    ///
    /// # Errors
    /// See [`FileHash::get`].
    pub fn file_sha256(&self, progress: &Progress) -> Result<&str, ConvertError> {
        self.hash.get(&self.path, &|| !progress.is_cancelled())
    }

    /// What it is known by: the SHA-256 of the file, or of this and the name of the one in it. Nothing where the file cannot be
    /// read.
    #[must_use]
    pub fn sha256(&self) -> String {
        let file_sha256 = self.hash.get(&self.path, &|| true).unwrap_or_default();
        match &self.member {
            Some(member) => store::sha256_of(format!("{file_sha256}/{}", member.name).as_bytes()),
            None => file_sha256.to_owned(),
        }
    }
}

/// A capture.
#[derive(Debug)]
pub struct Source {
    /// The file.
    pub input: Input,
    /// What it is.
    pub probe: Probe,
    /// Its feed.
    pub feed: &'static FeedSpec,
    /// How much an archive may inflate to.
    pub bounds: DumpOptions,
}

impl Source {
    /// Opens it for reading.
    ///
    /// # Errors
    /// What opening it gives.
    pub fn open(&self, options: &CaptureOptions) -> Result<Box<dyn Capture>, CaptureError> {
        let name = self.input.path.to_string_lossy();
        let input = open(&self.input.path, self.input.member.as_ref(), &self.bounds)?;
        capture::open(input, &name, &self.probe, options)
    }
}

/// A dump.
#[derive(Debug)]
pub struct DumpSource {
    /// The file.
    pub input: Input,
    /// What it is.
    pub probe: dump::Probe,
}

/// Inputs found, and those passed over.
#[derive(Debug, Default)]
pub struct Plan {
    /// Captures to be read.
    pub sources: Vec<Source>,
    /// Dumps to be read.
    pub dumps: Vec<DumpSource>,
    /// Passed over.
    pub skipped: Vec<Skipped>,
}

impl Plan {
    /// Whether there is nothing to be read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.dumps.is_empty()
    }

    /// Says that there is nothing to be read, and why.
    #[must_use]
    pub fn nothing(&self) -> ConvertError {
        let listed: Vec<String> =
            self.skipped.iter().map(|s| format!("{} ({})", s.path, s.reason)).take(5).collect();
        ConvertError::NoInput(if listed.is_empty() {
            "there are no files in what was given".to_owned()
        } else {
            format!("nothing in what was given can be converted: {}", listed.join(", "))
        })
    }

    /// Whether what some inputs are known by has to be told before they are read: another input, or a source that a
    /// catalog knows, is as long.
    #[must_use]
    pub fn has_twins(&self, known: &BTreeSet<u64>) -> bool {
        let mut seen = HashSet::new();
        self.inputs().any(|input| known.contains(&input.bytes_file) || !seen.insert(input.bytes_file))
    }

    /// Waits for the hashes that put in order what begins at one time.
    ///
    /// # Errors
    /// See [`FileHash::get`].
    pub fn ordered(&self, progress: &Progress) -> Result<(), ConvertError> {
        let sources = self.sources.iter().map(|s| ((s.feed.name, s.probe.first_ts), &s.input));
        let dumps = self.dumps.iter().map(|d| ((d.probe.feed.as_str(), d.probe.first_ts), &d.input));
        let mut seen: BTreeMap<(&str, u64), &Input> = BTreeMap::new();
        for (begin, input) in sources.chain(dumps) {
            if let Some(other) = seen.insert(begin, input) {
                for input in [other, input] {
                    input.file_sha256(progress)?;
                }
            }
        }
        Ok(())
    }

    /// Waits for the hash of every file.
    ///
    /// # Errors
    /// See [`FileHash::get`].
    pub fn hashed(&self, progress: &Progress) -> Result<(), ConvertError> {
        self.inputs().try_for_each(|input| input.file_sha256(progress).map(drop))
    }

    /// Every file to be read.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.sources.iter().map(|s| &s.input).chain(self.dumps.iter().map(|d| &d.input))
    }
}

/// What the user says of all inputs.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Their feed.
    pub feed: Option<&'static FeedSpec>,
    /// Their dump format.
    pub format: Option<&'static DumpSpec>,
    /// The venue's symbol of their instrument, for dumps.
    pub symbol: Option<String>,
    /// How to read dumps.
    pub dump: DumpOptions,
    /// A file of what came through standard input, which is the input `-`.
    pub stdin: Option<PathBuf>,
}

struct Candidate {
    path: PathBuf,
    member: Option<Member>,
    shown: String,
    /// Named by the user, or found in a folder or an archive.
    named: bool,
}

impl Candidate {
    /// It, or the files of a zip archive that holds several.
    fn each(self) -> Vec<Self> {
        // What is wrong with an archive is told where it is looked at.
        let Ok(Some(members)) = dump::members(&self.path) else { return vec![self] };
        let of = |member: Member| Self {
            path: self.path.clone(),
            shown: format!("{}/{}", self.shown, member.name),
            member: Some(member),
            named: false,
        };
        members.into_iter().map(of).collect()
    }

    fn input(self) -> Input {
        let bytes = fs::metadata(&self.path).map(|m| m.len()).ok();
        // Of one that cannot be looked at, hashing tells what is wrong.
        let hash = FileHash::of(bytes.unwrap_or(u64::MAX));
        let bytes_file = match &self.member {
            Some(member) => member.compressed,
            None => bytes.unwrap_or(0),
        };
        let Self { path, member, shown, .. } = self;
        Input { path, member, shown, bytes_file, hash }
    }
}

const NO_FILE: &str = "no regular file";

/// What standard input is called.
const STDIN: &str = "-";

/// Files of `inputs`: folders are looked through, patterns expanded, in a fixed order.
fn candidates(
    inputs: &[String],
    stdin: Option<&Path>,
    output: Option<&Path>,
) -> Result<(Vec<Candidate>, Vec<Skipped>), ConvertError> {
    let mut found = (Vec::new(), Vec::new());
    for input in inputs {
        if let Some(path) = stdin.filter(|_| input == STDIN) {
            gather(path, STDIN.to_owned(), true, output, &mut found);
            continue;
        }
        let path = PathBuf::from(input);
        if path.exists() {
            gather(&path, input.clone(), true, output, &mut found);
            continue;
        }
        if input.contains(['*', '?', '[']) {
            let matched = expand(input);
            if matched.is_empty() {
                return Err(ConvertError::NoInput(format!("nothing matches {input}")));
            }
            for path in matched {
                let shown = path.to_string_lossy().into_owned();
                gather(&path, shown, true, output, &mut found);
            }
            continue;
        }
        let source = std::io::Error::from(std::io::ErrorKind::NotFound).into();
        return Err(ConvertError::Input { path: input.clone(), source });
    }
    Ok(found)
}

fn gather(
    path: &Path,
    shown: String,
    named: bool,
    output: Option<&Path>,
    found: &mut (Vec<Candidate>, Vec<Skipped>),
) {
    let (files, skipped) = found;
    let same = |other: &Path| fs::canonicalize(path).ok() == fs::canonicalize(other).ok();
    if path.file_name().is_some_and(|name| name == OURS) || output.is_some_and(|o| o.exists() && same(o)) {
        return;
    }
    if !path.is_dir() {
        files.push(Candidate { path: path.to_owned(), member: None, shown, named });
        return;
    }
    // A catalog is an output, whoever wrote it.
    if path.join(OURS).is_dir() {
        return;
    }
    let mut entries: Vec<_> = match fs::read_dir(path) {
        Ok(entries) => entries.flatten().collect(),
        Err(error) => {
            skipped.push(Skipped { path: shown, reason: format!("cannot be listed: {error}") });
            return;
        }
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let shown = entry.path().to_string_lossy().into_owned();
        // Links inside a folder are not followed: they may lead anywhere. Opening a pipe may wait for ever.
        let reason = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => Some("a link; name it to have it followed"),
            Ok(kind) if !kind.is_dir() && !kind.is_file() => Some(NO_FILE),
            _ => None,
        };
        if let Some(reason) = reason {
            found.1.push(Skipped { path: shown, reason: reason.to_owned() });
            continue;
        }
        gather(&entry.path(), shown, false, output, found);
    }
}

/// Paths that match a pattern of `*`, `?`, `[…]` and `**` (a folder and all below it), in order.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::from(".") }];
    for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let mut next = Vec::new();
        for base in &found {
            if part == "**" {
                folders_below(base, &mut next);
                continue;
            }
            if !part.contains(['*', '?', '[']) {
                if base.join(part).exists() {
                    next.push(base.join(part));
                }
                continue;
            }
            for entry in fs::read_dir(base).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                if (!name.starts_with('.') || part.starts_with('.'))
                    && matches(part.as_bytes(), name.as_bytes())
                {
                    next.push(base.join(name));
                }
            }
        }
        next.sort();
        next.dedup();
        found = next;
    }
    found
}

/// A folder and all below it, but hidden ones and links.
fn folders_below(folder: &Path, found: &mut Vec<PathBuf>) {
    found.push(folder.to_owned());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders_below(&entry.path(), found);
        }
    }
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.first() {
        None => name.is_empty(),
        Some(b'*') => (0..=name.len()).any(|skip| matches(&pattern[1..], &name[skip..])),
        Some(b'?') => !name.is_empty() && matches(&pattern[1..], &name[1..]),
        Some(b'[') => {
            let (Some(end), Some(first)) = (pattern.iter().position(|b| *b == b']'), name.first()) else {
                return false;
            };
            let set = &pattern[1..end];
            let (set, negated) = match set.first() {
                Some(b'!' | b'^') => (&set[1..], true),
                _ => (set, false),
            };
            let ranges = set.windows(3).any(|w| w[1] == b'-' && (w[0]..=w[2]).contains(first));
            (set.contains(first) || ranges) != negated && matches(&pattern[end + 1..], &name[1..])
        }
        Some(byte) => name.first() == Some(byte) && matches(&pattern[1..], &name[1..]),
    }
}

/// Names of all feeds, for messages.
#[must_use]
pub fn feed_names() -> String {
    names(&venue::REGISTRY)
}

fn names(feeds: &[&FeedSpec]) -> String {
    feeds.iter().map(|feed| feed.name).collect::<Vec<_>>().join(", ")
}

/// The feeds that a capture may be of, by what it says itself.
fn feeds_of(probe: &Probe) -> Vec<&'static FeedSpec> {
    venue::candidates(probe.urls.iter().map(String::as_str), probe.head.iter().map(Vec::as_slice))
}

/// Opens a capture for reading: of an archive what is in it, inflated, within the bounds that `options` set.
///
/// # Errors
/// What opening it gives.
pub fn open(
    path: &Path,
    member: Option<&Member>,
    options: &DumpOptions,
) -> Result<Box<dyn Read + Send>, CaptureError> {
    match dump::open_archive(path, member, options) {
        Ok(Some(archive)) => Ok(archive.files),
        Ok(None) => Ok(Box::new(File::open(path)?)),
        Err(DumpError::Input(error)) => Err(error),
        Err(error) => Err(std::io::Error::other(error.to_string()).into()),
    }
}

/// Keys of a frame's own time, as venues call it.
const TIMES: [&[u8]; 3] = [b"\"ts\":", b"\"E\":", b"\"cts\":"];

/// The first time that a frame says, ns UTC, where a capture has no receive times; 0 where none does. It puts files in
/// order and is no time of a row.
fn first_event(head: &[Vec<u8>]) -> u64 {
    let said = |frame: &Vec<u8>| {
        TIMES.iter().find_map(|key| {
            let at = memchr::memmem::find(frame, key)? + key.len();
            let at = at + usize::from(frame.get(at) == Some(&b'"'));
            let digits = frame[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            crate::time::from_digits(&frame[at..at + digits])
        })
    };
    head.iter().find_map(said).unwrap_or_default()
}

/// What a capture is, in a zip archive or not; `None` where it is none.
fn capture_in(
    path: &Path,
    member: Option<&Member>,
    name: &str,
    options: &DumpOptions,
) -> Result<Option<Probe>, DumpError> {
    let (input, packed): (Box<dyn Read + Send>, _) = match dump::open_archive(path, member, options)? {
        Some(Archive { files, packed }) => (files, Some(packed)),
        None => (Box::new(File::open(path)?), None),
    };
    let Some(mut probe) = capture::probe(input, name)? else { return Ok(None) };
    if let Some(packed) = packed {
        if probe.compression != Compression::None {
            return Err(DumpError::Nested { member: name.to_owned() });
        }
        probe.compression = packed;
    }
    if probe.first_ts == 0 {
        probe.first_ts = first_event(&probe.head);
    }
    Ok(Some(probe))
}

/// What a file was found to be.
enum Content {
    Capture(Probe),
    Dump(Box<dump::Probe>),
    /// Passed over, and why.
    Skipped(String),
    Unknown,
}

fn look(candidate: &Candidate, wanted: &Wanted) -> Result<Content, DumpError> {
    let Candidate { path, member, shown: name, .. } = candidate;
    let member = member.as_ref();
    if name.contains(".truth.") {
        return Ok(Content::Skipped("the truth beside a simulated capture".to_owned()));
    }
    if name.ends_with(".CHECKSUM") {
        return Ok(Content::Skipped("a checksum: it is compared with the file beside it".to_owned()));
    }
    if wanted.format.is_none()
        && let Some(probe) = capture_in(path, member, name, &wanted.dump)?
    {
        return Ok(Content::Capture(probe));
    }
    let options = dump::ProbeOptions {
        format: wanted.format,
        feed: wanted.feed,
        symbol: wanted.symbol.clone(),
        dump: wanted.dump.clone(),
    };
    match dump::probe(path, member, &options)? {
        Some(probe) if probe.spec.types.is_empty() => {
            Ok(Content::Skipped(format!("{}: NautilusTrader has no type for it", probe.spec.title)))
        }
        Some(probe) => Ok(Content::Dump(Box::new(probe))),
        None => Ok(Content::Unknown),
    }
}

/// Captures that say nothing of their feed, and whether the user named them.
type Unclear = Vec<(Input, bool, Probe)>;

/// Looks at every input.
///
/// # Errors
/// A named input that cannot be read, is empty, unknown or of no clear feed.
pub fn plan(inputs: &[String], wanted: &Wanted, output: Option<&Path>) -> Result<Plan, ConvertError> {
    let mut plan = Plan::default();
    let mut unclear = Vec::new();
    let (found, skipped) = candidates(inputs, wanted.stdin.as_deref(), output)?;
    plan.skipped = skipped;
    for candidate in found {
        take_each(candidate, wanted, &mut plan, &mut unclear)?;
    }
    place(unclear, wanted, &mut plan)?;
    Ok(plan)
}

/// Looks at one file; at each in a zip archive that holds several.
///
/// # Errors
/// See [`plan`].
pub fn plan_file(path: &str, wanted: &Wanted) -> Result<Plan, ConvertError> {
    let mut plan = Plan::default();
    let mut unclear = Vec::new();
    let file = Candidate { path: PathBuf::from(path), member: None, shown: path.to_owned(), named: true };
    take_each(file, wanted, &mut plan, &mut unclear)?;
    place(unclear, wanted, &mut plan)?;
    Ok(plan)
}

/// Puts a file where it belongs, or each in a zip archive that holds several.
fn take_each(
    candidate: Candidate,
    wanted: &Wanted,
    plan: &mut Plan,
    unclear: &mut Unclear,
) -> Result<(), ConvertError> {
    if fs::metadata(&candidate.path).is_ok_and(|m| !m.is_file()) {
        let reason = format!(
            "{NO_FILE}: it would have to be read more than once; give `-` for what comes through a pipe"
        );
        let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, reason).into();
        return Err(ConvertError::Input { path: candidate.shown, source });
    }
    candidate.each().into_iter().try_for_each(|candidate| take(candidate, wanted, plan, unclear))
}

/// Puts a candidate where it belongs.
fn take(
    candidate: Candidate,
    wanted: &Wanted,
    plan: &mut Plan,
    unclear: &mut Unclear,
) -> Result<(), ConvertError> {
    let content = look(&candidate, wanted);
    let (named, is_member) = (candidate.named, candidate.member.is_some());
    let mut skip = |path: String, reason: String| plan.skipped.push(Skipped { path, reason });
    match content {
        Ok(Content::Capture(probe)) => {
            let says = probe.feed.as_deref().and_then(venue::feed);
            let found = wanted.feed.or(says).or_else(|| match feeds_of(&probe)[..] {
                [feed] => Some(feed),
                _ => None,
            });
            let input = candidate.input();
            match found {
                Some(feed) => {
                    plan.sources.push(Source { input, probe, feed, bounds: wanted.dump.clone() });
                }
                None => unclear.push((input, named, probe)),
            }
        }
        Ok(Content::Dump(probe)) => {
            plan.dumps.push(DumpSource { input: candidate.input(), probe: *probe });
        }
        Ok(Content::Skipped(reason)) => skip(candidate.shown, reason),
        Ok(Content::Unknown) if named => {
            let known = capture::containers().collect::<Vec<_>>().join(", ");
            return Err(ConvertError::UnknownContainer { path: candidate.shown, known });
        }
        Ok(Content::Unknown) => skip(candidate.shown, "no capture and no dump that is known".to_owned()),
        Err(DumpError::Input(CaptureError::Empty)) if !named => skip(candidate.shown, "empty".to_owned()),
        Err(DumpError::Input(source @ (CaptureError::Compression { .. } | CaptureError::Normalized)))
            if !named =>
        {
            skip(candidate.shown, source.to_string());
        }
        Err(source @ DumpError::Members { .. }) if !named => skip(candidate.shown, source.to_string()),
        // A publisher's archive of all it has is not given up for one of its files, which nobody can give another name.
        Err(source @ DumpError::Symbol) if is_member => skip(candidate.shown, source.to_string()),
        Err(error) => return Err(ConvertError::of_dump(candidate.shown, error)),
    }
    Ok(())
}

/// What says nothing of its own belongs to the recording beside it.
fn place(unclear: Unclear, wanted: &Wanted, plan: &mut Plan) -> Result<(), ConvertError> {
    let mut by_folder: BTreeMap<PathBuf, Vec<&'static str>> = BTreeMap::new();
    for source in &plan.sources {
        let feeds = by_folder.entry(source.input.folder().to_owned()).or_default();
        if !feeds.contains(&source.feed.name) {
            feeds.push(source.feed.name);
        }
    }
    for (input, named, probe) in unclear {
        let beside = by_folder.get(input.folder()).filter(|feeds| feeds.len() == 1);
        match beside.and_then(|feeds| venue::feed(feeds[0])) {
            Some(feed) => plan.sources.push(Source { input, probe, feed, bounds: wanted.dump.clone() }),
            None if named => {
                let known = match &feeds_of(&probe)[..] {
                    [] => feed_names(),
                    some => names(some),
                };
                return Err(ConvertError::UnknownFeed { path: input.shown, known });
            }
            None => {
                let reason = match &feeds_of(&probe)[..] {
                    [] => "of no feed that can be told".to_owned(),
                    some => format!("its feed cannot be told, it may be {}", names(some)),
                };
                plan.skipped.push(Skipped { path: input.shown, reason });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("*", "x", true),
            ("BINANCE*", "BINANCE_DELIVERY.0.gz", true),
            ("*.gz", "a.zst", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("a*b*c", "aXbYc", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }
}
