//! One tab of one session: what was expected, received, lost.

mod tabs;

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::{Input, Rows, Stray, Sum, Table};

pub(super) static TABLE: Table = Table {
    name: "ledger",
    columns,
    sort_order: "site_id, event_date, visitor_id, session_started_at, tab_id",
    statistics_columns: &["session_id", "visitor_id", "tab_id", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions { sql: || SQL.into(), inputs: &[Input::Walk(&tabs::WALK)] },
    sums: &[
        Sum {
            what: "events received",
            own: "select coalesce(sum(events_received), 0) from ledger",
            of_events: "select count(*) from events",
            level_only: false,
        },
        Sum {
            what: "tabs of sessions",
            own: "select count(*) from ledger",
            of_events: "select count(*) from (select distinct site_id, session_id, tab_id from events)",
            level_only: true,
        },
    ],
    strays: &[Stray {
        what: "tabs of a session that events does not know",
        sql: "select l.session_id from ledger l left join (select distinct site_id, session_id from events) e \
              on l.site_id = e.site_id and l.session_id = e.session_id where e.session_id is null",
    }],
    repeats: Some("duplicates"),
};

fn columns() -> Vec<Field> {
    [
        identity(),
        text(&["tab_id"]),
        times(&["session_started_at"]),
        of(
            &DataType::Int64,
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
        times(&["first_gap_at"]),
        of(&DataType::Int64, &["first_seq", "last_seq", "last_batch_seq"]),
        of(&DataType::Boolean, &["losses_bounded"]),
    ]
    .concat()
}

const SQL: &str = r"
-- One row per tab of a session. Reads `tabs`, which counts what its events and their numbers tell.
select site_id, cast(session_started_at as date) as event_date, session_id, visitor_id, tab_id, session_started_at,
    batches_received + batches_lost as batches_expected, batches_received, batches_lost,
    events_received + events_lost as events_expected, events_received, events_lost,
    duplicates, first_gap_seq, first_gap_at, first_seq, last_seq, last_batch_seq, losses_bounded
from tabs
";
