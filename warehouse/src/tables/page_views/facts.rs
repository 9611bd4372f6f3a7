//! What the events of a page view tell of it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use schemas::ingest::EventType;

use crate::tables::columns::{of, times};
use crate::tables::stretches::{Step, TabTime, Times};
use crate::tables::walk::{Cell, Cursor, Events, First, Last, Made, Order, Past, Texts, Turn, Walk, Walker, value};

/// Measurements by their name, which comes in any case; the last of each counts.
const VITALS: [(&str, &str); 5] =
    [("LCP", "lcp_ms"), ("CLS", "cls"), ("INP", "inp_ms"), ("FCP", "fcp_ms"), ("TTFB", "ttfb_ms")];

/// `page_view_facts`: one row for each page view of a session.
pub(super) static WALK: Walk = Walk {
    name: "page_view_facts",
    order: Order::Sessions,
    types: &[],
    reads: || {
        vec![
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
            "page_url",
            "page_path",
            "page_title",
            "y",
            "vital_name",
            "vital_value",
        ]
    },
    gives,
    asks_past: false,
    begin: |_: &Arc<dyn Past>| Box::new(PageViews::default()),
};

fn gives() -> Vec<Field> {
    let texts = |names: &[&str]| of(&DataType::Utf8View, names);
    [
        texts(&["site_id", "session_id", "visitor_id", "tab_id", "page_view_id"]),
        times(&["session_started_at", "started_at", "ended_at", "first_interaction_at"]),
        texts(&["page_url", "page_path", "page_title", "next_page"]),
        of(&DataType::Float64, &["visible_ms", "engaged_ms", "max_scroll_y"]),
        of(&DataType::Float64, &VITALS.map(|(_, column)| column)),
        of(&DataType::Int64, &["events", "clicks"]),
    ]
    .concat()
}

#[derive(Default)]
struct PageViews {
    cursor: Cursor,
    tab: Tab,
    time: TabTime,
}

/// A tab of a session whose events come, by their numbers.
#[derive(Default)]
struct Tab {
    /// Site, session, visitor and tab.
    ids: [String; 4],
    session_started_at: i64,
    /// In the order of their first events.
    pages: Vec<Page>,
    places: HashMap<String, usize>,
    /// Of the event before.
    page: usize,
}

struct Page {
    id: String,
    started_at: i64,
    ended_at: i64,
    first_interaction_at: Option<i64>,
    url: First<i64>,
    path: First<i64>,
    title: Last<i64>,
    times: Times,
    max_scroll_y: Option<f64>,
    vitals: [Option<f64>; VITALS.len()],
    events: i64,
    clicks: i64,
}

impl Walker for PageViews {
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()> {
        let (sites, sessions, tabs) = (events.texts("site_id")?, events.texts("session_id")?, events.texts("tab_id")?);
        let (visitors, starts) = (events.texts("visitor_id")?, events.times("session_started_at")?);
        let columns = Columns::of(events)?;
        for (row, start) in starts.iter().enumerate() {
            let turn = self.cursor.turn([sites.given(row), sessions.given(row), tabs.given(row)]);
            if turn != Turn::Nothing {
                self.end(rows)?;
                let ids = [sites, sessions, visitors, tabs].map(|column| column.given(row).to_owned());
                self.tab = Tab { ids, session_started_at: *start, ..Tab::default() };
            }
            let page = self.tab.page(columns.page_views.given(row), columns.at[row]);
            self.tab.pages[page].add(&columns, row);
            let step = Step {
                kind: columns.types[row],
                at: columns.at[row],
                visibility_state: columns.visibility.value(row),
                page,
            };
            let pages = &mut self.tab.pages;
            self.time.step(&step, &mut |stretch| pages[stretch.page].times.add(stretch));
        }
        Ok(())
    }

    fn end(&mut self, rows: &mut Made) -> anyhow::Result<()> {
        let pages = &mut self.tab.pages;
        self.time.end(&mut |stretch| pages[stretch.page].times.add(stretch));
        std::mem::take(&mut self.tab).write(rows)
    }
}

/// What of some events a page view is made of.
struct Columns<'a> {
    types: Vec<Option<EventType>>,
    at: &'a [i64],
    seq: &'a [i64],
    page_views: Texts<'a>,
    visibility: Texts<'a>,
    urls: Texts<'a>,
    paths: Texts<'a>,
    titles: Texts<'a>,
    y: &'a Float64Array,
    vital_names: Texts<'a>,
    vital_values: &'a Float64Array,
}

