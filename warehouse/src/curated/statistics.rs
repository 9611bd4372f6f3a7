//! Least and greatest values of a file's columns: made while it is written, kept in the Delta log as JSON, used to
//! skip files.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::kernels::aggregate::{
    max, max_string, max_string_view, min, min_string, min_string_view,
};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ColumnStatistics;
use datafusion::common::stats::Precision;
use datafusion::scalar::ScalarValue;
use serde_json::{Map, Value, json};

use super::file::FILE_PREFIX;
use crate::tables::Table;

/// Collects the statistics of one file.
#[derive(Debug)]
pub(crate) struct Collector {
    columns: Vec<(&'static str, Seen)>,
    rows: u64,
}

/// What was seen of a column.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    bounds: Option<Bounds>,
    nulls: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Bounds {
    Text(String, String),
    Number(i64, i64),
    Time(i64, i64),
}

impl Collector {
    pub(crate) fn new(table: &'static Table) -> Self {
        let columns = table.statistics_columns.iter().map(|name| (*name, Seen::default())).collect();
        Self { columns, rows: 0 }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes in rows of the file.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        self.add_rows(batch.num_rows());
        for (name, seen) in &mut self.columns {
            if let Some(column) = batch.column_by_name(name) {
                seen.widen(Seen::of(column));
            }
        }
    }

    /// Takes in so many rows, of which each column is told by itself.
    pub(crate) fn add_rows(&mut self, rows: usize) {
        self.rows += rows as u64;
    }

    /// Whether the column has statistics.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.columns.iter().any(|(wanted, _)| *wanted == name)
    }

    /// Takes in what was seen of a column.
    pub(crate) fn widen(&mut self, name: &str, new: Seen) {
        if let Some((_, seen)) = self.columns.iter_mut().find(|(wanted, _)| *wanted == name) {
            seen.widen(new);
        }
    }

    /// The statistics of an `add` action.
    pub(crate) fn json(&self) -> String {
        let (mut least, mut greatest) = (Map::new(), Map::new());
        for (name, seen) in &self.columns {
            let Some(bounds) = &seen.bounds else { continue };
            let (low, high) = bounds.json();
            least.insert((*name).to_owned(), low);
            greatest.insert((*name).to_owned(), high);
        }
        let nulls = self.columns.iter().map(|(name, seen)| ((*name).to_owned(), json!(seen.nulls)));
        let nulls: Map<String, Value> = nulls.collect();
        json!({"numRecords": self.rows, "minValues": least, "maxValues": greatest, "nullCount": nulls}).to_string()
    }
}

impl Seen {
    /// Of a text column in a dictionary, that holds no text but those of the rows.
    pub(crate) fn of(column: &ArrayRef) -> Self {
        Self { bounds: bounds_of(column), nulls: column.null_count() as u64 }
    }

    fn widen(&mut self, new: Self) {
        self.nulls += new.nulls;
        self.bounds = match (self.bounds.take(), new.bounds) {
            (Some(old), Some(new)) => Some(old.widen(new)),
            (old, new) => old.or(new),
        };
    }
}

impl Bounds {
    fn widen(self, other: Self) -> Self {
        match (self, other) {
            (Self::Text(low, high), Self::Text(other_low, other_high)) => {
                Self::Text(low.min(other_low), high.max(other_high))
            }
            (Self::Number(low, high), Self::Number(other_low, other_high)) => {
                Self::Number(low.min(other_low), high.max(other_high))
            }
            (Self::Time(low, high), Self::Time(other_low, other_high)) => {
                Self::Time(low.min(other_low), high.max(other_high))
            }
            (own, _) => own,
        }
    }

    fn json(&self) -> (Value, Value) {
        match self {
            Self::Text(low, high) => (json!(low), json!(high)),
            Self::Number(low, high) => (json!(low), json!(high)),
            Self::Time(low, high) => (json!(time_text(*low)), json!(time_text(*high))),
        }
    }
}

