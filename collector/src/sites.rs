//! Who may send: write keys, the sites they name, and the origins of each.

use std::collections::HashMap;
use std::sync::Arc;

use warp::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};

use crate::answer::Refusal;
use crate::config;

/// A site that may send events.
#[derive(Debug)]
pub struct Site {
    pub site_id: String,
    /// Place in the configuration: the index of the site's rate limit.
    pub index: usize,
    allowed_origins: Vec<String>,
}

impl Site {
    fn allows(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == origin)
    }
}

/// All sites by their keys.
#[derive(Debug)]
pub struct Sites {
    by_key: HashMap<String, Arc<Site>>,
}

impl Sites {
    pub fn new(sites: &[config::Site]) -> Self {
        let by_key = sites
            .iter()
            .enumerate()
            .map(|(index, site)| {
                let allowed_origins = site.allowed_origins.clone();
                (site.write_key.clone(), Arc::new(Site { site_id: site.site_id.clone(), index, allowed_origins }))
            })
            .collect();
        Self { by_key }
    }

    /// The site of the key in `Authorization: Bearer KEY`, or in `?key=KEY` (beacons have no headers).
    pub fn authenticate(&self, headers: &HeaderMap, query: &str) -> Result<Arc<Site>, Refusal> {
        let site = match headers.get(AUTHORIZATION) {
            Some(value) => value.to_str().ok().and_then(bearer).and_then(|key| self.by_key.get(key)),
            None => url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == "key")
                .and_then(|(_, key)| self.by_key.get(&*key)),
        };
        site.cloned().ok_or(Refusal::UnknownKey)
    }

    /// Whether pages of `origin` may send with any key: a preflight request does not carry its key.
    pub fn any_allows(&self, origin: &str) -> bool {
        self.by_key.values().any(|site| site.allows(origin))
    }
}

/// The token of an `Authorization` header.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The page's origin, if the request comes from a page and the site allows it. Requests without an `Origin` come from
/// servers or from pages of the collector's own host.
pub fn check_origin(site: &Site, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(ORIGIN) else { return Ok(None) };
    match value.to_str() {
        Ok(origin) if site.allows(origin) => Ok(Some(origin.to_owned())),
        _ => Err(Refusal::OriginNotAllowed { origin: String::from_utf8_lossy(value.as_bytes()).into_owned() }),
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
        assert!(sites.authenticate(&headers(&[("authorization", "Bearer k+1")]), "").is_ok());
        assert!(sites.authenticate(&headers(&[("authorization", "bearer  k+1")]), "").is_ok());
        assert!(sites.authenticate(&headers(&[]), "a=b&key=k%2B1").is_ok());
        assert!(sites.authenticate(&headers(&[("authorization", "Basic k+1")]), "key=k%2B1").is_err());
        for query in ["", "key=", "key=k", "key=K%2B1", "Key=k%2B1"] {
            assert!(sites.authenticate(&headers(&[]), query).is_err(), "{query}");
        }
    }

    #[test]
    fn origins_are_compared_exactly() {
        let sites = sites();
        let site = sites.authenticate(&headers(&[]), "key=k%2B1").expect("the key");
        assert_eq!(check_origin(&site, &headers(&[])).expect("no page"), None);
        assert!(check_origin(&site, &headers(&[("origin", "https://shop.example")])).is_ok());
        for origin in [
            "http://shop.example",
            "https://shop.example.evil",
            "https://evil.example",
            "null",
            "https://shop.example:8443",
        ] {
            assert!(check_origin(&site, &headers(&[("origin", origin)])).is_err(), "{origin}");
        }
    }
}
