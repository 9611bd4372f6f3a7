//! The curated tables: names, columns, partitions, sort orders, statistics.

pub mod campaign;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use schemas::ingest::EventType;
use schemas::landing::{TRAIL_COLUMNS, event_fields};

/// Columns that partition every table; their values stand in the Delta log, not in the files.
pub const PARTITION_COLUMNS: [&str; 2] = ["site_id", "event_date"];

/// A curated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One event.
    Events,
    /// One pointer trail.
    Pointer,
    /// One tab of one session: what was expected, received, lost.
    Ledger,
    /// One session.
    Sessions,
    /// One page view of one session.
    PageViews,
}

impl Table {
    /// All tables, each one after those that it is computed from.
    pub const ALL: [Self; 5] = [Self::Events, Self::Pointer, Self::Ledger, Self::Sessions, Self::PageViews];

    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Pointer => "pointer",
            Self::Ledger => "ledger",
            Self::Sessions => "sessions",
            Self::PageViews => "page_views",
        }
    }

    /// Columns in the order of the views.
    pub fn schema(self) -> SchemaRef {
        let fields = match self {
            Self::Events => events(),
            Self::Pointer => pointer(),
            Self::Ledger => ledger(),
            Self::Sessions => sessions(),
            Self::PageViews => page_views(),
        };
        Arc::new(Schema::new(fields))
    }

    /// Columns of the Parquet files. What a file written before a column came into being lacks is read as null.
    pub fn file_schema(self) -> SchemaRef {
        let schema = self.schema();
        let fields = schema.fields().iter().filter(|field| !PARTITION_COLUMNS.contains(&field.name().as_str()));
        Arc::new(Schema::new(fields.cloned().collect::<Fields>()))
    }

    /// Column names in the order of the views, for a select list.
    pub fn columns(self) -> Vec<String> {
        self.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Order of the rows in the files; the partition columns come first.
    pub fn sort_order(self) -> &'static str {
        match self {
            Self::Events | Self::Pointer => "site_id, event_date, visitor_id, occurred_at, tab_id, seq",
            Self::Ledger => "site_id, event_date, visitor_id, session_started_at, tab_id",
            Self::Sessions => "site_id, event_date, visitor_id, started_at",
            Self::PageViews => "site_id, event_date, visitor_id, started_at, tab_id",
        }
    }

    /// Columns with least and greatest value in the Delta log, by which files are skipped.
    pub fn statistics_columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &[
                "session_id",
                "visitor_id",
                "tab_id",
                "page_view_id",
                "seq",
                "type",
                "occurred_at",
                "session_started_at",
                "kafka_partition",
                "kafka_offset",
            ],
            Self::Pointer => &["session_id", "visitor_id", "tab_id", "page_view_id", "seq", "occurred_at"],
            Self::Ledger => &["session_id", "visitor_id", "tab_id", "session_started_at"],
            Self::Sessions => &["session_id", "visitor_id", "started_at", "ended_at", "session_started_at"],
            Self::PageViews => {
                &["page_view_id", "session_id", "visitor_id", "tab_id", "started_at", "session_started_at"]
            }
        }
    }
}

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Delta names the element of a list `element`.
fn numbers() -> DataType {
    DataType::List(Arc::new(Field::new("element", DataType::Float64, true)))
}

fn of(kind: DataType, names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| Field::new(*name, kind.clone(), true)).collect()
}

fn text(names: &[&str]) -> Vec<Field> {
    of(DataType::Utf8, names)
}

fn identity() -> Vec<Field> {
    [text(&["site_id"]), of(DataType::Date32, &["event_date"]), text(&["session_id", "visitor_id"])].concat()
}

