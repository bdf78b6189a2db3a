//! Parts of URLs.

use std::borrow::Cow;

/// A parameter of a URL's query, its escapes read.
pub(super) fn query<'a>(url: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| {
        pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| unescaped(value))
    })
}

/// A text with its escapes (`%2F`) read: HTTP clients write `+08:00` as `%2B08%3A00`, and no symbol that is not ASCII as it
/// is. A plus is one: no venue's values have spaces. As it is where the escapes are no UTF-8.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)),
            _ => None,
        };
        let byte = escaped.and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &rest[3..] } else { after };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The last part of a URL's path: `depth` of `https://…/api/v3/depth?symbol=…`.
pub(super) fn endpoint(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let asked = |url, name| query(url, name).map(Cow::into_owned);
        assert_eq!(asked("https://x/api/v3/depth?symbol=A&limit=5", "limit").as_deref(), Some("5"));
        assert_eq!(asked("https://x/api/v3/depth", "limit"), None);
        let url = "https://x/api/v3/klines?symbol=%e5%b8%81USDT&timeZone=%2B08%3A00";
        assert_eq!(asked(url, "symbol").as_deref(), Some("币USDT"));
        assert_eq!(asked(url, "timeZone").as_deref(), Some("+08:00"));
        assert_eq!(endpoint("https://x/api/v3/depth?symbol=A"), "depth");
    }

    #[test]
    fn escapes() {
        for (text, want) in [
            ("", ""),
            ("+08:00", "+08:00"),
            ("a%2Fb%40c", "a/b@c"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("100%25", "100%"),
            ("%ff", "%ff"),
            ("币%41", "币A"),
        ] {
            assert_eq!(unescaped(text), want, "{text}");
        }
    }
}
