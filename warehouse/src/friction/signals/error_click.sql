-- error_click, version 1
-- A click after which a script failed, or a request that began then. `measure`: ms from the click to the error, or to the start
-- of the request; `reason`: the error's message, or the request's status and address.
-- within_ms = 1000      after the click at most, ms
-- status_min = 500      a request has failed from this status on; 0 is no answer at all
with failures as (
    select site_id, session_id, tab_id, click_seq, after_click_ms as after_ms, status || ' ' || coalesce(url, '') as reason
    from requests where status >= $status_min or status = 0
    union all
    select site_id, session_id, tab_id, click_seq, (cast(occurred_at as bigint) - click_us) / 1000.0, error_message
    from (
        select *,
            last_value(case when type = 'click' then seq end) ignore nulls over before as click_seq,
            last_value(case when type = 'click' then cast(occurred_at as bigint) end) ignore nulls over before as click_us
        from events where type in ('click', 'error')
        window before as (partition by site_id, session_id, tab_id order by seq rows between unbounded preceding and current row)
    ) as told
    where type = 'error'
)
select c.site_id, c.session_id, c.visitor_id, c.tab_id, c.page_view_id, c.page_path, c.element_path, c.seq, c.occurred_at,
    min(f.after_ms) as measure, first_value(f.reason order by f.after_ms, f.reason) as reason
from failures f
join clicks c on c.site_id = f.site_id and c.session_id = f.session_id and c.tab_id = f.tab_id and c.seq = f.click_seq
where f.after_ms between 0 and $within_ms
group by c.site_id, c.session_id, c.visitor_id, c.tab_id, c.page_view_id, c.page_path, c.element_path, c.seq, c.occurred_at
