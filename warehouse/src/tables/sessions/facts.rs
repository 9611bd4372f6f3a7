//! What the events of a session tell of it.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use schemas::campaign;
use schemas::ingest::EventType;

use crate::tables::columns::{of, times};
use crate::tables::stretches::{Step, TabTime, Times};
use crate::tables::walk::{Cell, Cursor, Events, First, Last, Made, Order, Past, Texts, Turn, Walk, Walker};

/// Of the first event, whether it has them or not: where the visit came from.
const REFERRER: [&str; 4] = ["referrer_url", "referrer_host", "referrer_medium", "referrer_source"];
/// Each of the first event that has it.
const KNOWN: [&str; 9] = [
    "device_type",
    "browser_name",
    "browser_version",
    "os_name",
    "os_version",
    "geo_country",
    "geo_region",
    "geo_city",
    "bot_class",
];

/// `session_facts`: one row for each session.
pub(super) static WALK: Walk = Walk {
    name: "session_facts",
    order: Order::Sessions,
    types: &[],
    reads,
    gives,
    asks_past: false,
    begin: |_: &Arc<dyn Past>| Box::new(Sessions::default()),
};

fn reads() -> Vec<&'static str> {
    let own = [
        "site_id",
        "session_id",
        "tab_id",
        "seq",
        "visitor_id",
        "page_view_id",
        "session_started_at",
        "occurred_at",
        "type",
        "visibility_state",
        "user_id",
        "page_path",
        "is_bot",
    ];
    own.into_iter().chain(REFERRER).chain(campaign_columns()).chain(KNOWN).collect()
}

fn gives() -> Vec<Field> {
    let texts = |names: &[&str]| of(&DataType::Utf8View, names);
    let counts: Vec<String> = EventType::ALL.iter().map(|kind| format!("{}_count", kind.name())).collect();
    [
        texts(&["site_id", "session_id", "visitor_id"]),
        times(&["session_started_at", "started_at", "ended_at"]),
        of(&DataType::Int64, &["events", "tabs", "page_views"]),
        of(&DataType::Int64, &counts.iter().map(String::as_str).collect::<Vec<_>>()),
        of(&DataType::Float64, &["visible_ms", "engaged_ms"]),
        of(&DataType::Boolean, &["is_bot"]),
        texts(&["user_id", "entry_page", "exit_page"]),
        texts(&REFERRER),
        texts(&campaign_columns().collect::<Vec<_>>()),
        texts(&KNOWN),
    ]
    .concat()
}

fn campaign_columns() -> impl Iterator<Item = &'static str> {
    campaign::columns().iter().map(String::as_str)
}

/// Time and number of an event: what is first and last in a session, whatever its tab.
type Place = (i64, i64);

#[derive(Default)]
struct Sessions {
    cursor: Cursor,
    open: Option<Session>,
    tab: TabTime,
}

/// A session whose events come.
struct Session {
    ids: [String; 3],
    session_started_at: i64,
    started_at: i64,
    ended_at: i64,
    events: i64,
    tabs: i64,
    page_views: HashSet<String>,
    /// That of the event before.
    page_view: String,
    counts: [i64; EventType::ALL.len()],
    times: Times,
    is_bot: bool,
    user_id: Last<Place>,
    entry_page: First<Place>,
    exit_page: Last<Place>,
    referrer: First<Place>,
    /// All its parts are of the first event that has one.
    campaign: First<Place>,
    known: [First<Place>; KNOWN.len()],
}

impl Walker for Sessions {
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()> {
        let (sites, sessions, tabs) = (events.texts("site_id")?, events.texts("session_id")?, events.texts("tab_id")?);
        let (visitors, starts) = (events.texts("visitor_id")?, events.times("session_started_at")?);
        let columns = Columns::of(events)?;
        for (row, start) in starts.iter().enumerate() {
            let turn = self.cursor.turn([sites.given(row), sessions.given(row), tabs.given(row)]);
            if turn != Turn::Nothing {
                self.end_tab();
            }
            if turn == Turn::Session {
                self.end_session(rows)?;
            }
            let ids = || [sites.given(row), sessions.given(row), visitors.given(row)].map(str::to_owned);
            let session = self.open.get_or_insert_with(|| Session::begin(ids(), *start, columns.at[row]));
            session.tabs += i64::from(turn != Turn::Nothing);
            session.add(&columns, row);
            let step = Step {
                kind: columns.types[row],
                at: columns.at[row],
                visibility_state: columns.visibility.value(row),
                page: 0,
            };
            self.tab.step(&step, &mut |stretch| session.times.add(stretch));
        }
        Ok(())
    }

