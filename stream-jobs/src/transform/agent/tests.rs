use super::*;

const CHROME: &str = crate::testing::CHROME;
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";

fn read(text: &str) -> Arc<Agent> {
    Agents::default().read(Some(text), None)
}

fn refined(text: &str, hints: &Hints) -> Arc<Agent> {
    Agents::default().read(Some(text), Some(hints))
}

fn class(text: &str) -> Option<&'static str> {
    read(text).bot_class.map(BotClass::name)
}

/// Device, browser and system in one line.
fn summary(agent: &Agent) -> String {
    let texts = [
        agent.device_type,
        agent.browser_name.as_deref(),
        agent.browser_version.as_deref(),
        agent.os_name.as_deref(),
        agent.os_version.as_deref(),
    ];
    texts.map(|text| text.unwrap_or("-")).join(" | ")
}

#[test]
fn each_kind_of_device_and_one_name_for_each_system() {
    let kit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
    let blink = "AppleWebKit/537.36 (KHTML, like Gecko)";
    for (text, expected) in [
        (CHROME.to_owned(), "desktop | Chrome | 141.0.0.0 | Windows | 10"),
        (SAFARI.to_owned(), "desktop | Safari | 26.0 | macOS | 10.15.7"),
        (
            format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) {kit} Version/26.0 Mobile/15E148 Safari/604.1"
            ),
            "phone | Mobile Safari | 26.0 | iOS | 18.7",
        ),
        (
            format!("Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) {kit} Version/18.6 Mobile/15E148 Safari/604.1"),
            "tablet | Mobile Safari | 18.6 | iPadOS | 18.6",
        ),
        (
            format!("Mozilla/5.0 (iPad; CPU OS 9_3_5 like Mac OS X) {kit} Version/9.0 Mobile/13G36 Safari/601.1"),
            "tablet | Mobile Safari | 9.0 | iOS | 9.3.5",
        ),
        (
            format!("Mozilla/5.0 (Linux; Android 10; K) {blink} Chrome/141.0.0.0 Mobile Safari/537.36"),
            "phone | Chrome Mobile | 141.0.0.0 | Android | 10",
        ),
        (
            format!("Mozilla/5.0 (Linux; Android 10; K) {blink} Chrome/141.0.0.0 Safari/537.36"),
            "tablet | Chrome | 141.0.0.0 | Android | 10",
        ),
        (
            "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0".into(),
            "phone | Firefox Mobile | 143.0 | Android | 15",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0".into(),
            "desktop | Firefox | 143.0 | Linux | -",
        ),
        (
            format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {blink} Chrome/141.0.0.0 Safari/537.36"),
            "desktop | Chrome | 141.0.0.0 | ChromeOS | 14541.0.0",
        ),
        (
            format!("Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) {blink} Version/7.0 TV Safari/537.36 SamsungBrowser/4.0"),
            "tv | Samsung Internet | 4.0 | Tizen | 7.0",
        ),
        (
            format!("Mozilla/5.0 (Web0S; Linux/SmartTV) {blink} Chrome/108.0.5359.211 Safari/537.36"),
            "tv | Chrome | 108.0.5359.211 | webOS | -",
        ),
        (
            format!("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) {kit} Version/13.0 Safari/605.1.15"),
            "console | Safari | 13.0 | - | -",
        ),
        (
            format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {kit} Mobile/22G86 Instagram 398.0.0.0.1 (iPhone16,2; iOS 18_6)"
            ),
            "phone | Instagram | 398.0.0 | iOS | 18.6",
        ),
    ] {
        assert_eq!(summary(&read(&text)), expected, "{text}");
    }
}

#[test]
fn client_hints_tell_what_agents_hide() {
    let windows = |version| Hints { platform: Some("Windows"), platform_version: Some(version), ..Hints::default() };
    for (version, expected) in [
        ("19.0.0", "11"),
        ("13.0.0", "11"),
        ("12.9.9", "10"),
        ("10.0.0", "10"),
        ("0.3.0", "8.1"),
        ("0.1", "7"),
        ("x", "10"),
    ] {
        let agent = refined(CHROME, &windows(version));
        assert_eq!(
            (agent.os_name.as_deref(), agent.os_version.as_deref()),
            (Some("Windows"), Some(expected)),
            "{version}"
        );
    }
    let mac =
        Hints { platform: Some("macOS"), platform_version: Some("26.0.1"), touch_points: Some(0), ..Hints::default() };
    let chrome = CHROME.replace("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7");
    assert_eq!(summary(&refined(&chrome, &mac)), "desktop | Chrome | 141.0.0.0 | macOS | 26.0.1");
    let touch = |points| Hints { touch_points: Some(points), ..Hints::default() };
    assert_eq!(summary(&refined(SAFARI, &touch(5))), "tablet | Safari | 26.0 | iPadOS | -");
    assert_eq!(summary(&refined(SAFARI, &touch(1))), "desktop | Safari | 26.0 | macOS | 10.15.7");
    assert_eq!(summary(&refined(SAFARI, &Hints::default())), summary(&read(SAFARI)));
    let touched = Hints { touch_points: Some(10), ..mac };
    assert_eq!(refined(&chrome, &touched).os_name.as_deref(), Some("macOS"), "a touch screen on a Mac");
    let android =
        Hints { platform: Some("Android"), platform_version: Some("16.0.0"), mobile: Some(true), ..Hints::default() };
    let phone =
        CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K").replace(" Safari", " Mobile Safari");
    assert_eq!(summary(&refined(&phone, &android)), "phone | Chrome Mobile | 141.0.0.0 | Android | 16");
}

