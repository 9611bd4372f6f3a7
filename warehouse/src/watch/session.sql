-- The page views of a session, for an index of what was recorded.
select 'page_view' as what, site_id, visitor_id, tab_id, page_view_id, page_url, page_title,
    arrow_cast(started_at, 'Int64') as began_us, arrow_cast(ended_at, 'Int64') as ended_us, null as chunks, null as degraded,
    arrow_cast(session_started_at, 'Int64') as session_us
from page_views where session_id = $session_id
order by began_us, tab_id, page_view_id limit $rows_max
