//! Where a visit came from: the medium and the source that a referrer's host stands for.
//!
//! The Rust crate for Snowplow's list has not been kept since 2021, so the hosts that send nearly all classified visits
//! stand here; any other host is a medium of its own, `referral`.

/// What a referrer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// `internal`, `search`, `social`, `email` or `referral`.
    pub medium: &'static str,
    /// Name of the known sender; `None` for `internal` and `referral`.
    pub source: Option<&'static str>,
}

/// Registrable names whose every top-level domain and subdomain is the same sender (`google.co.uk`, `news.google.com`).
const BY_NAME: &[(&str, &str, &str)] = &[
    ("google", "search", "Google"),
    ("bing", "search", "Bing"),
    ("yahoo", "search", "Yahoo!"),
    ("yandex", "search", "Yandex"),
    ("baidu", "search", "Baidu"),
    ("duckduckgo", "search", "DuckDuckGo"),
    ("ecosia", "search", "Ecosia"),
    ("qwant", "search", "Qwant"),
    ("startpage", "search", "Startpage"),
    ("naver", "search", "Naver"),
    ("seznam", "search", "Seznam"),
    ("sogou", "search", "Sogou"),
    ("facebook", "social", "Facebook"),
    ("instagram", "social", "Instagram"),
    ("linkedin", "social", "LinkedIn"),
    ("pinterest", "social", "Pinterest"),
    ("reddit", "social", "Reddit"),
    ("tiktok", "social", "TikTok"),
    ("tumblr", "social", "Tumblr"),
    ("twitter", "social", "X"),
    ("vk", "social", "VK"),
    ("weibo", "social", "Weibo"),
    ("whatsapp", "social", "WhatsApp"),
    ("youtube", "social", "YouTube"),
];

/// Hosts that the names above do not cover, or that mean something else there.
const BY_HOST: &[(&str, &str, &str)] = &[
    ("search.brave.com", "search", "Brave"),
    ("mail.google.com", "email", "Gmail"),
    ("mail.yahoo.com", "email", "Yahoo! Mail"),
    ("mail.yandex.ru", "email", "Yandex.Mail"),
    ("outlook.live.com", "email", "Outlook"),
    ("outlook.office.com", "email", "Outlook"),
    ("mail.proton.me", "email", "Proton Mail"),
    ("x.com", "social", "X"),
    ("t.co", "social", "X"),
    ("lnkd.in", "social", "LinkedIn"),
    ("youtu.be", "social", "YouTube"),
    ("t.me", "social", "Telegram"),
    ("bsky.app", "social", "Bluesky"),
    ("mastodon.social", "social", "Mastodon"),
    ("threads.net", "social", "Threads"),
    ("news.ycombinator.com", "social", "Hacker News"),
];

/// Second-level names under which countries register (`co.uk`, `com.br`).
const SECOND_LEVEL: &[&str] = &["co", "com", "net", "org", "gov", "edu", "ac"];

/// Classifies a referrer's host (lower case) on a page of `page_host`.
pub fn classify(host: &str, page_host: Option<&str>) -> Referrer {
    let host = host.strip_prefix("www.").unwrap_or(host);
    if page_host.is_some_and(|page| page.strip_prefix("www.").unwrap_or(page) == host) {
        return Referrer { medium: "internal", source: None };
    }
    let by_host = BY_HOST.iter().find(|(known, _, _)| *known == host);
    let name = registered_name(host);
    let known = by_host.or_else(|| BY_NAME.iter().find(|(known, _, _)| Some(*known) == name));
    match known {
        Some((_, medium, source)) => Referrer { medium, source: Some(source) },
        None => Referrer { medium: "referral", source: None },
    }
}

/// `google` of `www.google.co.uk`.
fn registered_name(host: &str) -> Option<&str> {
    let mut labels = host.rsplit('.');
    labels.next()?;
    let second = labels.next()?;
    if SECOND_LEVEL.contains(&second) { labels.next().or(Some(second)) } else { Some(second) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_senders() {
        for (host, medium, source) in [
            ("www.google.co.uk", "search", Some("Google")),
            ("google.com", "search", Some("Google")),
            ("mail.google.com", "email", Some("Gmail")),
            ("l.facebook.com", "social", Some("Facebook")),
            ("t.co", "social", Some("X")),
            ("shop.example", "internal", None),
            ("www.shop.example", "internal", None),
            ("blog.example", "referral", None),
            ("notgoogle.example", "referral", None),
            ("localhost", "referral", None),
        ] {
            assert_eq!(classify(host, Some("shop.example")), Referrer { medium, source }, "{host}");
        }
    }
}
