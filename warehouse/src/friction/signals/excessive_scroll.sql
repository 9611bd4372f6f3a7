-- excessive_scroll, version 2
-- Up and down and up again: something is looked for and not found. `measure`: how often it turned.
-- reversals_min = 4     turns at least
-- share_min = 0.25      each way as far as this share of the window's height
-- within_ms = 30000     all of them, ms
with places as (
    -- A page that was loaded begins at its top, of which no scrolling tells. One that was there before, or goes on from another, may
    -- begin anywhere.
    select *, case when type = 'scroll' then y
        when coalesce(state, '') not in ('route', 'restored', 'back_forward', 'reload') then 0 end as place
    from events where type = 'page_view' or type = 'scroll' and element_path is null and y is not null
),
moves as (
    select *, case when type = 'scroll' then place - lag(place) over walk end as dy
    from places
    window walk as (partition by site_id, session_id, tab_id, page_view_id order by seq)
),
-- One way: moves of one direction after the other.
ways as (
    select *, sum(case when (dy > 0) = before then 0 else 1 end)
        over (partition by site_id, session_id, tab_id, page_view_id order by seq) as way
    from (
        select *, lag(dy > 0) over (partition by site_id, session_id, tab_id, page_view_id order by seq) as before
        from moves where dy <> 0
    ) as directed
),
long_ways as (
    select site_id, session_id, visitor_id, tab_id, page_view_id, min(page_path) as page_path, min(seq) as seq,
        min(occurred_at) as occurred_at, sum(dy) as dy
    from ways
    group by site_id, session_id, visitor_id, tab_id, page_view_id, way
    having abs(sum(dy)) >= $share_min * max(page_viewport_height)
),
turns as (
    select *, case when (dy > 0) <> lag(dy > 0) over walk then 1 else 0 end as turned
    from long_ways
    window walk as (partition by site_id, session_id, tab_id, page_view_id order by seq)
),
counted as (
    select *, sum(turned) over (partition by site_id, session_id, tab_id, page_view_id order by cast(occurred_at as bigint)
        range between $within_us preceding and current row) as turns
    from turns where turned = 1
),
-- Of a search that goes on, one.
searches as (
    select *, case when cast(occurred_at as bigint) - lag(cast(occurred_at as bigint)) over (partition by site_id, session_id,
        tab_id, page_view_id order by seq) <= $within_us then 0 else 1 end as began
    from counted where turns >= $reversals_min
),
numbered as (
    select *, sum(began) over (partition by site_id, session_id, tab_id, page_view_id order by seq) as search from searches
)
select site_id, session_id, visitor_id, tab_id, page_view_id, min(page_path) as page_path,
    cast(null as varchar) as element_path, min(seq) as seq, min(occurred_at) as occurred_at,
    cast(max(turns) as double) as measure, cast(null as varchar) as reason
from numbered
group by site_id, session_id, visitor_id, tab_id, page_view_id, search
