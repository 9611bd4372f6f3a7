//! Rows of the tables that have one for each landed event.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::prelude::DataFrame;

use super::functions::{event_part, event_set};
use super::part::Part;
use super::visitors::EventId;
use crate::engine::inputs::Inputs;
use crate::tables::{Rows, Table};

/// Which rows of `landing` are an event's own.
pub(super) struct Landed<'a> {
    /// Events that stand elsewhere already.
    pub known: &'a Arc<HashSet<EventId>>,
    /// Some event stands twice: the first by partition and offset counts.
    pub doubled: bool,
}

impl Landed<'_> {
    /// A part of the rows that `landing` has for a table, with their final sessions.
    pub(super) async fn rows(&self, mut inputs: Inputs, table: &Table, part: Part) -> anyhow::Result<DataFrame> {
        let Rows::Landed { only_type, renamed } = table.rows else {
            anyhow::bail!("{table:?} is computed from sessions")
        };
        let mut rows =
            String::from("select *, cast(occurred_at as date) as event_date from landing where not duplicate");
        if let Some(kind) = only_type {
            rows = format!("{rows} and type = '{kind}'");
        }
        if let Some(condition) = part.of_events() {
            inputs = inputs.function(event_part(part.of));
            rows = format!("{rows} and {condition}");
        }
        if !self.known.is_empty() {
            inputs = inputs.function(event_set("already_known", self.known.clone()));
            rows.push_str(" and not already_known(site_id, tab_id, seq)");
        }
        if self.doubled {
            rows = format!(
                "select * from (select *, row_number() over (partition by site_id, tab_id, seq \
                 order by kafka_partition, kafka_offset) as nth from ({rows})) where nth = 1"
            );
        }
        inputs.select(&format!("select {} from ({rows})", final_columns(table, renamed))).await
    }
}

/// Condition on rows of such a table: their session is another now.
pub(super) const CHANGED: &str =
    "session_started_at <> final_session_start(site_id, visitor_id, occurred_at, session_started_at)";

/// Select list of a table whose session columns are taken from the functions; `renamed` columns from others.
pub(super) fn final_columns(table: &Table, renamed: &[(&str, &str)]) -> String {
    let columns = table.columns().into_iter().map(|name| match name.as_str() {
        "session_id" => "final_session_id(site_id, visitor_id, occurred_at, session_id) as session_id".into(),
        "session_started_at" => {
            "final_session_start(site_id, visitor_id, occurred_at, session_started_at) as session_started_at".into()
        }
        _ => match renamed.iter().find(|(own, _)| *own == name) {
            Some((own, landing)) => format!("{landing} as {own}"),
            None => name,
        },
    });
    columns.collect::<Vec<String>>().join(", ")
}