    fn end(&mut self, rows: &mut Made) -> anyhow::Result<()> {
        self.end_tab();
        self.end_session(rows)
    }
}

impl Sessions {
    fn end_tab(&mut self) {
        if let Some(session) = &mut self.open {
            self.tab.end(&mut |stretch| session.times.add(stretch));
        }
    }

    fn end_session(&mut self, rows: &mut Made) -> anyhow::Result<()> {
        match self.open.take() {
            Some(session) => session.write(rows),
            None => Ok(()),
        }
    }
}

/// What of some events a session is made of.
struct Columns<'a> {
    types: Vec<Option<EventType>>,
    at: &'a [i64],
    seq: &'a [i64],
    visibility: Texts<'a>,
    page_views: Texts<'a>,
    users: Texts<'a>,
    paths: Texts<'a>,
    is_bot: Vec<bool>,
    referrer: Vec<Texts<'a>>,
    campaign: Vec<Texts<'a>>,
    known: Vec<Texts<'a>>,
}

impl<'a> Columns<'a> {
    fn of(events: &Events<'a>) -> anyhow::Result<Self> {
        Ok(Self {
            types: events.types()?,
            at: events.times("occurred_at")?,
            seq: events.numbers::<Int64Type>("seq")?.values(),
            visibility: events.texts("visibility_state")?,
            page_views: events.texts("page_view_id")?,
            users: events.texts("user_id")?,
            paths: events.texts("page_path")?,
            is_bot: events.flags("is_bot")?.iter().map(|flag| flag == Some(true)).collect(),
            referrer: events.all_texts(&REFERRER)?,
            campaign: events.all_texts(&campaign_columns().collect::<Vec<_>>())?,
            known: events.all_texts(&KNOWN)?,
        })
    }
}

impl Session {
    fn begin(ids: [String; 3], session_started_at: i64, at: i64) -> Self {
        Self {
            ids,
            session_started_at,
            started_at: at,
            ended_at: at,
            events: 0,
            tabs: 0,
            page_views: HashSet::new(),
            page_view: String::new(),
            counts: [0; EventType::ALL.len()],
            times: Times::default(),
            is_bot: false,
            user_id: Last::default(),
            entry_page: First::default(),
            exit_page: Last::default(),
            referrer: First::default(),
            campaign: First::default(),
            known: Default::default(),
        }
    }

    fn add(&mut self, columns: &Columns<'_>, row: usize) {
        let at = columns.at[row];
        let place = (at, columns.seq[row]);
        self.started_at = self.started_at.min(at);
        self.ended_at = self.ended_at.max(at);
        self.events += 1;
        if let Some(kind) = columns.types[row] {
            self.counts[kind as usize] += 1;
        }
        self.is_bot |= columns.is_bot[row];
        let page_view = columns.page_views.value(row);
        if let Some(page_view) = page_view.filter(|id| self.page_views.is_empty() || self.page_view != *id) {
            self.page_views.insert(page_view.to_owned());
            page_view.clone_into(&mut self.page_view);
        }
        self.user_id.known(place, columns.users.value(row));
        self.entry_page.known(place, &[columns.paths], row);
        self.exit_page.known(place, columns.paths.value(row));
        self.referrer.any(place, &columns.referrer, row);
        self.campaign.known(place, &columns.campaign, row);
        for (first, column) in self.known.iter_mut().zip(&columns.known) {
            first.known(place, std::slice::from_ref(column), row);
        }
    }

    fn write(mut self, rows: &mut Made) -> anyhow::Result<()> {
        let number = |number| Cell::Number(Some(number));
        let (visible_ms, engaged_ms) = (self.times.visible_ms(), self.times.engaged_ms());
        let page_views = i64::try_from(self.page_views.len())?;
        let mut cells: Vec<Cell<'_>> = self.ids.iter().map(|id| Cell::Text(Some(id.as_str()))).collect();
        cells.extend([self.session_started_at, self.started_at, self.ended_at].map(number));
        cells.extend([self.events, self.tabs, page_views].map(number));
        cells.extend(self.counts.map(number));
        cells.extend([visible_ms, engaged_ms].map(|ms| Cell::Float(Some(ms))));
        cells.push(Cell::Flag(self.is_bot));
        cells.extend([self.user_id.text(), self.entry_page.text(0), self.exit_page.text()].map(Cell::Text));
        cells.extend((0..REFERRER.len()).map(|column| Cell::Text(self.referrer.text(column))));
        cells.extend((0..campaign::columns().len()).map(|column| Cell::Text(self.campaign.text(column))));
        cells.extend(self.known.iter().map(|first| Cell::Text(first.text(0))));
        rows.add(cells)
    }
}
