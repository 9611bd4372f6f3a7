//! Device, browser, operating system and bot class of a user agent, parsed once per distinct text.

use std::collections::HashMap;
use std::sync::Arc;

use isbot::Bots;
use woothee::parser::Parser;

/// Most user agents remembered: the popular ones of a large site, about 5 MB.
const CACHE_ENTRIES_MAX: usize = 10_000;
/// What lies beyond is not looked at: no browser's is longer, and forged ones must cost nothing.
const AGENT_BYTES_MAX: usize = 512;

/// What a user agent says; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// `desktop`, `mobile`, `console` or `crawler`.
    pub device_type: Option<&'static str>,
    pub browser_name: Option<String>,
    pub browser_version: Option<String>,
    pub os_name: Option<String>,
    pub os_version: Option<String>,
    /// Why it counts as a bot by its name alone: `headless`, `crawler` or `automation`.
    pub bot_class: Option<&'static str>,
}

/// Parser with a bounded memory.
pub struct Agents {
    parser: Parser,
    bots: Bots,
    cache: HashMap<String, Arc<Agent>>,
}

impl std::fmt::Debug for Agents {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Agents").field("cached", &self.cache.len()).finish()
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self { parser: Parser::new(), bots: Bots::default(), cache: HashMap::new() }
    }
}

impl Agents {
    pub fn parse(&mut self, text: &str) -> Arc<Agent> {
        let text = &text[..text.floor_char_boundary(AGENT_BYTES_MAX)];
        if let Some(agent) = self.cache.get(text) {
            return agent.clone();
        }
        let agent = Arc::new(self.parse_new(text));
        if self.cache.len() >= CACHE_ENTRIES_MAX {
            self.cache.clear();
        }
        self.cache.insert(text.to_owned(), agent.clone());
        agent
    }

    fn parse_new(&self, text: &str) -> Agent {
        let known = |value: &str| (!value.is_empty() && value != "UNKNOWN").then(|| value.to_owned());
        let mut agent = Agent { bot_class: self.bot_class(text), ..Agent::default() };
        let Some(parsed) = self.parser.parse(text) else { return agent };
        agent.device_type = match parsed.category {
            "pc" => Some("desktop"),
            "smartphone" | "mobilephone" => Some("mobile"),
            "appliance" => Some("console"),
            "crawler" => Some("crawler"),
            _ => None,
        };
        if parsed.category == "crawler" && agent.bot_class.is_none() {
            agent.bot_class = Some("crawler");
        }
        agent.browser_name = known(parsed.name);
        agent.browser_version = known(parsed.version);
        agent.os_name = known(parsed.os);
        agent.os_version = known(&parsed.os_version);
        agent
    }

    fn bot_class(&self, text: &str) -> Option<&'static str> {
        if text.contains("HeadlessChrome") || text.contains("PhantomJS") {
            Some("headless")
        } else if ["Playwright", "Puppeteer", "Selenium", "Cypress"].iter().any(|name| text.contains(name)) {
            Some("automation")
        } else if self.bots.is_bot(text) {
            Some("crawler")
        } else {
            None
        }
    }
}

/// The bot class of a visit: what the user agent admits, else what the browser does (`navigator.webdriver`).
///
/// Bots are classified, never dropped (DEFINITIONS.md).
pub fn bot_class(agent: Option<&Agent>, webdriver: Option<bool>) -> Option<&'static str> {
    agent.and_then(|agent| agent.bot_class).or((webdriver == Some(true)).then_some("webdriver"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

    #[test]
    fn a_browser_is_recognised_and_no_bot() {
        let agent = Agents::default().parse(CHROME);
        assert_eq!((agent.device_type, agent.browser_name.as_deref()), (Some("desktop"), Some("Chrome")));
        assert_eq!(
            (agent.browser_version.as_deref(), agent.os_name.as_deref()),
            (Some("141.0.0.0"), Some("Windows 10"))
        );
        assert_eq!(bot_class(Some(&agent), Some(false)), None);
        assert_eq!(bot_class(Some(&agent), Some(true)), Some("webdriver"));
    }

    #[test]
    fn bots_by_name() {
        let mut agents = Agents::default();
        let mut class = |text: &str| agents.parse(text).bot_class;
        assert_eq!(class("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), Some("crawler"));
        assert_eq!(class(&CHROME.replace("Chrome/", "HeadlessChrome/")), Some("headless"));
        assert_eq!(class("curl/8.5.0"), Some("crawler"));
        assert_eq!(class(""), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut agents = Agents::default();
        for number in 0..CACHE_ENTRIES_MAX + 5 {
            agents.cache.insert(number.to_string(), Arc::default());
        }
        agents.parse(CHROME);
        assert_eq!(agents.cache.len(), 1);
        agents.parse(&"é".repeat(AGENT_BYTES_MAX));
    }
}
