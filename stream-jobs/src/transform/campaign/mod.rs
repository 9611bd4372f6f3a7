//! The campaign that brought a visit: the campaign keys of the page's address, as `schemas::campaign` lists them.

use schemas::campaign::{Place, UTM_COLUMNS, columns, is_paid, place};
use url::form_urlencoded;

use super::scrub::mask_into;

/// Longest value in bytes: several times what the networks' click ids have.
const VALUE_BYTES_MAX: usize = 1_000;

/// The values of an address, each with the rank of the key that it was written under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// One for each of [`columns`]; none at all when the address names no campaign.
    values: Vec<Option<(usize, String)>>,
}

impl Campaign {
    /// Reads the query, then the hash: `#utm_source=…` and `#/route?utm_source=…`. A column takes its own key before other
    /// spellings, and of several the first that is not empty.
    pub fn parse(url: &str) -> Self {
        let (before, hash) = url.split_once('#').unwrap_or((url, ""));
        let query = before.split_once('?').map_or("", |(_, query)| query);
        let hash = hash.split_once('?').map_or(hash, |(_, query)| query);
        let mut campaign = Self::default();
        for (key, value) in [query, hash].into_iter().flat_map(|part| form_urlencoded::parse(part.as_bytes())) {
            let Some(Place { column, rank }) = place(&key) else { continue };
            let Some(value) = kept(&value, column) else { continue };
            campaign.values.resize(columns().len(), None);
            let found = &mut campaign.values[column];
            if found.as_ref().is_none_or(|(found, _)| rank < *found) {
                *found = Some((rank, value));
            }
        }
        campaign
    }

    /// The value of a column, by its index in [`columns`].
    pub fn get(&self, column: usize) -> Option<&str> {
        self.values.get(column)?.as_ref().map(|(_, value)| value.as_str())
    }

    /// Host or name that the marketer gave as the source.
    pub fn source(&self) -> Option<&str> {
        self.get(0)
    }

    /// What the campaign says of its medium, by the rules of GA4's default channel groups: a paid click carries a click id
    /// that only advertisements have, or a `utm_medium` that says so.
    pub fn medium(&self) -> Option<&'static str> {
        if (UTM_COLUMNS..self.values.len()).any(|column| is_paid(column) && self.values[column].is_some()) {
            return Some("paid");
        }
        let word = |column: usize| self.get(column).map(|value| value.trim().to_lowercase().replace([' ', '_'], "-"));
        let (source, medium) = (word(0), word(1));
        let is_email = |word: &Option<String>| matches!(word.as_deref(), Some("email" | "e-mail"));
        match medium.as_deref() {
            Some("display" | "banner" | "expandable" | "interstitial" | "retargeting") => Some("paid"),
            Some(medium) if medium.contains("cp") || medium.contains("ppc") || medium.starts_with("paid") => {
                Some("paid")
            }
            Some("social" | "social-network" | "social-media" | "sm") => Some("social"),
            Some("organic") => Some("search"),
            Some("referral" | "app" | "link") => Some("referral"),
            _ if is_email(&medium) || is_email(&source) => Some("email"),
            _ => None,
        }
    }
}

/// A value without e-mail addresses and tokens. What a marketer wrote is cut to its limit; a click id that is longer than
/// any network's is none, and one that is a word of base64 stays as it is, whatever stands in the middle of it.
fn kept(value: &str, column: usize) -> Option<String> {
    if value.trim().is_empty() || (column >= UTM_COLUMNS && value.len() > VALUE_BYTES_MAX) {
        return None;
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    if column >= UTM_COLUMNS && value.bytes().all(is_word) && !value.starts_with("eyJ") {
        return Some(value.to_owned());
    }
    let mut masked = String::with_capacity(value.len());
    mask_into(value, &mut masked);
    masked.truncate(masked.floor_char_boundary(VALUE_BYTES_MAX));
    Some(masked)
}

#[cfg(test)]
mod tests;