impl<'a> Columns<'a> {
    fn of(events: &Events<'a>) -> anyhow::Result<Self> {
        Ok(Self {
            types: events.types()?,
            at: events.times("occurred_at")?,
            seq: events.numbers::<Int64Type>("seq")?.values(),
            page_views: events.texts("page_view_id")?,
            visibility: events.texts("visibility_state")?,
            urls: events.texts("page_url")?,
            paths: events.texts("page_path")?,
            titles: events.texts("page_title")?,
            y: events.numbers::<Float64Type>("y")?,
            vital_names: events.texts("vital_name")?,
            vital_values: events.numbers::<Float64Type>("vital_value")?,
        })
    }
}

impl Tab {
    /// Place of a page view; a new one begins at that time.
    fn page(&mut self, id: &str, at: i64) -> usize {
        if self.pages.get(self.page).is_some_and(|page| page.id == id) {
            return self.page;
        }
        self.page = match self.places.get(id) {
            Some(place) => *place,
            None => {
                self.places.insert(id.to_owned(), self.pages.len());
                self.pages.push(Page::begin(id.to_owned(), at));
                self.pages.len() - 1
            }
        };
        self.page
    }

    fn write(mut self, rows: &mut Made) -> anyhow::Result<()> {
        let next: Vec<Option<String>> =
            self.pages.iter().skip(1).map(|page| page.path.text(0).map(str::to_owned)).collect();
        for (place, page) in self.pages.iter_mut().enumerate() {
            let spans = [page.times.visible_ms(), page.times.engaged_ms()];
            let next_page = next.get(place).and_then(|path| path.as_deref());
            let mut cells: Vec<Cell<'_>> = self.ids.iter().map(|id| Cell::Text(Some(id.as_str()))).collect();
            cells.push(Cell::Text(Some(&page.id)));
            cells.extend([self.session_started_at, page.started_at, page.ended_at].map(|at| Cell::Number(Some(at))));
            cells.push(Cell::Number(page.first_interaction_at));
            cells.extend([page.url.text(0), page.path.text(0), page.title.text(), next_page].map(Cell::Text));
            cells.extend(spans.map(|ms| Cell::Float(Some(ms))));
            cells.push(Cell::Float(page.max_scroll_y));
            cells.extend(page.vitals.map(Cell::Float));
            cells.extend([page.events, page.clicks].map(|count| Cell::Number(Some(count))));
            rows.add(cells)?;
        }
        Ok(())
    }
}

impl Page {
    fn begin(id: String, at: i64) -> Self {
        Self {
            id,
            started_at: at,
            ended_at: at,
            first_interaction_at: None,
            url: First::default(),
            path: First::default(),
            title: Last::default(),
            times: Times::default(),
            max_scroll_y: None,
            vitals: [None; VITALS.len()],
            events: 0,
            clicks: 0,
        }
    }

    fn add(&mut self, columns: &Columns<'_>, row: usize) {
        let (kind, at, seq) = (columns.types[row], columns.at[row], columns.seq[row]);
        self.started_at = self.started_at.min(at);
        self.ended_at = self.ended_at.max(at);
        self.events += 1;
        self.clicks += i64::from(kind == Some(EventType::Click));
        self.url.known(seq, &[columns.urls], row);
        self.path.known(seq, &[columns.paths], row);
        self.title.known(seq, columns.titles.value(row));
        if kind.is_some_and(is_interaction) {
            self.first_interaction_at = Some(self.first_interaction_at.map_or(at, |first| first.min(at)));
        }
        if kind == Some(EventType::Scroll) && columns.y.is_valid(row) {
            let y = columns.y.value(row);
            self.max_scroll_y = Some(self.max_scroll_y.map_or(y, |most| most.max(y)));
        }
        if kind == Some(EventType::WebVital) {
            let name = columns.vital_names.given(row).to_uppercase();
            if let Some(vital) = VITALS.iter().position(|(vital, _)| *vital == name) {
                self.vitals[vital] = value(columns.vital_values, row);
            }
        }
    }
}

fn is_interaction(kind: EventType) -> bool {
    use EventType::{
        Change, Click, Clipboard, Composition, ContextMenu, DoubleClick, Drag, Input, Key, PointerDown, Submit,
    };
    matches!(
        kind,
        Click
            | DoubleClick
            | ContextMenu
            | PointerDown
            | Drag
            | Input
            | Composition
            | Change
            | Submit
            | Key
            | Clipboard
    )
}
