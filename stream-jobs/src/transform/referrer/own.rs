//! Hosts that are our own: a visit from one of them came from nowhere else.

use std::collections::HashSet;

use ::url::Host;

/// Domains of our own beside the page's: a shop's payment pages, a second brand.
#[derive(Clone, Debug, Default)]
pub struct OwnDomains {
    configured: HashSet<String>,
}

impl OwnDomains {
    /// `domains` are hosts; the hosts below them belong to them.
    pub fn new(domains: &[String]) -> Self {
        Self { configured: domains.iter().map(|domain| as_browsers_write(domain.trim_matches('.'))).collect() }
    }

    /// Whether `host` (lower case) is the page's own: the same host, one of the same registrable domain (`psl`: the part
    /// that one registrant holds, `shop.co.uk` but not `co.uk`), or one below a configured domain.
    pub fn contains(&self, host: &str, page_host: Option<&str>) -> bool {
        let page_host = page_host.map(|page| page.trim_end_matches('.'));
        page_host == Some(host)
            || registrable(host).is_some_and(|domain| page_host.and_then(registrable) == Some(domain))
            || (!self.configured.is_empty() && levels(host).any(|level| self.configured.contains(level)))
    }
}

/// Lower case, other alphabets in Punycode.
fn as_browsers_write(domain: &str) -> String {
    Host::parse(domain).map_or_else(|_| domain.to_lowercase(), |host| host.to_string())
}

fn registrable(host: &str) -> Option<&str> {
    let last = host.rsplit('.').next().unwrap_or_default();
    // psl takes the last two numbers of an address for a domain.
    let is_address = host.ends_with(']') || last.bytes().all(|byte| byte.is_ascii_digit());
    if is_address { None } else { psl::domain_str(host) }
}

/// Most labels of a host that are looked at.
const LABELS_MAX: usize = 16;

/// A host, and the hosts that it lies below, from the longest to the last label.
pub(super) fn levels(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |level| level.split_once('.').map(|(_, rest)| rest)).take(LABELS_MAX)
}
