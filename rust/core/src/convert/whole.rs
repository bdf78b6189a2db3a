//! One file as one recording, for whoever decodes it in memory: the captures in it, merged by receive time as a conversion
//! merges them.

use super::hashes::Hashing;
use super::merge::Merge;
use super::plan::{self, Source, Wanted};
use super::{ConvertError, Progress, Skipped, report};
use crate::capture::CaptureOptions;
use crate::feed::Frame;
use crate::venue::FeedSpec;

/// A file that was looked at.
pub(crate) struct Whole {
    sources: Vec<Source>,
    /// Files in an archive that are passed over, and why.
    pub skipped: Vec<Skipped>,
}

/// What is to be decoded.
pub(crate) enum Piece<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// Bytes of a source that belong to no frame.
    Overhead(u32, u64),
}

impl Whole {
    /// Looks at a file; `feed` is its feed, instead of recognising it.
    ///
    /// # Errors
    /// A file that cannot be read, is or holds a dump, is no capture, or of no clear feed.
    pub fn plan(
        path: &str,
        feed: Option<&'static FeedSpec>,
        progress: &Progress,
    ) -> Result<Self, ConvertError> {
        let mut plan = plan::plan_file(path, &Wanted { feed, ..Wanted::default() })?;
        if let Some(dump) = plan.dumps.first() {
            let (path, format) = (dump.input.shown.clone(), dump.probe.spec.name);
            return Err(ConvertError::OnlyCaptures { path, format });
        }
        let Some(first) = plan.sources.first() else { return Err(plan.nothing()) };
        if plan.sources.iter().any(|source| source.feed.name != first.feed.name) {
            let of = |s: &Source| {
                let name = s.input.member.as_ref().map_or(&s.input.shown, |member| &member.name);
                format!("{name} {}", s.feed.name)
            };
            let held: Vec<String> = plan.sources.iter().map(of).take(10).collect();
            return Err(ConvertError::SeveralFeeds { path: path.to_owned(), held: held.join(", ") });
        }
        // It only tells which of several comes first.
        if plan.sources.len() > 1 {
            Hashing::of(&mut plan).all(1, progress);
            plan.hashed(progress)?;
        }
        Ok(Self { sources: plan.sources, skipped: plan.skipped })
    }

    /// Its feed.
    pub fn feed(&self) -> &'static FeedSpec {
        self.sources[0].feed
    }

    /// Reads all of it; answers what its sources are called, by their numbers.
    ///
    /// # Errors
    /// A source that cannot be read; [`ConvertError::Cancelled`].
    pub fn read(
        &self,
        progress: &Progress,
        mut take: impl FnMut(Piece<'_>),
    ) -> Result<Vec<String>, ConvertError> {
        let sources = report::recordings(&self.sources).remove(0);
        let mut merge = Merge::new(&sources, CaptureOptions::default());
        let named = |number: u32| sources[number as usize].1.input.shown.clone();
        let mut more = true;
        while more {
            more = merge
                .run(|source, block, meta| {
                    take(Piece::Frame(Frame::of(block, meta, source)));
                    true
                })
                .map_err(|(source, error)| ConvertError::Input { path: named(source), source: error })?;
            merge.overhead.drain(..).for_each(|(source, bytes)| take(Piece::Overhead(source, bytes)));
            if progress.is_cancelled() {
                return Err(ConvertError::Cancelled);
            }
        }
        Ok(sources.iter().map(|(number, _)| named(*number)).collect())
    }
}
