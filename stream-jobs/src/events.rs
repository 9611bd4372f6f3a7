//! Flat events between the steps: what the transform gives, what sessions are assigned by, what they add.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{ArrayRef, BooleanArray, StringArray, TimestampMicrosecondArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;

/// From 2000 to 2199. A server's clock that shows another year is not set.
pub(crate) const BELIEVABLE_US: Range<i64> = 946_684_800_000_000..7_258_118_400_000_000;

/// Landing columns by name.
pub(crate) type Columns = HashMap<&'static str, ArrayRef>;

/// Flat events of some packages, not yet assigned to sessions.
#[derive(Debug)]
pub(crate) struct Events {
    pub columns: Columns,
    /// The landing columns, in order.
    pub fields: Vec<Field>,
    /// What sessions are assigned by.
    pub keys: EventKeys,
}

/// Identity and time of the events: texts one per package, numbers one per event.
#[derive(Debug)]
pub(crate) struct EventKeys {
    pub site_id: StringArray,
    pub visitor_id: StringArray,
    pub tab_id: StringArray,
    /// Events of package `i` are `offsets[i]..offsets[i + 1]`.
    pub offsets: OffsetBuffer<i32>,
    pub seq: Vec<i64>,
    /// Epoch microseconds.
    pub occurred_at: Vec<i64>,
    /// The broker's time of each package, epoch microseconds; `None` where it cannot be believed.
    pub broker_at: Vec<Option<i64>>,
}

impl Events {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.seq.is_empty()
    }

    /// The rows of the landing file. Text that packages or sessions share is dictionary-encoded in memory; the file's
    /// columns are those of [`event_fields`](schemas::landing::event_fields).
    pub(crate) fn rows(mut self, assigned: Assigned) -> Result<RecordBatch> {
        self.columns.insert("session_id", assigned.session_id);
        self.columns.insert("session_started_at", Arc::new(time_array(assigned.session_started_at)));
        self.columns.insert("late", Arc::new(assigned.late));
        self.columns.insert("duplicate", Arc::new(assigned.duplicate));
        let mut fields = Vec::with_capacity(self.fields.len());
        let mut arrays = Vec::with_capacity(self.fields.len());
        for field in self.fields {
            let array = self.columns.remove(field.name().as_str());
            let array = array.with_context(|| format!("no column {} was made", field.name()))?;
            fields.push(field.with_data_type(array.data_type().clone()));
            arrays.push(array);
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}

/// The columns that the sessions add to a batch of events.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub session_id: ArrayRef,
    /// Epoch microseconds.
    pub session_started_at: Vec<i64>,
    /// Below the watermark, and no duplicate.
    pub late: BooleanArray,
    pub duplicate: BooleanArray,
    pub late_total: u64,
    pub duplicates_total: u64,
}

/// A column of times, from epoch microseconds.
pub(crate) fn time_array(us: Vec<i64>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from(us).with_timezone("UTC")
}
