select seq, tab_id, arrow_cast(occurred_at, 'Int64') as at_us, dt, x, y
from pointer where session_id = $session_id and page_view_id = $page_view_id
order by occurred_at, seq limit $rows_max
