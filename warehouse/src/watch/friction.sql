-- Where the visitor gave up on the page view, by the default thresholds. Apart from the rest: its rules look at more than this page view.
select signal as what, seq, arrow_cast(arrow_cast(occurred_at, 'Timestamp(Microsecond, Some("UTC"))'), 'Int64') as at_us, coalesce(reason, element_path) as detail
from friction where session_id = $session_id and page_view_id = $page_view_id
order by at_us, seq limit $rows_max
