//! One tab of one session: what was expected, received, lost.

use datafusion::arrow::datatypes::{DataType, Field};

use super::columns::{identity, of, text, times};
use super::{Input, Rows, Stray, Sum, Table};

pub(super) static TABLE: Table = Table {
    name: "ledger",
    columns,
    sort_order: "site_id, event_date, visitor_id, session_started_at, tab_id",
    statistics_columns: &["session_id", "visitor_id", "tab_id", "session_started_at"],
    bloom_filter_columns: &[],
    rows: Rows::OfSessions { sql: || SQL.into(), inputs: &[Input::Kept, Input::Repeats] },
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
    repeats: Some("select coalesce(sum(duplicates), 0) from ledger"),
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
-- One row per tab of a session. `seq` and `batch_seq` of a tab run from 0 without gaps and in the same order (a batch
-- that is sent in halves keeps its number), so what is missing between two neighbours was lost; it is charged to the
-- session of the later neighbour. A batch belongs to the session of its first event. A later session of a tab goes on
-- where the one before ended (`before`: the tab's sessions that stay as they are). Reads `touched_events` and `kept`;
-- `repeats_of` counts what came again of an event.
--
-- A lost batch took at least one event with it: batches missing between two events that follow each other were empty,
-- and came. Numbers are the sender's word, and anybody can send 9007199254740991. So a gap is at most what a tab can have
-- sent: one full batch (1,000 events) and 100 events a second since the session of the event before began, or in a day
-- when there was none; a longer one is cut to that, and `losses_bounded` says so.
with before as (
    select site_id, visitor_id, tab_id, max(last_seq) as last_seq, max(last_batch_seq) as last_batch_seq,
        max(session_started_at) as session_started_at
    from kept group by site_id, visitor_id, tab_id
),
numbered as (
    select site_id, session_id, session_started_at, visitor_id, tab_id, occurred_at,
        repeats_of(site_id, tab_id, seq) as duplicates,
        least(greatest(seq, 0), 9007199254740991) as seq,
        least(greatest(batch_seq, 0), 9007199254740991) as batch_seq
    from touched_events
),
steps as (
    select e.*,
        coalesce(lag(e.seq) over (partition by e.site_id, e.visitor_id, e.tab_id order by e.seq), b.last_seq, -1) as previous_seq,
        coalesce(greatest(b.last_batch_seq, max(e.batch_seq) over (partition by e.site_id, e.visitor_id, e.tab_id order by e.seq
            rows between unbounded preceding and 1 preceding)), -1) as previous_batch_seq,
        coalesce(lag(e.session_started_at) over (partition by e.site_id, e.visitor_id, e.tab_id order by e.seq),
            b.session_started_at) as since
    from before b right join numbered e
        on b.site_id = e.site_id and b.visitor_id = e.visitor_id and b.tab_id = e.tab_id
),
gaps as (
    select *,
        greatest(seq - previous_seq - 1, 0) as gap,
        greatest(batch_seq - previous_batch_seq - 1, 0) as batch_gap,
        1000 + 100 * greatest(coalesce((cast(occurred_at as bigint) - cast(since as bigint)) / 1000000, 86400), 0) as gap_max
    from steps
),
bounded as (
    select *,
        least(gap, gap_max) as lost,
        least(batch_gap, gap, gap_max) as lost_batches,
        least(batch_gap - least(batch_gap, gap, gap_max), gap_max) as empty_batches
    from gaps
),
tabs as (
    select site_id, session_id, session_started_at, visitor_id, tab_id,
        count(*) filter (where batch_seq > previous_batch_seq) + cast(sum(empty_batches) as bigint) as batches_received,
        cast(sum(lost_batches) as bigint) as batches_lost,
        max(batch_seq) as last_batch_seq,
        count(*) as events_received,
        cast(sum(lost) as bigint) as events_lost,
        cast(coalesce(sum(duplicates), 0) as bigint) as duplicates,
        min(case when gap > 0 then previous_seq + 1 end) as first_gap_seq,
        first_value(occurred_at order by seq) filter (where gap > 0) as first_gap_at,
        min(seq) as first_seq,
        max(seq) as last_seq,
        bool_or(gap > lost or batch_gap > lost_batches + empty_batches) as losses_bounded
    from bounded group by site_id, session_id, session_started_at, visitor_id, tab_id
)
select site_id, cast(session_started_at as date) as event_date, session_id, visitor_id, tab_id, session_started_at,
    batches_received + batches_lost as batches_expected, batches_received, batches_lost,
    events_received + events_lost as events_expected, events_received, events_lost,
    duplicates, first_gap_seq, first_gap_at, first_seq, last_seq, last_batch_seq, losses_bounded
from tabs
";
