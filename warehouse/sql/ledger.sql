-- One row per tab of a session. `seq` and `batch_seq` of a tab run from 0 without gaps and in the same order (a batch
-- that is sent in halves keeps its number), so what is missing between two neighbours was lost; it is charged to the
-- session of the later neighbour. A batch belongs to the session of its first event. A later session of a tab goes on
-- where the one before ended (`ledger_before`: the tab's sessions that stay as they are). One pass over
-- `touched_events`: the few rows stand on the left, where a join keeps them in memory.
with steps as (
    select e.site_id, e.session_id, e.session_started_at, e.visitor_id, e.tab_id, e.seq, e.batch_seq, e.occurred_at,
        d.duplicates,
        coalesce(lag(e.seq) over (partition by e.site_id, e.tab_id order by e.seq), b.last_seq, -1) as previous_seq,
        coalesce(greatest(b.last_batch_seq, max(e.batch_seq) over (partition by e.site_id, e.tab_id order by e.seq
            rows between unbounded preceding and 1 preceding)), -1) as previous_batch_seq
    from duplicate_marks d
    right join (ledger_before b right join touched_events e on b.site_id = e.site_id and b.tab_id = e.tab_id)
        on d.site_id = e.site_id and d.tab_id = e.tab_id and d.seq = e.seq
),
tabs as (
    select site_id, session_id, session_started_at, visitor_id, tab_id,
        count(*) filter (where batch_seq > previous_batch_seq) as batches_received,
        cast(sum(greatest(batch_seq - previous_batch_seq - 1, 0)) as bigint) as batches_lost,
        max(batch_seq) as last_batch_seq,
        count(*) as events_received,
        cast(sum(greatest(seq - previous_seq - 1, 0)) as bigint) as events_lost,
        cast(coalesce(sum(duplicates), 0) as bigint) as duplicates,
        min(case when seq - previous_seq > 1 then previous_seq + 1 end) as first_gap_seq,
        first_value(occurred_at order by seq) filter (where seq - previous_seq > 1) as first_gap_at,
        min(seq) as first_seq,
        max(seq) as last_seq
    from steps group by site_id, session_id, session_started_at, visitor_id, tab_id
)
select site_id, cast(session_started_at as date) as event_date, session_id, visitor_id, tab_id, session_started_at,
    batches_received + batches_lost as batches_expected, batches_received, batches_lost,
    events_received + events_lost as events_expected, events_received, events_lost,
    duplicates, first_gap_seq, first_gap_at, first_seq, last_seq, last_batch_seq
from tabs
