//! What the tests of usual forms have in common: a frame and the same frame written otherwise say the same.

use crate::feed::{Feed, FeedOptions, Frame};
use crate::frame::FrameKind;
use crate::venue;

/// Receive time of every frame, ns.
const TS: u64 = 1_700_000_000_000_000_000;

/// What a frame behind `first` was, and what is known afterwards.
fn said(feed: &str, opened: &str, first: &[&str], body: &str) -> String {
    let mut feed = Feed::new(venue::feed(feed).expect("a feed"), FeedOptions::default());
    feed.push(&Frame { kind: FrameKind::Opened, context: opened, ..Frame::received(b"", 1) });
    for first in first {
        feed.push(&Frame::received(first.as_bytes(), TS));
    }
    let end = feed.push(&Frame::received(body.as_bytes(), TS));
    if serde_json::from_str::<serde_json::Value>(body).is_err() {
        // What is met first, a key that is wrong or the syntax, differs.
        return format!("{end:?}");
    }
    let unknown: std::collections::BTreeMap<String, u64> =
        feed.unknown_keys().iter().map(|(key, n)| (key.to_owned(), n)).collect();
    let market = feed.market_mut();
    // A reject of a frame names no symbol, one of an item does.
    let rejects: Vec<_> = market.take_rejects().into_iter().map(|reject| reject.code).collect();
    let items = market.accounts().first().map(|account| account.items);
    // Where a reject ended the reading, keys behind it may have been met or not.
    let unknown = if rejects.is_empty() { unknown } else { Default::default() };
    let mut rows = String::new();
    market.drain(|_, stream| rows = format!("{rows}{:?} {:?};", stream.key, stream.columns));
    format!("{end:?} {items:?} {rejects:?} {unknown:?} {rows}")
}

/// Holds a frame of the usual form to the same with a space in front of each key, which is read as any form is, whole and cut
/// short, behind the frames `first` of a connection that was opened so.
pub(super) fn hold(feed: &str, opened: &str, first: &[&str], body: &str) {
    for cut in [0, 1, body.len() / 2] {
        let body = &body[..body.len() - cut];
        let spaced = body.replace("{\"", "{ \"").replace(",\"", ", \"");
        assert_eq!(said(feed, opened, first, body), said(feed, opened, first, &spaced), "{feed} {body}");
    }
}

/// The same of a whole book and of a change of it, each edited in turn, the book in front of them or not.
pub(super) fn hold_edited(feed: &str, opened: &str, [whole, change]: [&str; 2], edits: &[(&str, &str)]) {
    for (from, to) in edits {
        for first in [&[whole][..], &[]] {
            hold(feed, opened, first, &change.replacen(from, to, 1));
            hold(feed, opened, first, &whole.replacen(from, to, 1));
        }
    }
}
