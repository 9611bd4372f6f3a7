-- thrashing_pointer, version 1
-- The pointer is shaken, with no button pressed: somebody is lost, or angry. The trail is looked at in steps of 50 ms; steps that
-- are too short are rests and turning points. `measure`: how often it turned.
-- reversals_min = 5     turns at least
-- angle_deg = 135       a turn is one by more than this
-- leg_px = 30           a step counts from this length on, CSS pixels
-- path_px = 600         all steps together at least, CSS pixels
-- net_share = 0.25      and from their start to their end at most this share of it
-- within_ms = 1000      all of them, ms
with samples as (
    select site_id, session_id, visitor_id, tab_id, page_view_id, seq, cast(occurred_at as bigint) as began_us,
        unnest(dt) as dt, unnest(x) as x, unnest(y) as y, unnest(range(cast(0 as bigint), cast(array_length(dt) as bigint))) as n
    from pointer
),
placed as (
    select *, began_us + cast(sum(dt) over (partition by site_id, session_id, tab_id, page_view_id, seq order by n) * 1000 as bigint)
        as at_us
    from samples
),
steps as (
    select site_id, session_id, visitor_id, tab_id, page_view_id, at_us / 50000 as step, min(seq) as seq, max(at_us) as at_us,
        last_value(x order by at_us, seq, n) as x, last_value(y order by at_us, seq, n) as y
    from placed group by site_id, session_id, visitor_id, tab_id, page_view_id, at_us / 50000
),
legs as (
    select *, x - lag(x) over walk as dx, y - lag(y) over walk as dy, lag(x) over walk as from_x, lag(y) over walk as from_y
    from steps
    window walk as (partition by site_id, session_id, tab_id, page_view_id order by step)
),
long_legs as (
    select *, sqrt(dx * dx + dy * dy) as length from legs where dx * dx + dy * dy >= power($leg_px, 2)
),
turns as (
    select *, case when (dx * lag(dx) over walk + dy * lag(dy) over walk) / (length * lag(length) over walk)
        < cos(radians($angle_deg)) then 1 else 0 end as turned
    from long_legs
    window walk as (partition by site_id, session_id, tab_id, page_view_id order by step)
),
counted as (
    select *, sum(turned) over recent as turns, sum(length) over recent as path,
        first_value(from_x) over recent as first_x, first_value(from_y) over recent as first_y
    from turns
    window recent as (partition by site_id, session_id, tab_id, page_view_id order by at_us
        range between $within_us preceding and current row)
),
shaken as (
    select *, case when at_us - lag(at_us) over (partition by site_id, session_id, tab_id, page_view_id order by at_us)
        <= $within_us then 0 else 1 end as began
    from counted
    where turns >= $reversals_min and path >= $path_px
        and sqrt(power(x - first_x, 2) + power(y - first_y, 2)) <= $net_share * path
),
numbered as (
    select *, sum(began) over (partition by site_id, session_id, tab_id, page_view_id order by at_us) as shake from shaken
),
shakes as (
    select site_id, session_id, visitor_id, tab_id, page_view_id, min(seq) as seq, min(at_us) as at_us, max(at_us) as end_us,
        max(turns) as turns
    from numbered group by site_id, session_id, visitor_id, tab_id, page_view_id, shake
)
select s.site_id, s.session_id, s.visitor_id, s.tab_id, s.page_view_id, cast(null as varchar) as page_path,
    cast(null as varchar) as element_path, s.seq, to_timestamp_micros(s.at_us) at time zone 'UTC' as occurred_at,
    cast(s.turns as double) as measure, cast(null as varchar) as reason
from shakes s
-- Drawing and dragging are no shaking.
where not exists (select 1 from events e where e.site_id = s.site_id and e.session_id = s.session_id and e.tab_id = s.tab_id
    and e.type in ('pointer_down', 'pointer_up') and cast(e.occurred_at as bigint) between s.at_us - $within_us and s.end_us)
