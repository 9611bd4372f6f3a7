-- Elements come with their rectangle, by which a page is drawn of which nothing was recorded.
select type as what, seq, arrow_cast(occurred_at, 'Int64') as at_us, x, y, duration_ms, element_tag,
    element_text, element_x, element_y, element_width, element_height,
    coalesce(error_message, request_url, degraded_what, element_path) as detail, request_status,
    coalesce(viewport_width, page_viewport_width) as viewport_width, coalesce(viewport_height, page_viewport_height) as viewport_height
from events
where session_id = $session_id and page_view_id = $page_view_id
    and type in ('page_view', 'page_leave', 'resize', 'click', 'double_click', 'context_menu', 'element_enter', 'focus', 'input',
        'change', 'submit', 'scroll', 'request', 'error', 'capture_degraded')
order by at_us, seq limit $rows_max