/// The landing columns but the trail and the duplicate mark, with the date of the event.
fn events() -> Vec<Field> {
    let rest = event_fields().into_iter().filter(|field| {
        let name = field.name().as_str();
        !TRAIL_COLUMNS.contains(&name) && !["site_id", "session_id", "visitor_id", "duplicate"].contains(&name)
    });
    identity().into_iter().chain(rest.map(|field| field.with_nullable(true))).collect()
}

fn pointer() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id", "page_view_id"]),
        of(DataType::Int64, &["seq"]),
        of(time(), &["occurred_at", "session_started_at"]),
        of(numbers(), &["dt", "x", "y"]),
    ]
    .concat()
}

fn ledger() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id"]),
        of(time(), &["session_started_at"]),
        of(
            DataType::Int64,
            &[
                "batches_expected",
                "batches_received",
                "batches_lost",
                "events_expected",
                "events_received",
                "events_lost",
                "duplicates",
                "first_gap_seq",
            ],
        ),
        of(time(), &["first_gap_at"]),
        of(DataType::Int64, &["first_seq", "last_seq", "last_batch_seq"]),
        of(DataType::Boolean, &["losses_bounded"]),
    ]
    .concat()
}

fn sessions() -> Vec<Field> {
    let counts: Vec<String> = EventType::ALL.iter().map(|kind| format!("{}_count", kind.name())).collect();
    let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
    [
        identity(),
        text(&["user_id"]),
        of(time(), &["started_at", "ended_at", "session_started_at"]),
        of(DataType::Float64, &["duration_ms", "visible_ms", "engaged_ms"]),
        of(DataType::Int64, &["events", "tabs", "page_views"]),
        of(DataType::Int64, &counts),
        text(&["entry_page", "exit_page"]),
        of(DataType::Boolean, &["bounce_ga4", "bounce_posthog", "bounce_single_page"]),
        of(DataType::Int64, &["events_expected", "events_lost"]),
        of(DataType::Float64, &["completeness"]),
        text(&["device_type", "browser_name", "browser_version", "os_name", "os_version"]),
        text(&["referrer_url", "referrer_host", "referrer_medium", "referrer_source"]),
        text(&schemas::campaign::columns().iter().map(String::as_str).collect::<Vec<_>>()),
        text(&["geo_country", "geo_region", "geo_city"]),
        of(DataType::Boolean, &["is_bot"]),
        text(&["bot_class"]),
        of(DataType::Boolean, &["losses_bounded"]),
    ]
    .concat()
}

fn page_views() -> Vec<Field> {
    [
        text(&["site_id"]),
        of(DataType::Date32, &["event_date"]),
        text(&["page_view_id", "session_id", "visitor_id", "tab_id"]),
        of(time(), &["session_started_at"]),
        text(&["page_url", "page_path", "page_title"]),
        of(time(), &["started_at", "ended_at"]),
        of(DataType::Float64, &["time_on_page_ms", "visible_ms", "engaged_ms", "max_scroll_y", "first_interaction_ms"]),
        of(DataType::Float64, &["lcp_ms", "cls", "inp_ms", "fcp_ms", "ttfb_ms"]),
        of(DataType::Int64, &["events", "clicks"]),
        text(&["next_page"]),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_holds_its_partition_sort_and_statistics_columns() {
        for table in Table::ALL {
            let schema = table.schema();
            let named = PARTITION_COLUMNS.into_iter().chain(table.sort_order().split(", "));
            for name in named.chain(table.statistics_columns().iter().copied()) {
                assert!(schema.index_of(name).is_ok(), "{}: {name}", table.name());
            }
            assert_eq!(table.file_schema().fields().len() + 2, schema.fields().len());
        }
    }

    #[test]
    fn events_keep_where_they_came_from_and_no_trail() {
        let columns = Table::Events.columns();
        for name in ["kafka_partition", "kafka_offset", "late", "session_started_at"] {
            assert!(columns.iter().any(|column| column == name), "{name}");
        }
        assert!(!columns.iter().any(|column| column.starts_with("trail_") || column == "duplicate"));
    }
}
