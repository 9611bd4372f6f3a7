//! Browser and system by uap-core's rules (`infra/lists`), with one name for each system.

use std::sync::LazyLock;

use serde::Deserialize;
use ua_parser::{os, user_agent};

/// Compiled on first use, which takes a moment.
pub(super) static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("OUT_DIR"), "/agent_rules.json"));
    let rules = serde_json::from_str::<List>(text).expect("the embedded rules are those that infra/lists makes");
    let browsers = user_agent::Builder::new().push_all(rules.user_agent_parsers);
    let systems = os::Builder::new().push_all(rules.os_parsers);
    Rules {
        browsers: browsers.ok().and_then(|rules| rules.build().ok()).expect("the rules of browsers compile"),
        systems: systems.ok().and_then(|rules| rules.build().ok()).expect("the rules of systems compile"),
    }
});

/// First iPad system that Apple calls iPadOS.
const IPADOS_MAJOR_MIN: u32 = 13;

#[derive(Deserialize)]
struct List {
    user_agent_parsers: Vec<user_agent::Parser<'static>>,
    os_parsers: Vec<os::Parser<'static>>,
}

pub(super) struct Rules {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
}

/// A browser or a system; a version never without a name.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub name: Option<String>,
    pub version: Option<String>,
}

impl Rules {
    pub(super) fn browser(&self, text: &str) -> Named {
        let Some(found) = self.browsers.extract(text) else { return Named::default() };
        let in_app = WEB_VIEWS.contains(&&*found.family).then(|| app(text)).flatten();
        if in_app.is_some() {
            return Named { name: in_app.map(str::to_owned), version: None };
        }
        let parts = [found.major, found.minor, found.patch, found.patch_minor];
        Named { name: known(&found.family), version: version(parts) }
    }

    pub(super) fn system(&self, text: &str) -> Named {
        let Some(found) = self.systems.extract(text) else { return Named::default() };
        let parts = [&found.major, &found.minor, &found.patch, &found.patch_minor].map(|part| part.as_deref());
        let major = parts[0].and_then(|part| part.parse().ok());
        let name = match &*found.os {
            "iOS" if text.contains("iPad") && major >= Some(IPADOS_MAJOR_MIN) => "iPadOS",
            name => system_name(name),
        };
        Named { name: known(name), version: version(parts) }
    }
}

/// What uap-core names a page inside an app whose name it does not know.
const WEB_VIEWS: [&str; 2] = ["Mobile Safari UI/WKWebView", "Chrome Mobile WebView"];

/// Apps that it does not know: what they say, and their name.
fn app(text: &str) -> Option<&'static str> {
    const APPS: [(&str, &str); 5] = [
        ("[LinkedInApp]", "LinkedIn"),
        (" Barcelona ", "Threads"),
        ("KAKAOTALK", "KakaoTalk"),
        (" Reddit/", "Reddit"),
        (" Viber/", "Viber"),
    ];
    APPS.iter().find(|(says, _)| text.contains(says)).map(|(_, name)| *name)
}

/// The one name of a system, by any of its names in rules and in client hints.
pub(super) fn system_name(name: &str) -> &str {
    match name {
        "Mac OS X" => "macOS",
        "ATV OS X" => "tvOS",
        "WatchOS" => "watchOS",
        "Chrome OS" | "Chromium OS" => "ChromeOS",
        "Web0S" => "webOS",
        "Symbian^3" | "Symbian^3 Anna" | "Symbian^3 Belle" => "Symbian OS",
        name => name,
    }
}

fn known(name: &str) -> Option<String> {
    (!name.is_empty() && name != "Other").then(|| name.to_owned())
}

/// `None` if there is not even a major version.
fn version(parts: [Option<&str>; 4]) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().map_while(|part| part.filter(|part| !part.is_empty())).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}
