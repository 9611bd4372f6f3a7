//! Sessions that may go on: what follows from them is computed again in the next rounds, so their rows stand in files of their own.

use std::collections::HashMap;

use anyhow::Context;
use datafusion::arrow::array::{AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use schemas::session::GAP_US_MAX;

use super::visitors::{Key, key};
use crate::curated::writer::Apart;

/// Of some landed events the sessions that another event may continue, one of each visitor. Times are epoch microseconds.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// When they began.
    pub(super) starts: HashMap<Key, i64>,
    /// When the newest of the events was.
    pub newest: i64,
}

impl Open {
    /// When the open session of a visitor began.
    pub(crate) fn start_of(&self, visitor: Key) -> Option<i64> {
        self.starts.get(&visitor).copied()
    }

    /// The newest event after which all of these are over.
    pub(crate) fn until(&self) -> i64 {
        self.newest.saturating_add(GAP_US_MAX)
    }
}

impl Apart for Open {
    fn chosen(&self, rows: &RecordBatch) -> anyhow::Result<BooleanArray> {
        let column = |name: &str| rows.column_by_name(name).with_context(|| format!("rows without {name}"));
        let texts = |name| anyhow::Ok(cast(column(name)?, &DataType::Utf8View)?);
        let (sites, visitors) = (texts("site_id")?, texts("visitor_id")?);
        let (sites, visitors) = (sites.as_string_view(), visitors.as_string_view());
        let starts = column("session_started_at")?.as_primitive::<TimestampMicrosecondType>();
        let is_open = |row| {
            let start = self.start_of(key(&[sites.value(row), visitors.value(row)]));
            start.is_some_and(|start| starts.value(row) >= start)
        };
        Ok((0..rows.num_rows()).map(|row| Some(is_open(row))).collect())
    }
}
