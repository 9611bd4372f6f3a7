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
mod tests;
