-- What a session's events say of its recording. A session's id tells neither its site nor its days: without them each file of the table
-- would be opened for it.
select type as what, site_id, visitor_id, tab_id, page_view_id, null as page_url, null as page_title,
    arrow_cast(occurred_at, 'Int64') as began_us, null as ended_us, arrow_cast(replay_chunks, 'Int64') as chunks,
    degraded_what as degraded, null as session_us
from events where session_id = $session_id and site_id = $site_id and event_date between date $first_day and date $last_day
    and (type = 'capture_degraded' or type = 'page_leave' and replay_chunks > 0)
order by began_us, tab_id, seq limit $rows_max
