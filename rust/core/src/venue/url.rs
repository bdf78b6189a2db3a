//! Parts of URLs.

/// A parameter of a URL's query.
pub(super) fn query<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
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
        assert_eq!(query("https://x/api/v3/depth?symbol=A&limit=5", "limit"), Some("5"));
        assert_eq!(query("https://x/api/v3/depth", "limit"), None);
        assert_eq!(endpoint("https://x/api/v3/depth?symbol=A"), "depth");
    }
}
