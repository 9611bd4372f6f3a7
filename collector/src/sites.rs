//! Who may send: write keys, the sites they name, and the origins of each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use warp::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};

use crate::config;
use crate::http::answer::Refusal;

/// A site that may send events.
#[derive(Debug)]
pub(crate) struct Site {
    pub site_id: String,
    /// Place in the configuration: the index of the site's rate limit.
    pub index: usize,
    allowed_origins: Vec<String>,
}

impl Site {
    /// Whether pages of `origin` may send with this site's key.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == origin)
    }
}

/// All sites by their keys.
#[derive(Debug)]
pub(crate) struct Sites {
    by_key: HashMap<String, Arc<Site>>,
    origins: HashSet<String>,
}

/// The write key of a request.
#[derive(Debug)]
pub(crate) enum Key {
    Of(Arc<Site>),
    /// One of no site.
    Unknown,
    Missing,
}

impl Sites {
    pub(crate) fn new(sites: &[config::Site]) -> Self {
        let by_key = sites
            .iter()
            .enumerate()
            .map(|(index, site)| {
                let allowed_origins = site.allowed_origins.clone();
                (site.write_key.clone(), Arc::new(Site { site_id: site.site_id.clone(), index, allowed_origins }))
            })
            .collect();
        let origins = sites.iter().flat_map(|site| site.allowed_origins.iter().cloned()).collect();
        Self { by_key, origins }
    }

    /// The key in `Authorization: Bearer KEY`, or in `?key=KEY` (beacons have no headers).
    pub(crate) fn key(&self, headers: &HeaderMap, query: &str) -> Key {
        match headers.get(AUTHORIZATION) {
            Some(value) => self.of(value.to_str().ok().and_then(bearer).unwrap_or_default()),
            None => url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == "key")
                .map_or(Key::Missing, |(_, key)| self.of(&key)),
        }
    }

    fn of(&self, key: &str) -> Key {
        self.by_key.get(key).map_or(Key::Unknown, |site| Key::Of(Arc::clone(site)))
    }

    /// Whether pages of `origin` may send with any key: a preflight request seldom carries its key.
    pub(crate) fn any_allows(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }
}

impl Key {
    pub(crate) fn site(&self) -> Result<&Arc<Site>, Refusal> {
        match self {
            Key::Of(site) => Ok(site),
            Key::Unknown | Key::Missing => Err(Refusal::UnknownKey),
        }
    }
}

/// The token of an `Authorization` header.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Refuses pages that the site does not allow. Requests without an `Origin` come from servers or from pages of the
/// collector's own host.
pub(crate) fn check_origin(site: &Site, headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(ORIGIN) {
        None => Ok(()),
        Some(value) if value.to_str().is_ok_and(|origin| site.allows(origin)) => Ok(()),
        Some(value) => {
            Err(Refusal::OriginNotAllowed { origin: String::from_utf8_lossy(value.as_bytes()).into_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites() -> Sites {
        Sites::new(&[config::Site {
            site_id: "shop".into(),
            write_key: "k+1".into(),
            allowed_origins: vec!["https://shop.example".into()],
        }])
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_key_is_found_in_the_header_or_the_query_and_the_header_wins() {
        let sites = sites();
        let known = |pairs: &[_], query| sites.key(&headers(pairs), query).site().is_ok();
        assert!(known(&[("authorization", "Bearer k+1")], ""));
        assert!(known(&[("authorization", "bearer  k+1")], ""));
        assert!(known(&[], "a=b&key=k%2B1"));
        assert!(!known(&[("authorization", "Basic k+1")], "key=k%2B1"));
        for query in ["", "key=", "key=k", "key=K%2B1", "Key=k%2B1"] {
            assert!(!known(&[], query), "{query}");
        }
        assert!(matches!(sites.key(&headers(&[]), "key=k"), Key::Unknown));
        assert!(matches!(sites.key(&headers(&[]), "k=v"), Key::Missing));
    }

    #[test]
    fn origins_are_compared_exactly() {
        let sites = sites();
        let key = sites.key(&headers(&[]), "key=k%2B1");
        let site = key.site().expect("the key");
        assert!(check_origin(site, &headers(&[])).is_ok());
        assert!(check_origin(site, &headers(&[("origin", "https://shop.example")])).is_ok());
        for origin in [
            "http://shop.example",
            "https://shop.example.evil",
            "https://evil.example",
            "null",
            "https://shop.example:8443",
        ] {
            assert!(check_origin(site, &headers(&[("origin", origin)])).is_err(), "{origin}");
            assert!(!sites.any_allows(origin), "{origin}");
        }
    }
}
