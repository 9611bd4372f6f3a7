//! Bots by what they call themselves: the names of crawler-user-agents and the patterns of isbot (`infra/lists`), with
//! our own words for who drives a browser and who acts for a person.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use serde::Deserialize;

/// Compiled on first use, which takes a moment.
pub(super) static BOTS: LazyLock<Bots> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("OUT_DIR"), "/agent_bots.json"));
    Bots::new(serde_json::from_str(text).expect("the embedded lists are those that infra/lists makes"))
});

/// What kind of bot; the last of those that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BotClass {
    /// Any other: search engines, monitors, scanners, feeds, programs that fetch.
    Crawler,
    /// A browser that a program drives.
    Headless,
    /// Gathers text to train a language model, or for its index.
    AiCrawler,
    /// Fetches a page because a person asked an AI assistant just now.
    AiAssistant,
    /// Browsers always send a user agent.
    NoAgent,
}

impl BotClass {
    /// The name in the column `bot_class`.
    pub const fn name(self) -> &'static str {
        match self {
            BotClass::Crawler => "crawler",
            BotClass::Headless => "headless",
            BotClass::AiCrawler => "ai_crawler",
            BotClass::AiAssistant => "ai_assistant",
            BotClass::NoAgent => "no_agent",
        }
    }
}

/// Browsers without a window, and the programs that drive browsers.
const HEADLESS: &str = "\
    Headless|PhantomJS|SlimerJS|Puppeteer|Playwright|Selenium|WebDriver|Cypress|TestCafe|Nightmare|HtmlUnit|\
    Zombie.js|jsdom/|Splash";

/// Assistants that do not say `-User`: what is fetched at a person's wish, and agents that use a browser in their place.
const ASSISTANTS: &str = "\
    Amazon-Bedrock-AgentCore-Browser|AmazonBuyForMe|Character-AI|ChatGPT-Browser|Claude-Code|Devin|DuckAssistBot|\
    Gemini-Deep-Research|GitHubCopilotChat|Google-Agent|Google-Gemini|Google-NotebookLM|Google-Pinpoint|GoogleAgent|\
    kagi-fetcher|meta-externalfetcher|Meta-ExternalFetcher|NovaAct|opencode|PerplexityUser|Poggio-Citations|\
    QualifiedBot|TavilyBot|TwinAgent";

/// Crawlers of makers and sellers of language models that the list has under other headings, or not yet.
const AI_CRAWLERS: &str = "\
    Ai2Bot|Amazonbot|Andibot|Anthropic|Applebot-Extended|Bard-AI|Cohere|DeepseekBot|Diffbot|Gemini-AI|Groq|\
    HuggingFace|IbouBot|ImagesiftBot|KimiBot|Kimi-SearchBot|MistralAI|PanguBot|ProRataInc|Replicate-Bot|RunPod|\
    Together-Bot|WRTNBot|Webzio-Extended|webzio-extended|xAI-Bot|YouBot";

/// How the others say it: `ChatGPT-User/1.0`, `Claude-User`, `MistralAI-User/1.0`.
const ASSISTANT_PATTERN: &str = r"[A-Za-z]-User\b";

/// Memory of the states that an automaton has met: with less than forged agents need, they would be made over and over.
const AUTOMATON_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bots as `infra/lists` gives them.
#[derive(Deserialize)]
struct Lists {
    /// Parts of agents, in the case they are written in.
    names: ByGroup,
    /// Of crawlers, in small letters.
    names_any_case: Vec<String>,
    patterns: ByGroup,
    patterns_any_case: Vec<String>,
}

#[derive(Deserialize)]
struct ByGroup {
    crawler: Vec<String>,
    ai_crawler: Vec<String>,
}

/// One automaton for all names and one for the patterns of each class: time grows with the agent, not with the lists.
pub(super) struct Bots {
    names: AhoCorasick,
    /// Classes of `names`.
    classes: Vec<BotClass>,
    names_any_case: AhoCorasick,
    /// The highest class first.
    patterns: [(BotClass, Regex); 3],
}

impl Bots {
    fn new(lists: Lists) -> Self {
        let groups: [(BotClass, Vec<&str>); 5] = [
            (BotClass::Crawler, lists.names.crawler.iter().map(String::as_str).collect()),
            (BotClass::AiCrawler, lists.names.ai_crawler.iter().map(String::as_str).collect()),
            (BotClass::AiCrawler, AI_CRAWLERS.split('|').collect()),
            (BotClass::Headless, HEADLESS.split('|').collect()),
            (BotClass::AiAssistant, ASSISTANTS.split('|').collect()),
        ];
        let any_case = lists.patterns_any_case.iter().map(|pattern| format!("(?i:{pattern})"));
        let crawlers = lists.patterns.crawler.into_iter().chain(any_case).collect::<Vec<_>>();
        Self {
            names: AhoCorasick::new(groups.iter().flat_map(|(_, names)| names)).expect("names make an automaton"),
            classes: groups.iter().flat_map(|(class, names)| names.iter().map(|_| *class)).collect(),
            names_any_case: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&lists.names_any_case)
                .expect("names make an automaton"),
            patterns: [
                (BotClass::AiAssistant, automaton(&[ASSISTANT_PATTERN.to_owned()])),
                (BotClass::AiCrawler, automaton(&lists.patterns.ai_crawler)),
                (BotClass::Crawler, automaton(&crawlers)),
            ],
        }
    }

    /// `None` for the agent of a person's browser.
    pub(super) fn class(&self, text: &str) -> Option<BotClass> {
        if text.trim().is_empty() {
            return Some(BotClass::NoAgent);
        }
        let text = without_models(text);
        let classes = self.names.find_overlapping_iter(&*text).map(|found| self.classes[found.pattern().as_usize()]);
        let named = classes.max().or_else(|| self.names_any_case.is_match(&*text).then_some(BotClass::Crawler));
        let higher = self.patterns.iter().take_while(|(class, _)| Some(*class) > named);
        let mut matching = higher.filter(|(_, pattern)| pattern.is_match(&*text));
        matching.next().map(|(class, _)| *class).or(named)
    }
}

/// JavaScript's classes are of ASCII, and without Unicode's an automaton needs no way back for an odd byte.
fn automaton(patterns: &[String]) -> Regex {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let memory = Regex::config().hybrid_cache_capacity(AUTOMATON_BYTES_MAX);
    Regex::builder().configure(memory).syntax(syntax).build_many(patterns).expect("the patterns of the lists compile")
}

/// The agent without what phones call themselves: there are models named Discovery, Spider and Bot.
///
/// Models stand behind the system, up to the bracket. What has a version there is a program all the same:
/// `(Linux; Android 8.0; Pixel 2 Build/OPD3; Storebot-Google/1.0)`.
fn without_models(text: &str) -> Cow<'_, str> {
    const SYSTEMS: [&str; 2] = ["Android", "Windows Phone"];
    let Some(start) = SYSTEMS.iter().filter_map(|system| text.find(system)).min() else { return text.into() };
    let Some(length) = text[start..].find([')', '(']) else { return text.into() };
    if !text[start + length..].starts_with(')') {
        return text.into();
    }
    let (before, rest) = text.split_at(start);
    let (device, after) = rest.split_at(length);
    let programs = device.split(';').skip(1).filter(|part| part.contains('/') && !part.contains("Build/"));
    let kept: Vec<&str> = std::iter::once("device").chain(programs).collect();
    format!("{before}{}{after}", kept.join(";")).into()
}
