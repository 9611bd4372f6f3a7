-- One row for each tab of a session of which something was recorded, as `ledger` has them for events.
select site_id, session_id, session_started_at, visitor_id, tab_id, count(*) as page_views,
    cast(sum(chunks_expected) as bigint) as replay_chunks_expected, cast(sum(chunks) as bigint) as replay_chunks_received,
    cast(sum(chunks_lost) as bigint) as replay_chunks_lost
from replay_page_views where session_id is not null and chunks_expected > 0
group by site_id, session_id, session_started_at, visitor_id, tab_id
