//! Browsers, systems, devices and bots of user agents.

use serde::Deserialize;
use stream_jobs::{Agent, Agents, BotClass};

use crate::table::{Row, Suite, suite};

/// A case of uap-core: a browser or a system, with up to three numbers of its version.
#[derive(Deserialize)]
struct UapCase {
    user_agent_string: String,
    family: String,
    major: Option<String>,
    minor: Option<String>,
    patch: Option<String>,
}

/// A case of Matomo's, of a person's browser.
#[derive(Deserialize)]
struct Person {
    agent: String,
    device: Option<String>,
}

/// A case of Matomo's, of a bot.
#[derive(Deserialize)]
struct Bot {
    agent: String,
    category: Option<String>,
}

fn read(agent: &str) -> Agent {
    (*Agents::default().read(Some(agent), None)).clone()
}

pub(crate) fn rows() -> Vec<Row> {
    let [browsers, systems] = ["uap_browsers", "uap_systems"].map(suite::<UapCase>);
    let crawlers = suite::<String>("crawler_user_agents");
    let bots = suite::<Bot>("matomo_bots");
    let people = suite::<Person>("matomo_people");
    let browsing = suite::<Person>("user_agents");
    let top = suite::<String>("top_user_agents");
    let is_bot = |agent: &str| read(agent).bot_class.is_some();
    let of_models =
        Suite { source: bots.source.clone(), cases: bots.cases.iter().filter(|bot| class_of(bot).is_some()).collect() };
    vec![
        Row::of("browser and version", "uap-core's tests and test resources", 94.0, &browsers, |case| {
            let agent = read(&case.user_agent_string);
            is(case, agent.browser_name.as_deref(), agent.browser_version.as_deref())
        }),
        Row::of("system and version", "uap-core's tests and test resources", 94.0, &systems, |case| {
            let agent = read(&case.user_agent_string);
            is(case, agent.os_name.as_deref(), agent.os_version.as_deref())
        }),
        Row::of("device type", "browsers of Matomo's fixtures", 90.0, &people, |case| is_device(case)),
        Row::of("device type", "browsers in use", 99.0, &browsing, |case| is_device(case)),
        Row::of("bots", "instances of crawler-user-agents", 97.0, &crawlers, |agent| is_bot(agent)),
        Row::of("bots", "bots of Matomo's fixtures", 97.0, &bots, |bot| is_bot(&bot.agent)),
        Row::of("class of AI bots", "AI bots of Matomo's fixtures", 75.0, &of_models, |bot| {
            read(&bot.agent).bot_class == class_of(bot)
        }),
        Row::of("people are no bots", "browsers of Matomo's fixtures", 99.9, &people, |case| !is_bot(&case.agent)),
        Row::of("people are no bots", "browsers in use", 99.9, &browsing, |case| !is_bot(&case.agent)),
        Row::of("people are no bots", "most used browsers", 99.9, &top, |agent| !is_bot(agent)),
    ]
}

/// Whether name and version are those of the case. uap-core's names of systems are not yet one name for one system.
fn is(case: &UapCase, name: Option<&str>, version: Option<&str>) -> bool {
    let parts = [&case.major, &case.minor, &case.patch].map(|part| part.as_deref().filter(|part| !part.is_empty()));
    let parts: Vec<&str> = parts.into_iter().map_while(|part| part).collect();
    let found: Vec<&str> = version.into_iter().flat_map(|version| version.split('.')).take(3).collect();
    let family = match &*case.family {
        "Mac OS X" => "macOS",
        "Chrome OS" => "ChromeOS",
        "ATV OS X" => "tvOS",
        "WatchOS" => "watchOS",
        "iOS" if name == Some("iPadOS") && case.user_agent_string.contains("iPad") => "iPadOS",
        "Symbian^3" | "Symbian^3 Anna" | "Symbian^3 Belle" => "Symbian OS",
        "Web0S" => "webOS",
        family => family,
    };
    name.unwrap_or("Other") == family && found == parts
}

fn is_device(case: &Person) -> bool {
    let expected = match case.device.as_deref() {
        Some("smartphone" | "phablet" | "feature phone" | "mobile") => Some("phone"),
        other => other,
    };
    read(&case.agent).device_type == expected
}

/// Our class of Matomo's categories of bots that work for language models.
fn class_of(bot: &Bot) -> Option<BotClass> {
    match bot.category.as_deref() {
        Some("AI Assistant" | "AI Agent") => Some(BotClass::AiAssistant),
        Some("AI Data Scraper" | "AI Search Crawler") => Some(BotClass::AiCrawler),
        _ => None,
    }
}
