//! Quoted fields of separated text (RFC 4180): two quotes in one stand for a quote.

use memchr::memchr;

/// Appends to `out` what the field says whose opening quote is before `at`; answers where its closing quote is over, `None`
/// where it has none.
pub(crate) fn unquote(text: &[u8], mut at: usize, out: &mut Vec<u8>) -> Option<usize> {
    loop {
        let quote = at + memchr(b'"', &text[at..])?;
        out.extend_from_slice(&text[at..quote]);
        at = quote + 1;
        if text.get(at) != Some(&b'"') {
            return Some(at);
        }
        out.push(b'"');
        at += 1;
    }
}
