//! Visits as they were, and what each provider of analytics saw of them: our events, Google's export and Adobe's feed, with the
//! truth of which sessions are one and the same. No chance in it: the visit's number decides.
//!
//! Google's rows are in the schema of support.google.com/analytics/answer/7029846, Adobe's in that of "Data column reference".

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::DateTime;
use serde_json::{Value, json};

use super::{Event, HOUR, MINUTE, NOON, SECOND, Tab};

/// What is particular about a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// Both saw it, and the cookie names the provider's session.
    Plain,
    /// The cookie that we read is of another container: its session id is in no export.
    OtherContainer,
    /// The cookie with the client's id alone.
    NoSessionCookie,
    /// Two properties on one page: the export has two sessions of it.
    TwoContainers,
    /// Until the provider's script had run, the cookie named the session of the visit before, which the export has as well.
    StaleCookie,
    /// The device's clock is three hours fast, and the provider believes it.
    FastClock,
    /// The provider was refused its cookie: both saw the visit, and nobody can know.
    NoCookie,
    /// The provider was blocked on this visit; the cookie still names the session before.
    OnlyUs,
    /// We were blocked.
    OnlyThem,
}

pub(crate) const CASES: [Case; 9] = [
    Case::Plain,
    Case::OtherContainer,
    Case::NoSessionCookie,
    Case::TwoContainers,
    Case::StaleCookie,
    Case::FastClock,
    Case::NoCookie,
    Case::OnlyUs,
    Case::OnlyThem,
];

/// Pages of a visit, and the time on each.
const PAGES: [&str; 2] = ["/", "/boxes"];
const PAGE_US: i64 = 2 * MINUTE;

/// One visit of one browser.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub number: i64,
    pub case: Case,
    pub start: i64,
}

/// Who saw a session: our visitor, and the other provider's session.
pub(crate) type Pair = (Option<String>, Option<String>);

/// A morning of visits, some of each case, three minutes apart.
pub(crate) fn visits(count: i64) -> Vec<Visit> {
    let case = |number: i64| CASES[number as usize % CASES.len()];
    (0..count)
        .map(|number| Visit { number, case: case(number), start: NOON - 3 * HOUR + number * 3 * MINUTE })
        .collect()
}

impl Visit {
    pub(crate) fn visitor(&self) -> String {
        format!("v{}", self.number)
    }

    pub(crate) fn client_id(&self) -> String {
        format!("{}.1690000000", 1_000_000 + self.number)
    }

    fn device_us(&self) -> i64 {
        if self.case == Case::FastClock { 3 * HOUR } else { 0 }
    }

    /// As Google numbers it: the device's second in which it began.
    pub(crate) fn session_id(&self) -> String {
        ((self.start + self.device_us()) / SECOND).to_string()
    }

    fn session_before(&self) -> String {
        ((self.start - 30 * HOUR) / SECOND).to_string()
    }

    fn second_session(&self) -> String {
        ((self.start + SECOND) / SECOND + 1).to_string()
    }

    /// What we recorded.
    pub(crate) fn events(&self) -> Vec<Event> {
        if self.case == Case::OnlyThem {
            return Vec::new();
        }
        let mut tab = Tab::new(&self.visitor(), &format!("t{}", self.number));
        let mut events = Vec::new();
        for (page, at) in PAGES.into_iter().zip((self.start..).step_by(PAGE_US as usize)) {
            for (kind, at) in [("page_view", at), ("click", at + 10 * SECOND)] {
                let mut event = tab.event(kind, at);
                event.texts = self.texts(page, events.is_empty());
                event.numbers = vec![("client_at".to_owned(), (at + self.device_us()) as f64)];
                events.push(event);
            }
        }
        events
    }

    fn texts(&self, page: &str, first: bool) -> Vec<(String, String)> {
        let session = match self.case {
            Case::Plain | Case::FastClock | Case::TwoContainers => Some(self.session_id()),
            Case::OtherContainer => Some("1600000000".to_owned()),
            Case::StaleCookie if first => Some(self.session_before()),
            Case::StaleCookie => Some(self.session_id()),
            Case::OnlyUs => Some(self.session_before()),
            Case::NoSessionCookie | Case::NoCookie | Case::OnlyThem => None,
        };
        let client = (self.case != Case::NoCookie).then(|| self.client_id());
        let ecid = (self.case != Case::NoCookie).then(|| self.ecid());
        let browser = if self.number % 2 == 0 { "Chrome Mobile" } else { "Firefox" };
        let texts = [
            ("page_path", Some(page.to_owned())),
            ("page_view_id", Some(format!("page {page} of {}", self.number))),
            ("browser_name", Some(browser.to_owned())),
            ("ga_client_id", client),
            ("ga_session_id", session),
            ("adobe_ecid", ecid),
        ];
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect()
    }

    /// What Google's export has of it: `(date, row)`.
    pub(crate) fn ga4(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for (session, start) in self.ga4_sessions() {
            let bundle = start / SECOND;
            for (index, page) in (0..).zip(PAGES) {
                let at = start + self.device_us() + index * PAGE_US;
                // These share a time, as Google's do.
                let names: &[&str] =
                    if index == 0 { &["session_start", "first_visit", "page_view"] } else { &["page_view"] };
                for (place, name) in (1..).zip(names) {
                    rows.push(self.ga4_row(name, at, &session, page, (bundle + index, place)));
                }
            }
        }
        rows
    }

