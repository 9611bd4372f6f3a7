//! Device, browser, system and bot class of a user agent, worked out once per distinct text, and refined by what else the
//! browser said about itself.
//!
//! Browsers hide: whatever the version of the system, they say Windows NT 10.0, Mac OS X 10_15_7 and, on a phone,
//! Android 10. Only client hints tell more.

mod bots;
mod device;
mod hints;
mod rules;

use std::collections::HashMap;
use std::sync::Arc;

use bots::BOTS;
pub use bots::BotClass;
pub(crate) use hints::{HintColumns, Hints};
use rules::RULES;

/// What lies beyond is not looked at: no browser's is longer, and forged ones must cost little.
const AGENT_BYTES_MAX: usize = 512;
/// Most user agents of one generation; two are kept, which is about 8 MB when all are as long as they may be.
const GENERATION_AGENTS_MAX: usize = 5_000;

/// What a user agent says; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// `desktop`, `phone`, `tablet`, `tv` or `console`.
    pub device_type: Option<&'static str>,
    /// As uap-core names it, or an app that shows pages (`Instagram`).
    pub browser_name: Option<String>,
    pub browser_version: Option<String>,
    /// One name for one system, whatever the browser calls it: `macOS`, `iPadOS`, `Windows`, …
    pub os_name: Option<String>,
    pub os_version: Option<String>,
    /// Why it counts as a bot by what it says alone.
    pub bot_class: Option<BotClass>,
}

/// Reads user agents and remembers the most used ones.
///
/// Two generations: what is used moves to the young one, and when that is full it becomes the old one. Whoever sends
/// ever new agents displaces only what nobody else sent meanwhile.
#[derive(Debug, Default)]
pub struct Agents {
    young: HashMap<Box<str>, Arc<Agent>>,
    old: HashMap<Box<str>, Arc<Agent>>,
}

impl Agents {
    /// What a package's user agent says, with its client hints. No agent at all reads like an empty one.
    pub fn read(&mut self, text: Option<&str>, hints: Option<&Hints>) -> Arc<Agent> {
        let agent = self.remembered(text.unwrap_or_default());
        match hints {
            None => agent,
            Some(hints) => Arc::new(hints.refine(&agent)),
        }
    }

    fn remembered(&mut self, text: &str) -> Arc<Agent> {
        let text = &text[..text.floor_char_boundary(AGENT_BYTES_MAX)];
        if let Some(agent) = self.young.get(text) {
            return agent.clone();
        }
        let (text, agent) = match self.old.remove_entry(text) {
            Some(known) => known,
            None => (text.into(), Arc::new(parse(text))),
        };
        self.remember(text, agent.clone());
        agent
    }

    /// User agents in memory.
    #[cfg(test)]
    fn kept_total(&self) -> usize {
        self.young.len() + self.old.len()
    }

    fn remember(&mut self, text: Box<str>, agent: Arc<Agent>) {
        if self.young.len() >= GENERATION_AGENTS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, agent);
    }
}

fn parse(text: &str) -> Agent {
    let browser = RULES.browser(text);
    let system = RULES.system(text);
    Agent {
        device_type: device::kind(text),
        browser_name: browser.name,
        browser_version: browser.version,
        os_name: system.name,
        os_version: system.version,
        bot_class: BOTS.class(text),
    }
}

/// The bot class of a visit: what the user agent admits, else what the browser does (`navigator.webdriver`).
///
/// Bots are classified, never dropped (DEFINITIONS.md).
pub(crate) fn bot_class(agent: &Agent, webdriver: Option<bool>) -> Option<BotClass> {
    agent.bot_class.or((webdriver == Some(true)).then_some(BotClass::Headless))
}

#[cfg(test)]
mod tests;
