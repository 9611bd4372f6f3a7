//! Landed rows that are not the row of their event: what came again, whoever sent it.
//!
//! The stream job marks what it knows as repeated. It counts each visitor's tabs for itself and forgets after a day, so
//! there are unmarked ones too, which compaction leaves out. Every landed row is therefore looked up: it is the row that
//! stands in `events`, or a repeat that the ledger counts at that row. So received = curated + duplicates.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use crate::limits::DUPLICATE_US_MAX;
use crate::merge::touched::Touched;
use crate::merge::visitors::{EventId, key, register_event_set};

/// What of the links' rows are repeats.
#[derive(Debug, Default)]
pub struct Repeats {
    /// Rows that are repeats of an event.
    pub counts: HashMap<EventId, i64>,
    /// Events of which no row of the links, marked repeats aside, stands in `events`: it holds them from elsewhere.
    pub foreign: HashSet<EventId>,
    /// Some event stands twice in the links without a mark: the first by partition and offset counts.
    pub doubled: bool,
}

/// The links' rows of one event.
struct Landed {
    rows: i64,
    /// Partition and offset of the first that is not marked.
    first: Option<(i64, i64)>,
}

const EVENT: &str = "site_id, tab_id, seq, kafka_partition, kafka_offset";

impl Repeats {
    /// Compares the tables `landing` and `events` of the context, the latter with all of the links' rows in it. Whoever
    /// has an event that came again is touched by that, since the ledger counts it there.
    pub async fn read(context: &SessionContext, touched: &mut Touched) -> anyhow::Result<Self> {
        let mut repeats = Self::default();
        let mut landed: HashMap<EventId, Landed> = HashMap::new();
        each(context, &format!("select {EVENT}, duplicate from landing"), |batch, row| {
            let origin = origin(batch, row);
            let of = landed.entry(event(batch, row)).or_insert(Landed { rows: 0, first: None });
            of.rows += 1;
            if !batch.column(5).as_boolean().value(row) {
                repeats.doubled |= of.first.is_some();
                of.first = Some(of.first.map_or(origin, |first| first.min(origin)));
            }
        })
        .await?;
        let own = touched.condition("occurred_at", 0);
        each(context, &format!("select {EVENT} from events where {own}"), |batch, row| {
            let event = event(batch, row);
            if let Some(of) = landed.get_mut(&event).filter(|of| of.first == Some(origin(batch, row))) {
                of.rows -= 1;
                of.first = None;
            }
        })
        .await?;
        repeats.foreign = landed.iter().filter(|(_, of)| of.first.is_some()).map(|(event, _)| *event).collect();
        repeats.counts = landed.into_iter().filter(|(_, of)| of.rows > 0).map(|(event, of)| (event, of.rows)).collect();
        repeats.touch_owners(context, touched).await?;
        Ok(repeats)
    }

    async fn touch_owners(&self, context: &SessionContext, touched: &mut Touched) -> anyhow::Result<()> {
        if self.counts.is_empty() {
            return Ok(());
        }
        register_event_set(context, "came_again", Arc::new(self.counts.keys().copied().collect()));
        let since = touched.since("occurred_at", DUPLICATE_US_MAX);
        let sql = format!(
            "select site_id, visitor_id, occurred_at from events where {since} and came_again(site_id, tab_id, seq)"
        );
        each(context, &sql, |batch, row| {
            let visitor = batch.column(1).as_string_view().value(row);
            let at = batch.column(2).as_primitive::<TimestampMicrosecondType>().value(row);
            touched.add(key(&[batch.column(0).as_string_view().value(row), visitor]), visitor, at);
        })
        .await
    }
}

async fn each(context: &SessionContext, sql: &str, mut row: impl FnMut(&RecordBatch, usize)) -> anyhow::Result<()> {
    let mut batches = context.sql(sql).await?.execute_stream().await?;
    while let Some(batch) = batches.try_next().await? {
        (0..batch.num_rows()).for_each(|index| row(&batch, index));
    }
    Ok(())
}

fn event(batch: &RecordBatch, row: usize) -> EventId {
    let text = |column: usize| batch.column(column).as_string_view().value(row);
    (key(&[text(0), text(1)]), number(batch, 2, row))
}

fn origin(batch: &RecordBatch, row: usize) -> (i64, i64) {
    (number(batch, 3, row), number(batch, 4, row))
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> i64 {
    batch.column(column).as_primitive::<Int64Type>().value(row)
}
