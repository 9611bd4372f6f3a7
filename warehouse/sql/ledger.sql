-- One row per tab of a session. `seq` and `batch_seq` of a tab run from 0 without gaps, so what is missing between two
-- neighbours was lost; it is charged to the session of the later neighbour. A later session of a tab goes on where the
-- one before ended (`ledger_before`: the tab's sessions that stay as they are).
with steps as (
    select e.site_id, e.session_id, e.session_started_at, e.visitor_id, e.tab_id, e.seq, e.batch_seq, e.occurred_at,
        coalesce(lag(e.seq) over (partition by e.site_id, e.tab_id order by e.seq), b.last_seq, -1) as previous_seq
    from touched_events e
    left join ledger_before b on b.site_id = e.site_id and b.tab_id = e.tab_id
),
batches as (
    select s.site_id, s.tab_id, s.batch_seq, first_value(s.session_id order by s.seq) as session_id
    from steps s group by s.site_id, s.tab_id, s.batch_seq
),
batch_steps as (
    select a.site_id, a.tab_id, a.session_id, a.batch_seq,
        coalesce(lag(a.batch_seq) over (partition by a.site_id, a.tab_id order by a.batch_seq), b.last_batch_seq, -1)
            as previous_batch_seq
    from batches a
    left join ledger_before b on b.site_id = a.site_id and b.tab_id = a.tab_id
),
batch_counts as (
    select site_id, tab_id, session_id,
        count(*) filter (where batch_seq > previous_batch_seq) as received,
        cast(sum(greatest(batch_seq - previous_batch_seq - 1, 0)) as bigint) as lost,
        max(batch_seq) as last_batch_seq
    from batch_steps group by site_id, tab_id, session_id
),
repeats as (
    select s.site_id, s.tab_id, s.session_id, cast(sum(d.duplicates) as bigint) as duplicates
    from duplicate_marks d
    join steps s on s.site_id = d.site_id and s.tab_id = d.tab_id and s.seq = d.seq
    group by s.site_id, s.tab_id, s.session_id
),
event_counts as (
    select site_id, session_id, session_started_at, visitor_id, tab_id,
        count(*) as received,
        cast(sum(greatest(seq - previous_seq - 1, 0)) as bigint) as lost,
        min(case when seq - previous_seq > 1 then previous_seq + 1 end) as first_gap_seq,
        first_value(occurred_at order by seq) filter (where seq - previous_seq > 1) as first_gap_at,
        min(seq) as first_seq,
        max(seq) as last_seq
    from steps group by site_id, session_id, session_started_at, visitor_id, tab_id
)
select c.site_id, cast(c.session_started_at as date) as event_date, c.session_id, c.visitor_id, c.tab_id, c.session_started_at,
    coalesce(b.received, 0) + coalesce(b.lost, 0) as batches_expected,
    coalesce(b.received, 0) as batches_received,
    coalesce(b.lost, 0) as batches_lost,
    c.received + c.lost as events_expected,
    c.received as events_received,
    c.lost as events_lost,
    coalesce(r.duplicates, 0) as duplicates,
    c.first_gap_seq, c.first_gap_at, c.first_seq, c.last_seq,
    b.last_batch_seq
from event_counts c
left join batch_counts b on b.site_id = c.site_id and b.tab_id = c.tab_id and b.session_id = c.session_id
left join repeats r on r.site_id = c.site_id and r.tab_id = c.tab_id and r.session_id = c.session_id
