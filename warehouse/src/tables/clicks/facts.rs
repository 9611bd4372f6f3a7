//! Clicks, and what came before each in its tab.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Float64Type};
use schemas::ingest::EventType;

use crate::tables::columns::of;
use crate::tables::walk::{Cell, Cursor, Elements, Events, Made, Order, Past, Turn, Walk, Walker, as_in_events, value};

/// Columns of a click as they are in `events`.
const OWN: [&str; 23] = [
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
    "element_text",
    "element_x",
    "element_y",
    "element_width",
    "element_height",
    "x",
    "y",
    "button",
    "pointer_type",
];

/// `click_facts`: one row for each click.
pub(super) static WALK: Walk = Walk {
    name: "click_facts",
    order: Order::Sessions,
    types: &[EventType::Click, EventType::ElementEnter, EventType::ElementLeave],
    reads: || OWN.into_iter().chain(["type"]).collect(),
    gives: || [as_in_events(&OWN), of(&DataType::Float64, &["dwell_ms", "gap_ms", "distance_px"])].concat(),
    asks_past: false,
    begin: |_: &Arc<dyn Past>| Box::new(Clicks::default()),
};

#[derive(Default)]
struct Clicks {
    cursor: Cursor,
    /// When the pointer came onto each element, if it is there.
    entered: Elements<Option<i64>>,
    before: Option<Click>,
}

#[derive(Clone, Copy)]
struct Click {
    at: i64,
    x: Option<f64>,
    y: Option<f64>,
}

impl Walker for Clicks {
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()> {
        let (sites, sessions, tabs) = (events.texts("site_id")?, events.texts("session_id")?, events.texts("tab_id")?);
        let (pages, paths) = (events.texts("page_view_id")?, events.texts("element_path")?);
        let (types, at) = (events.types()?, events.times("occurred_at")?);
        let (x, y) = (events.numbers::<Float64Type>("x")?, events.numbers::<Float64Type>("y")?);
        let own = events.columns(&OWN)?;
        for row in 0..events.count() {
            if self.cursor.turn([sites.given(row), sessions.given(row), tabs.given(row)]) != Turn::Nothing {
                self.entered.forget();
                self.before = None;
            }
            let entered = self.entered.of(pages.given(row), paths.given(row));
            match types[row] {
                Some(EventType::ElementEnter) => *entered = Some(at[row]),
                Some(EventType::ElementLeave) => *entered = None,
                Some(EventType::Click) => {
                    let dwell_ms = entered.map(|entered| ms(at[row] - entered));
                    let click = Click { at: at[row], x: value(x, row), y: value(y, row) };
                    let before = self.before.replace(click);
                    let gap_ms = before.map(|before| ms(click.at - before.at));
                    let computed = [dwell_ms, gap_ms, before.and_then(|before| click.distance(before))];
                    rows.add(own.iter().map(|column| column.cell(row)).chain(computed.map(Cell::Float)))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, _rows: &mut Made) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Click {
    fn distance(self, other: Self) -> Option<f64> {
        Some(((self.x? - other.x?).powi(2) + (self.y? - other.y?).powi(2)).sqrt())
    }
}

fn ms(us: i64) -> f64 {
    us as f64 / 1000.0
}