fn bounds_of(column: &ArrayRef) -> Option<Bounds> {
    match column.data_type() {
        DataType::Utf8View => {
            let column = column.as_string_view();
            Some(Bounds::Text(min_string_view(column)?.to_owned(), max_string_view(column)?.to_owned()))
        }
        DataType::Dictionary(_, _) => {
            let texts = column.as_any_dictionary().values().as_string::<i32>();
            Some(Bounds::Text(min_string(texts)?.to_owned(), max_string(texts)?.to_owned()))
        }
        DataType::Int64 => {
            let column = column.as_primitive::<Int64Type>();
            Some(Bounds::Number(min(column)?, max(column)?))
        }
        DataType::Timestamp(_, _) => {
            let column = column.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some(Bounds::Time(min(column)?, max(column)?))
        }
        _ => None,
    }
}

/// RFC 3339 with microseconds, in UTC.
pub(crate) fn time_text(micros: i64) -> String {
    chrono::DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// Reads the JSON statistics of a file: its rows, and for each column of the files' schema what is known.
pub(crate) fn column_statistics(
    table: &'static Table,
    stats: Option<&str>,
    path: &str,
) -> (Option<u64>, Vec<ColumnStatistics>) {
    let stats: Value = stats.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    // Other writers cut long texts: only our own statistics are exact.
    let own = path.rsplit('/').next().is_some_and(|name| name.starts_with(FILE_PREFIX));
    let schema = table.file_schema();
    let columns = schema.fields().iter().map(|field| {
        let bound = |side: &str| {
            let value = own.then(|| stats.get(side)?.get(field.name())).flatten();
            value.and_then(|value| scalar(field.data_type(), value)).map_or(Precision::Absent, Precision::Exact)
        };
        ColumnStatistics {
            min_value: bound("minValues"),
            max_value: bound("maxValues"),
            ..ColumnStatistics::new_unknown()
        }
    });
    (stats.get("numRecords").and_then(Value::as_u64), columns.collect())
}

/// Of a column that has this value in all rows.
pub(super) fn of_all_rows(value: ScalarValue) -> ColumnStatistics {
    let value = Precision::Exact(value);
    ColumnStatistics {
        null_count: Precision::Exact(0),
        min_value: value.clone(),
        max_value: value,
        ..ColumnStatistics::new_unknown()
    }
}

fn scalar(kind: &DataType, value: &Value) -> Option<ScalarValue> {
    match kind {
        DataType::Utf8 => Some(ScalarValue::Utf8View(Some(value.as_str()?.to_owned()))),
        DataType::Int64 => Some(ScalarValue::Int64(Some(value.as_i64()?))),
        DataType::Timestamp(_, zone) => {
            let time = chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            Some(ScalarValue::TimestampMicrosecond(Some(time.timestamp_micros()), zone.clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Int64Array, StringViewArray, TimestampMicrosecondArray};

    use super::*;
    use crate::tables::EVENTS;

    #[test]
    fn what_is_collected_reads_back() {
        let times = TimestampMicrosecondArray::from(vec![1_795_250_919_000_500, 1_795_250_919_000_499]);
        let batch = RecordBatch::try_from_iter([
            ("type", Arc::new(StringViewArray::from(vec!["scroll", "click"])) as ArrayRef),
            ("seq", Arc::new(Int64Array::from(vec![7, 3])) as ArrayRef),
            ("occurred_at", Arc::new(times.with_timezone("UTC")) as ArrayRef),
        ])
        .unwrap();
        let mut collector = Collector::new(&EVENTS);
        collector.add(&batch.slice(0, 1));
        collector.add(&batch.slice(1, 1));

        let (rows, columns) = column_statistics(&EVENTS, Some(&collector.json()), "a/ct-1.parquet");
        let schema = EVENTS.file_schema();
        let at = |name: &str| &columns[schema.index_of(name).unwrap()];
        assert_eq!(rows, Some(2));
        assert_eq!(at("type").min_value, Precision::Exact(ScalarValue::Utf8View(Some("click".into()))));
        assert_eq!(at("seq").max_value, Precision::Exact(ScalarValue::from(7_i64)));
        let least = ScalarValue::TimestampMicrosecond(Some(1_795_250_919_000_499), Some("UTC".into()));
        assert_eq!(at("occurred_at").min_value, Precision::Exact(least));
        assert_eq!(at("tab_id").min_value, Precision::Absent);
        let (_, foreign) = column_statistics(&EVENTS, Some(&collector.json()), "a/part-1.parquet");
        assert_eq!(foreign[schema.index_of("seq").unwrap()].max_value, Precision::Absent);
    }
}
