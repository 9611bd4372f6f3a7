//! Known senders, from the lists that `infra/lists/make/referrers.mjs` puts together and the build embeds.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Referrer;
use super::own::levels;

const LIST: &str = include_str!(concat!(env!("OUT_DIR"), "/referrers.json"));

/// What a host stands for.
#[derive(Debug, Default)]
struct Host {
    /// Any page of it.
    any: Option<Referrer>,
    /// `any` is not meant for the hosts below it: `google.com` is a search engine, `docs.google.com` is not.
    alone: bool,
    /// Pages below a path, the longest path first.
    paths: Vec<(&'static str, Referrer)>,
}

type Senders = HashMap<&'static str, Host>;

static SENDERS: LazyLock<Senders> = LazyLock::new(|| {
    let rows: Vec<(&'static str, String, &'static str, bool)> =
        serde_json::from_str(LIST).expect("a test reads the list that is built in");
    let mut senders = Senders::new();
    for (place, medium, source, alone) in rows {
        let medium =
            MEDIUMS.into_iter().find(|known| *known == medium).expect("a test reads the list that is built in");
        let referrer = Referrer { medium, source: Some(source) };
        let (host, path) = place.find('/').map_or((place, ""), |slash| place.split_at(slash));
        let entry = senders.entry(host).or_default();
        if path.is_empty() {
            (entry.any, entry.alone) = (Some(referrer), alone);
        } else {
            entry.paths.push((path, referrer));
            entry.paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        }
    }
    senders
});

/// Mediums that a sender can have.
const MEDIUMS: [&str; 6] = ["search", "social", "email", "paid", "ai_assistant", "referral"];

/// The sender of a page, by the longest host that the lists hold, and by a path of it before all of it. `host` is lower
/// case.
pub(super) fn sender(host: &str, path: &str) -> Option<Referrer> {
    let host = host.strip_prefix("www.").unwrap_or(host);
    for level in levels(host) {
        let Some(entry) = SENDERS.get(level) else { continue };
        if let Some((_, referrer)) = entry.paths.iter().find(|(prefix, _)| is_below(path, prefix)) {
            return Some(*referrer);
        }
        if let Some(referrer) = entry.any {
            let known_by_name_only = entry.alone && level.len() < host.len();
            return Some(if known_by_name_only { Referrer { medium: "referral", ..referrer } } else { referrer });
        }
    }
    None
}

/// Whether `path` is the page `prefix` or one below it.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
