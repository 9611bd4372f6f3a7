//! Stays of the pointer on elements.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Float64Type};
use schemas::ingest::EventType;

use crate::tables::columns::of;
use crate::tables::walk::{Cell, Cursor, Elements, Events, Made, Order, Past, Turn, Walk, Walker, as_in_events, value};

/// Columns of a leave as they are in `events`.
const OWN: [&str; 20] = [
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
    "duration_ms",
];
/// Shorter stays are passing over (DEFINITIONS: a hover).
const STAY_MS: f64 = 250.0;

/// `stays`: one row for each stay of 250 ms or more.
pub(super) static WALK: Walk = Walk {
    name: "stays",
    order: Order::Sessions,
    types: &[EventType::Click, EventType::ElementLeave],
    reads: || OWN.into_iter().chain(["type"]).collect(),
    gives: || [as_in_events(&OWN), of(&DataType::Int64, &["clicks"])].concat(),
    asks_past: false,
    begin: |_: &Arc<dyn Past>| Box::new(Stays::default()),
};

#[derive(Default)]
struct Stays {
    cursor: Cursor,
    /// On each element since it was left last.
    clicks: Elements<i64>,
}

impl Walker for Stays {
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()> {
        let (sites, sessions, tabs) = (events.texts("site_id")?, events.texts("session_id")?, events.texts("tab_id")?);
        let (pages, paths, types) = (events.texts("page_view_id")?, events.texts("element_path")?, events.types()?);
        let duration_ms = events.numbers::<Float64Type>("duration_ms")?;
        let own = events.columns(&OWN)?;
        for (row, kind) in types.into_iter().enumerate() {
            if self.cursor.turn([sites.given(row), sessions.given(row), tabs.given(row)]) != Turn::Nothing {
                self.clicks.forget();
            }
            let clicks = self.clicks.of(pages.given(row), paths.given(row));
            match kind {
                Some(EventType::Click) => *clicks += 1,
                Some(EventType::ElementLeave) => {
                    let clicks = std::mem::take(clicks);
                    if value(duration_ms, row).is_some_and(|stay| stay >= STAY_MS) {
                        let counted = Cell::Number(Some(clicks));
                        rows.add(own.iter().map(|column| column.cell(row)).chain([counted]))?;
                    }
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
