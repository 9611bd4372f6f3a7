//! Visits of fields: what a person does in one between two focuses.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::PrimitiveArray;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use schemas::ingest::EventType;

use crate::tables::columns::of;
use crate::tables::walk::{
    Cell, Cursor, Elements, Events, Held, Made, Order, Past, Turn, Walk, Walker, as_in_events, value,
};

/// Columns of a focus as they are in `events`.
const OWN: [&str; 14] = [
    "site_id",
    "session_id",
    "tab_id",
    "seq",
    "visitor_id",
    "page_view_id",
    "occurred_at",
    "session_started_at",
    "page_path",
    "element_path",
    "element_tag",
    "element_id",
    "element_name",
    "element_role",
];
/// What is a field: elements of these tags, …
const TAGS: [&str; 3] = ["input", "select", "textarea"];
/// … and of these roles.
const ROLES: [&str; 5] = ["combobox", "listbox", "searchbox", "spinbutton", "textbox"];

/// `visits`: one row for each focus of a field.
pub(super) static WALK: Walk = Walk {
    name: "visits",
    order: Order::Sessions,
    types: &[EventType::Focus, EventType::Blur, EventType::Input, EventType::Change, EventType::Submit],
    reads: || {
        let told = ["type", "duration_ms", "field_hesitation_ms", "field_corrections", "field_refills", "input_length"];
        OWN.into_iter().chain(told).collect()
    },
    gives: || {
        [
            as_in_events(&OWN),
            of(&DataType::Float64, &["dwell_ms", "hesitation_ms"]),
            of(&DataType::Int64, &["edits", "changes", "corrections", "refills", "length"]),
            of(&DataType::Float64, &["submit_after_ms"]),
            of(&DataType::Boolean, &["last"]),
        ]
        .concat()
    },
    asks_past: false,
    begin: |_: &Arc<dyn Past>| Box::new(Fields::default()),
};

/// A tab of a session whose events come, by their numbers.
#[derive(Default)]
struct Fields {
    cursor: Cursor,
    visits: Vec<Visit>,
    /// Place of each field's last visit: what a field tells belongs to it.
    open: Elements<Option<usize>>,
    pages: HashMap<String, Page>,
}

#[derive(Default)]
struct Page {
    visits: Vec<usize>,
    /// When something was submitted.
    submits: Vec<i64>,
}

struct Visit {
    own: Vec<Held>,
    at: i64,
    /// So many submits of the page view came before it.
    submits_before: usize,
    left: Option<Left>,
    edits: i64,
    changes: i64,
    length: Option<i64>,
}

/// What was told when a field was left first.
struct Left {
    dwell_ms: Option<f64>,
    hesitation_ms: Option<f64>,
    corrections: Option<i64>,
    refills: Option<i64>,
}

impl Walker for Fields {
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()> {
        let (sites, sessions, tabs) = (events.texts("site_id")?, events.texts("session_id")?, events.texts("tab_id")?);
        let (pages, paths) = (events.texts("page_view_id")?, events.texts("element_path")?);
        let (tags, roles) = (events.texts("element_tag")?, events.texts("element_role")?);
        let (types, at) = (events.types()?, events.times("occurred_at")?);
        let (own, told) = (events.columns(&OWN)?, Told::of(events)?);
        for row in 0..events.count() {
            if self.cursor.turn([sites.given(row), sessions.given(row), tabs.given(row)]) != Turn::Nothing {
                self.end(rows)?;
            }
            let is_field = || {
                let named = |names: &[&str], name: Option<&str>| name.is_some_and(|name| names.contains(&name));
                named(&TAGS, tags.value(row)) || named(&ROLES, roles.value(row))
            };
            let (page, path) = (pages.given(row), paths.given(row));
            match types[row] {
                Some(EventType::Submit) => self.page(page).submits.push(at[row]),
                Some(EventType::Focus) if is_field() => {
                    let place = self.visits.len();
                    let own = own.iter().map(|column| column.cell(row).held()).collect();
                    let of_page = self.page(page);
                    of_page.visits.push(place);
                    let submits_before = of_page.submits.len();
                    self.visits.push(Visit::begin(own, at[row], submits_before));
                    *self.open.of(page, path) = Some(place);
                }
                Some(kind) => {
                    if let Some(place) = *self.open.of(page, path) {
                        self.visits[place].add(kind, &told, row);
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, rows: &mut Made) -> anyhow::Result<()> {
        let mut ends = vec![(None, false); self.visits.len()];
        for page in self.pages.values() {
            let (mut next, mut submit) = (page.submits.len(), None::<i64>);
            for place in page.visits.iter().rev() {
                let visit = &self.visits[*place];
                while next > visit.submits_before {
                    next -= 1;
                    submit = Some(submit.map_or(page.submits[next], |first| first.min(page.submits[next])));
                }
                ends[*place] = (submit, page.visits.last() == Some(place));
            }
        }
        self.open.forget();
        self.pages.clear();
        self.visits.drain(..).zip(ends).try_for_each(|(visit, (submit, last))| visit.write(submit, last, rows))
    }
}

impl Fields {
    fn page(&mut self, id: &str) -> &mut Page {
        if !self.pages.contains_key(id) {
            return self.pages.entry(id.to_owned()).or_default();
        }
        self.pages.get_mut(id).expect("it is there")
    }
}

/// What is told of a field.
struct Told<'a> {
    dwell_ms: &'a PrimitiveArray<Float64Type>,
    hesitation_ms: &'a PrimitiveArray<Float64Type>,
    corrections: &'a PrimitiveArray<Int64Type>,
    refills: &'a PrimitiveArray<Int64Type>,
    length: &'a PrimitiveArray<Int64Type>,
}

impl<'a> Told<'a> {
    fn of(events: &Events<'a>) -> anyhow::Result<Self> {
        Ok(Self {
            dwell_ms: events.numbers("duration_ms")?,
            hesitation_ms: events.numbers("field_hesitation_ms")?,
            corrections: events.numbers("field_corrections")?,
            refills: events.numbers("field_refills")?,
            length: events.numbers("input_length")?,
        })
    }
}

impl Visit {
    fn begin(own: Vec<Held>, at: i64, submits_before: usize) -> Self {
        Self { own, at, submits_before, left: None, edits: 0, changes: 0, length: None }
    }

    fn add(&mut self, kind: EventType, told: &Told<'_>, row: usize) {
        match kind {
            EventType::Blur => {
                self.left.get_or_insert_with(|| Left {
                    dwell_ms: value(told.dwell_ms, row),
                    hesitation_ms: value(told.hesitation_ms, row),
                    corrections: value(told.corrections, row),
                    refills: value(told.refills, row),
                });
            }
            EventType::Input => {
                self.edits += 1;
                self.length = value(told.length, row);
            }
            EventType::Change => self.changes += 1,
            _ => {}
        }
    }

    fn write(&self, submit: Option<i64>, last: bool, rows: &mut Made) -> anyhow::Result<()> {
        let left = self.left.as_ref();
        let told = [
            Cell::Float(left.and_then(|left| left.dwell_ms)),
            Cell::Float(left.and_then(|left| left.hesitation_ms)),
            Cell::Number(Some(self.edits)),
            Cell::Number(Some(self.changes)),
            Cell::Number(left.and_then(|left| left.corrections)),
            Cell::Number(left.and_then(|left| left.refills)),
            Cell::Number(self.length),
            Cell::Float(submit.map(|submit| (submit - self.at) as f64 / 1000.0)),
            Cell::Flag(last),
        ];
        rows.add(self.own.iter().map(Held::cell).chain(told))
    }
}
