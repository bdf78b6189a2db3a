//! The plan: which inputs there are, what each is, and which make a recording together.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::ConvertError;
use super::options::Skipped;
use crate::capture::{self, CaptureError, Probe};
use crate::store::OURS;
use crate::venue::{self, FeedSpec};

/// One input that will be read.
#[derive(Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// As the user named it.
    pub shown: String,
    /// What it is.
    pub probe: Probe,
    /// Its feed.
    pub feed: &'static FeedSpec,
    /// Bytes of the file.
    pub bytes_file: u64,
    /// SHA-256, hexadecimal; filled in later.
    pub sha256: String,
}

/// Inputs found, and those passed over.
#[derive(Debug, Default)]
pub struct Plan {
    /// To be read.
    pub sources: Vec<Source>,
    /// Passed over.
    pub skipped: Vec<Skipped>,
}

struct Candidate {
    path: PathBuf,
    shown: String,
    /// Named by the user, or found in a folder.
    named: bool,
}

const NO_FILE: &str = "no regular file";

/// Files of `inputs`: folders are looked through, patterns expanded, in a fixed order.
fn candidates(
    inputs: &[String],
    output: Option<&Path>,
) -> Result<(Vec<Candidate>, Vec<Skipped>), ConvertError> {
    let mut found = (Vec::new(), Vec::new());
    for input in inputs {
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
        files.push(Candidate { path: path.to_owned(), shown, named });
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

/// Paths that match a pattern of `*`, `?` and `[…]`, in order.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::from(".") }];
    for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let mut next = Vec::new();
        for base in &found {
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
        found = next;
    }
    found
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
    venue::REGISTRY.iter().map(|f| f.name).collect::<Vec<_>>().join(", ")
}

/// Opens a file for reading.
///
/// # Errors
/// What opening it gives.
pub fn open(path: &Path) -> Result<Box<dyn Read + Send>, CaptureError> {
    Ok(Box::new(File::open(path)?))
}

/// Looks at every input.
///
/// # Errors
/// A named input that cannot be read, is empty, unknown or of no clear feed.
pub fn plan(
    inputs: &[String],
    feed: Option<&'static FeedSpec>,
    output: Option<&Path>,
) -> Result<Plan, ConvertError> {
    let mut plan = Plan::default();
    let mut unclear = Vec::new();
    let (found, skipped) = candidates(inputs, output)?;
    plan.skipped = skipped;
    for candidate in found {
        let shown = candidate.shown;
        if fs::metadata(&candidate.path).is_ok_and(|m| !m.is_file()) {
            let reason = format!(
                "{NO_FILE}: it would have to be read more than once; give `-` for what comes through a pipe"
            );
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, reason).into();
            return Err(ConvertError::Input { path: shown, source });
        }
        if shown.contains(".truth.") {
            plan.skipped
                .push(Skipped { path: shown, reason: "the truth beside a simulated capture".to_owned() });
            continue;
        }
        let name = candidate.path.to_string_lossy().into_owned();
        let probed = open(&candidate.path).and_then(|input| capture::probe(input, &name));
        let probe = match probed {
            Ok(Some(probe)) => probe,
            Ok(None) if candidate.named => {
                let known = capture::containers().collect::<Vec<_>>().join(", ");
                return Err(ConvertError::UnknownContainer { path: shown, known });
            }
            Ok(None) => {
                plan.skipped.push(Skipped { path: shown, reason: "no capture that is known".to_owned() });
                continue;
            }
            Err(CaptureError::Empty) if !candidate.named => {
                plan.skipped.push(Skipped { path: shown, reason: "empty".to_owned() });
                continue;
            }
            Err(source) => return Err(ConvertError::Input { path: shown, source }),
        };
        let bytes_file = fs::metadata(&candidate.path).map_or(0, |m| m.len());
        let named_feed = probe.feed.as_deref().and_then(venue::feed);
        let found = feed.or(named_feed).or_else(|| {
            venue::recognise(probe.urls.iter().map(String::as_str), probe.head.iter().map(Vec::as_slice))
        });
        match found {
            Some(feed) => {
                let (path, sha256) = (candidate.path, String::new());
                plan.sources.push(Source { path, shown, probe, feed, bytes_file, sha256 });
            }
            None => unclear.push((candidate.path, shown, candidate.named, probe, bytes_file)),
        }
    }
    // What says nothing of its own belongs to the recording beside it.
    let mut by_folder: BTreeMap<PathBuf, Vec<&'static str>> = BTreeMap::new();
    for source in &plan.sources {
        let feeds = by_folder.entry(source.path.parent().unwrap_or(Path::new("")).to_owned()).or_default();
        if !feeds.contains(&source.feed.name) {
            feeds.push(source.feed.name);
        }
    }
    for (path, shown, named, probe, bytes_file) in unclear {
        let beside = by_folder.get(path.parent().unwrap_or(Path::new(""))).filter(|feeds| feeds.len() == 1);
        match beside.and_then(|feeds| venue::feed(feeds[0])) {
            Some(feed) => {
                plan.sources.push(Source { path, shown, probe, feed, bytes_file, sha256: String::new() });
            }
            None if named => return Err(ConvertError::UnknownFeed { path: shown, known: feed_names() }),
            None => {
                plan.skipped.push(Skipped { path: shown, reason: "of no feed that can be told".to_owned() })
            }
        }
    }
    Ok(plan)
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
