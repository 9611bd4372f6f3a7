//! Who visits: browser, screen, language, where they came from, how wrong their clock is.

use std::sync::Arc;

use uuid::Uuid;

use super::chance::Chance;
use super::json;

/// Browsers by how often they visit; the last ones are programs.
const USER_AGENTS: &[(f64, &str)] = &[
    (
        34.0,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        12.0,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        11.0,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    ),
    (
        9.0,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    ),
    (7.0, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    (3.0, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    (
        12.0,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    ),
    (
        9.0,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    ),
    (1.5, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    (
        1.5,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
    ),
];

/// Language and time zone go together.
const PLACES: &[(f64, (&str, &str))] = &[
    (40.0, ("en-US", "America/New_York")),
    (15.0, ("en-US", "America/Los_Angeles")),
    (12.0, ("en-GB", "Europe/London")),
    (12.0, ("de-DE", "Europe/Berlin")),
    (7.0, ("fr-FR", "Europe/Paris")),
    (6.0, ("es-ES", "Europe/Madrid")),
    (4.0, ("pt-BR", "America/Sao_Paulo")),
    (4.0, ("ja-JP", "Asia/Tokyo")),
];

const DESKTOP_SCREENS: &[[f64; 2]] =
    &[[1920.0, 1080.0], [2560.0, 1440.0], [1536.0, 864.0], [1440.0, 900.0], [1366.0, 768.0]];
const PHONE_SCREENS: &[[f64; 2]] = &[[390.0, 844.0], [393.0, 873.0], [412.0, 915.0]];

/// Time between two pointer samples: a 125 Hz mouse, a 120 Hz display, a 60 Hz one.
const SAMPLE_INTERVALS_MS: &[(f64, f64)] = &[(5.0, 8.0), (3.0, 8.3), (2.0, 16.7)];

/// Where a visit starts: referrer, and the query of the first page.
const ORIGINS: &[(f64, (&str, &str))] = &[
    (35.0, ("", "")),
    (25.0, ("https://www.google.com/", "")),
    (8.0, ("https://www.bing.com/", "")),
    (8.0, ("https://www.google.com/", "utm_source=google&utm_medium=cpc&utm_campaign=boxes-brand&gclid=Cj0KCQiA")),
    (7.0, ("", "utm_source=newsletter&utm_medium=email&utm_campaign=november-sale")),
    (6.0, ("https://www.facebook.com/", "utm_source=facebook&utm_medium=paid_social&utm_campaign=moving-season")),
    (5.0, ("https://duckduckgo.com/", "")),
    (4.0, ("https://t.co/", "utm_source=twitter&utm_medium=social")),
    (
        2.0,
        (
            "https://partner.example/deals",
            "utm_source=partner&utm_medium=affiliate&utm_campaign=deals&utm_content=banner-3",
        ),
    ),
];

pub(super) struct Visitor {
    pub id: Uuid,
    pub user_agent: &'static str,
    pub language: &'static str,
    pub timezone: &'static str,
    pub screen: [f64; 2],
    pub viewport: [f64; 2],
    pub phone: bool,
    pub webdriver: bool,
    pub sample_interval_ms: f64,
    /// The display scales by a fraction, so that positions are quarters of pixels.
    pub fine_positions: bool,
    /// Client clock minus true time.
    pub clock_ahead_ms: f64,
    /// The SDK's estimate of server minus client, and its error.
    pub clock_offset_ms: f64,
    pub clock_error_ms: f64,
    /// The value of `"identity"` in a batch.
    pub identity_json: String,
}

impl Visitor {
    /// `skewed`: how many visitors' clocks are wrong by minutes or hours; the others' by some milliseconds.
    pub(super) fn arrive(chance: &mut Chance, at_ms: f64, skewed: f64) -> Arc<Self> {
        let user_agent = *chance.weighted(USER_AGENTS);
        let (language, timezone) = *chance.weighted(PLACES);
        let phone = user_agent.contains("Mobile");
        let screen = *chance.pick(if phone { PHONE_SCREENS } else { DESKTOP_SCREENS });
        let bars = if phone { 120.0 } else { 140.0 };
        let clock_ahead_ms = if chance.hit(skewed) { chance.normal(1_800_000.0) } else { chance.normal(80.0) };
        let clock_error_ms = json::tenth(chance.log_normal(12.0, 0.6));
        Arc::new(Self {
            id: chance.uuid4(),
            user_agent,
            language,
            timezone,
            screen,
            viewport: [screen[0], screen[1] - bars],
            phone,
            webdriver: user_agent.contains("Headless"),
            sample_interval_ms: if phone { 16.7 } else { *chance.weighted(SAMPLE_INTERVALS_MS) },
            fine_positions: chance.hit(0.2),
            clock_ahead_ms,
            clock_offset_ms: json::tenth(-clock_ahead_ms + chance.between(-0.5, 0.5) * clock_error_ms),
            clock_error_ms,
            identity_json: identity(chance, at_ms),
        })
    }

    /// Referrer and query of the first page of a visit; both may be empty.
    pub(super) fn origin(chance: &mut Chance) -> (&'static str, &'static str) {
        *chance.weighted(ORIGINS)
    }
}

fn identity(chance: &mut Chance, at_ms: f64) -> String {
    let seconds = (at_ms / 1_000.0) as u64;
    let user = chance.hit(0.15).then(|| format!("customer-{}", chance.whole(10_000, 99_999)));
    let ga = chance.hit(0.85).then(|| {
        let first_visit = seconds - u64::from(chance.whole(0, 10_000_000));
        (format!("{}.{first_visit}", chance.whole(100_000_000, 2_147_483_647)), seconds.to_string())
    });
    let adobe = chance.hit(0.1).then(|| format!("{:019}{:019}", chance.whole(1, u32::MAX), chance.whole(1, u32::MAX)));
    let mut out = String::with_capacity(140);
    out.push_str("{\"user_id\":");
    json::optional(&mut out, user.as_deref());
    out.push_str(",\"ga_client_id\":");
    json::optional(&mut out, ga.as_ref().map(|(client, _)| client.as_str()));
    out.push_str(",\"ga_session_id\":");
    json::optional(&mut out, ga.as_ref().map(|(_, session)| session.as_str()));
    out.push_str(",\"adobe_ecid\":");
    json::optional(&mut out, adobe.as_deref());
    out.push('}');
    out
}
