-- quick_back, version 1
-- Back to the page before, at once: not what was looked for. `measure`: ms on the page that was left again.
-- back_ms = 7000        on the page at most, ms
with views as (
    select *,
        lag(page_path) over walk as here, lag(page_path, 2) over walk as before, lag(started_at) over walk as here_at,
        lag(page_view_id) over walk as here_id, lag(tab_id) over walk as here_tab
    from page_views
    window walk as (partition by site_id, session_id order by started_at, tab_id)
)
select site_id, session_id, visitor_id, here_tab as tab_id, here_id as page_view_id, here as page_path,
    cast(null as varchar) as element_path, cast(null as bigint) as seq, here_at as occurred_at,
    (cast(started_at as bigint) - cast(here_at as bigint)) / 1000.0 as measure, 'back to ' || page_path as reason
from views
where page_path = before and page_path <> here
    and cast(started_at as bigint) - cast(here_at as bigint) <= $back_us