    fn ga4_sessions(&self) -> Vec<(String, i64)> {
        match self.case {
            Case::OnlyUs => Vec::new(),
            Case::StaleCookie => {
                vec![(self.session_before(), self.start - 30 * HOUR), (self.session_id(), self.start)]
            }
            Case::TwoContainers => {
                vec![(self.session_id(), self.start), (self.second_session(), self.start + SECOND)]
            }
            _ => vec![(self.session_id(), self.start)],
        }
    }

    fn ga4_row(&self, name: &str, at: i64, session: &str, page: &str, (bundle, place): (i64, i64)) -> Value {
        let text = |key: &str, value: &str| json!({"key": key, "value": {"string_value": value}});
        let whole = |key: &str, value: &str| json!({"key": key, "value": {"int_value": value}});
        json!({
            "event_date": DateTime::from_timestamp_micros(at).unwrap().format("%Y%m%d").to_string(),
            "event_timestamp": at.to_string(),
            "event_name": name,
            "event_params": [
                text("page_location", &format!("https://shop.example{page}?utm_source=news")),
                text("page_title", "Boxes, \"tall\" and\nsmall"),
                whole("ga_session_id", session),
                whole("ga_session_number", "1"),
                whole("engagement_time_msec", "1500"),
            ],
            "event_bundle_sequence_id": bundle.to_string(),
            "batch_event_index": place.to_string(),
            "user_pseudo_id": self.client_id(),
            "user_properties": [text("plan", if self.number % 3 == 0 { "gold" } else { "free" })],
            "device": {
                "category": if self.number % 2 == 0 { "mobile" } else { "desktop" },
                "language": "de-de",
                "web_info": {"browser": if self.number % 2 == 0 { "Chrome" } else { "Firefox" }, "hostname": "shop.example"},
            },
            "geo": {"continent": "Europe", "country": "Germany", "city": "Berlin"},
            "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
            "session_traffic_source_last_click": {
                "cross_channel_campaign": {"source": "news", "medium": "email", "default_channel_group": "Email"},
            },
            "stream_id": "1", "platform": "WEB", "items": [],
        })
    }

    /// Which of its sessions are one.
    pub(crate) fn ga4_pairs(&self) -> Vec<Pair> {
        let their = |session: String| Some(format!("{}/{session}", self.client_id()));
        let ours = Some(self.visitor());
        match self.case {
            Case::NoCookie => vec![(ours, None), (None, their(self.session_id()))],
            Case::OnlyUs => vec![(ours, None)],
            Case::OnlyThem => vec![(None, their(self.session_id()))],
            Case::StaleCookie => vec![(ours, their(self.session_id())), (None, their(self.session_before()))],
            Case::TwoContainers => {
                vec![(ours.clone(), their(self.session_id())), (ours, their(self.second_session()))]
            }
            _ => vec![(ours, their(self.session_id()))],
        }
    }

    /// 38 digits, the first half short.
    pub(crate) fn ecid(&self) -> String {
        let (high, low) = self.visid();
        format!("{high:0>19}{low:0>19}")
    }

    fn visid(&self) -> (i64, i64) {
        (5_000_000_000 + self.number, 7_000_000_000_000_000_000 + self.number)
    }

    /// Whether Adobe saw it: it knows of no containers and no session cookies, so these cases are plain ones.
    fn seen_by_adobe(&self) -> bool {
        self.case != Case::OnlyUs
    }

    /// Lines of Adobe's feed, in the order of `ADOBE_COLUMNS`.
    pub(crate) fn adobe(&self) -> String {
        let mut lines = String::new();
        if !self.seen_by_adobe() {
            return lines;
        }
        let (high, low) = self.visid();
        let start = (self.start + self.device_us()) / SECOND;
        for (index, page) in (0..).zip(PAGES) {
            let at = start + index * PAGE_US / SECOND;
            // The id stands in a column of its own, or only as the halves of the visitor's.
            let mcvisid = if self.number % 2 == 0 { self.ecid() } else { String::new() };
            let date_time = DateTime::from_timestamp(at, 0).unwrap().format("%Y-%m-%d %H:%M:%S");
            for exclude in [0, 1] {
                let _ = writeln!(
                    lines,
                    "{at}\t{date_time}\t{exclude}\t1\t{}\t{}\t{high}\t{low}\t5\t{mcvisid}\t1\t{start}\t{}\t0\t\
                     https://shop.example/before\thttps://shop.example{page}?a=b\tBoxes\\\ttall\\\\\\\nsmall\t\
                     68\t1000000\tdeu\tberlin\t1,200=12.50,999\tgold\t{}",
                    self.number,
                    index * 2 + exclude,
                    index + 1,
                    if self.number % 3 == 0 { "members" } else { "" },
                );
            }
        }
        lines
    }

    pub(crate) fn adobe_pairs(&self) -> Vec<Pair> {
        let (high, low) = self.visid();
        let their = Some(format!("{high}/{low}/1/{}", (self.start + self.device_us()) / SECOND));
        let ours = Some(self.visitor());
        match self.case {
            Case::NoCookie => vec![(ours, None), (None, their)],
            Case::OnlyUs => vec![(ours, None)],
            Case::OnlyThem => vec![(None, their)],
            _ => vec![(ours, their)],
        }
    }
}

/// All of the pairs.
pub(crate) fn truth(visits: &[Visit], pairs: impl Fn(&Visit) -> Vec<Pair>) -> BTreeSet<Pair> {
    visits.iter().flat_map(pairs).collect()
}