#[test]
fn brands_name_browsers_in_chromes_clothes() {
    let brands = |name, version| Hints {
        brands: vec![("Not?A_Brand", "24.0.0.0"), ("Chromium", "141.0.7390.55"), (name, version)],
        ..Hints::default()
    };
    let browser = |text: &str, hints: &Hints| {
        let agent = refined(text, hints);
        (agent.browser_name.clone().unwrap_or_default(), agent.browser_version.clone().unwrap_or_default())
    };
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    assert_eq!(browser(CHROME, &brands("Google Chrome", "141.0.7390.55")), pair("Chrome", "141.0.7390.55"));
    assert_eq!(browser(CHROME, &brands("Google Chrome", "141")), pair("Chrome", "141.0.0.0"));
    assert_eq!(browser(CHROME, &brands("Brave", "141.0.0.0")), pair("Brave", "141.0.0.0"));
    let edge = format!("{CHROME} Edg/141.0.0.0");
    assert_eq!(browser(&edge, &brands("Microsoft Edge", "141.0.3537.57")), pair("Edge", "141.0.3537.57"));
    let headless = refined(CHROME, &brands("HeadlessChrome", "141.0.7390.55"));
    assert_eq!((headless.bot_class, headless.browser_name.as_deref()), (Some(BotClass::Headless), Some("Chrome")));
}

#[test]
fn bots_by_class() {
    for (text, expected) in [
        (CHROME, None),
        (SAFARI, None),
        ("", Some("no_agent")),
        (" ", Some("no_agent")),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Some("crawler")),
        ("curl/8.5.0", Some("crawler")),
        ("python-requests/2.32.3", Some("crawler")),
        (&CHROME.replace("Chrome/", "HeadlessChrome/"), Some("headless")),
        (
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
            Some("headless"),
        ),
        (&format!("{CHROME} Playwright/1.55"), Some("headless")),
        (&format!("{CHROME} Puppeteer"), Some("headless")),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            Some("ai_crawler"),
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
            Some("ai_crawler"),
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
            Some("ai_crawler"),
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
            Some("ai_assistant"),
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
            Some("ai_assistant"),
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)",
            Some("ai_assistant"),
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots)",
            Some("ai_assistant"),
        ),
    ] {
        assert_eq!(class(text), expected, "{text}");
    }
    assert_eq!(Agents::default().read(None, None).bot_class, Some(BotClass::NoAgent));
    assert_eq!(bot_class(&read(CHROME), Some(true)), Some(BotClass::Headless), "navigator.webdriver");
    assert_eq!(bot_class(&read(CHROME), Some(false)), None);
}

#[test]
fn what_a_phone_calls_itself_makes_no_bot_of_it() {
    let phone = |device: &str| {
        format!("Mozilla/5.0 ({device}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36")
    };
    for device in [
        "Linux; Android 13; Spider 8",
        "Linux; U; Android 4.2; it-it; S222 Build/CUBOT",
        "Linux; Android 8.1.0; XBot Junior",
    ] {
        assert_eq!(class(&phone(device)), None, "{device}");
    }
    for device in [
        "Linux; Android 8.0; Pixel 2 Build/OPD3.170816.012; Storebot-Google/1.0",
        "Linux; Android 6.0.1; Googlebot/2.1",
    ] {
        assert_eq!(class(&phone(device)), Some("crawler"), "{device}");
    }
}

#[test]
fn ever_new_agents_neither_grow_the_memory_nor_displace_what_is_used() {
    let mut agents = Agents::default();
    let popular = agents.read(Some(CHROME), None);
    let first = agents.read(Some("forged first"), None);
    let mut kept_max = 0;
    for number in 0..GENERATION_AGENTS_MAX * 5 / 2 {
        agents.read(Some(&format!("forged {number}")), None);
        if number % (GENERATION_AGENTS_MAX / 2) == 0 {
            assert!(Arc::ptr_eq(&popular, &agents.read(Some(CHROME), None)), "after {number}");
        }
        kept_max = kept_max.max(agents.kept_total());
    }
    assert!((GENERATION_AGENTS_MAX..=2 * GENERATION_AGENTS_MAX).contains(&kept_max), "{kept_max}");
    assert!(!Arc::ptr_eq(&first, &agents.read(Some("forged first"), None)), "what nobody sends again is forgotten");
    let long = "é".repeat(AGENT_BYTES_MAX);
    let cut = agents.read(Some(&long), None);
    let kept = agents.kept_total();
    assert!(Arc::ptr_eq(&cut, &agents.read(Some(&long[..AGENT_BYTES_MAX]), None)), "what lies beyond is not kept");
    assert_eq!(agents.kept_total(), kept);
}
