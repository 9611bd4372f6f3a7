//! Where a visit came from: the medium and the source that the referrer and the campaign stand for.
//!
//! The order is that of GA4's default channel groups, with our own pages first: a page of our own that keeps a click id in
//! its address is still our own.

mod own;
mod senders;

use super::campaign::Campaign;
use super::scrub::host_and_path;

pub use own::OwnDomains;
use senders::sender;

/// What is said of where a visit came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// `internal`, `paid`, `search`, `social`, `email`, `ai_assistant`, `referral` or `direct`.
    pub medium: &'static str,
    /// Name of the sender, where a list has it.
    pub source: Option<&'static str>,
}

impl Referrer {
    const fn of(medium: &'static str) -> Self {
        Self { medium, source: None }
    }

    /// Classifies the referrer of a page; an empty one is no referrer. `None` for text that is no address with a host.
    ///
    /// 1. `internal`: the page's own host, its registrable domain, or a configured one.
    /// 2. `paid`: the campaign has an advertisement's click id or a medium that says so. The source is the sender's.
    /// 3. What the lists say of the sender; `accounts.google.com` and the like are `referral`s with a source.
    /// 4. What the campaign says of its medium: mail programs and apps send no referrer.
    /// 5. `referral`, or `direct` without referrer, unless the campaign's source is a host that the lists know
    ///    (assistants write `utm_source=chatgpt.com`).
    pub fn classify(referrer: &str, page_host: Option<&str>, campaign: &Campaign, own: &OwnDomains) -> Option<Self> {
        let (host, path) = host_and_path(referrer);
        let host = host.as_deref().map(|host| host.trim_end_matches('.')).filter(|host| !host.is_empty());
        if host.is_none() && !referrer.is_empty() {
            return None;
        }
        if host.is_some_and(|host| own.contains(host, page_host)) {
            return Some(Self::of("internal"));
        }
        let known = host.and_then(|host| sender(host, path.as_deref().unwrap_or_default()));
        let said = campaign.medium().map(Self::of);
        if said == Some(Self::of("paid")) {
            return Some(Self { medium: "paid", source: known.and_then(|known| known.source) });
        }
        let named =
            || campaign.source().filter(|_| host.is_none()).and_then(|source| sender(&source.to_lowercase(), ""));
        known.or(said).or_else(named).or(Some(Self::of(if host.is_some() { "referral" } else { "direct" })))
    }
}

#[cfg(test)]
mod tests;
