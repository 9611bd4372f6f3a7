-- thrashing_pointer, version 2
-- The pointer is shaken, with no button pressed: somebody is lost, or angry. The trail is looked at in steps of 50 ms; steps that
-- are too short are rests and turning points. `measure`: how often it turned.
-- reversals_min = 5     turns at least
-- angle_deg = 135       a turn is one by more than this
-- leg_px = 30           a step counts from this length on, CSS pixels
-- path_px = 600         all steps together at least, CSS pixels
-- net_share = 0.25      and from their start to their end at most this share of it
-- within_ms = 1000      all of them, ms
with told as (
    select site_id, session_id, visitor_id, tab_id, page_view_id, occurred_at, seq, dt, x, y, cast(null as boolean) as pressed
    from pointer
    -- Drawing and dragging are no shaking: what lies between a button's going down and up is left out of the walk.
    union all
    select site_id, session_id, visitor_id, tab_id, page_view_id, occurred_at, seq, null, null, null, type = 'pointer_down'
    from events where type in ('pointer_down', 'pointer_up', 'pointer_cancel')
),
trails as (
    -- Numbered, so that a page view comes as a whole, its trails one after the other, and nothing is held of the others.
    select *, row_number() over walk as nth
    from told
    window walk as (partition by site_id, session_id, tab_id, page_view_id order by occurred_at, seq)
),
walks as (
    select site_id, session_id, min(visitor_id) as visitor_id, tab_id, page_view_id,
        pointer_shakes(occurred_at, seq, dt, x, y, pressed, $reversals_min, $angle_deg, $leg_px, $path_px, $net_share, $within_ms) as shakes
    from trails where nth >= 1
    group by site_id, session_id, tab_id, page_view_id
),
shaken as (
    select site_id, session_id, visitor_id, tab_id, page_view_id, unnest(shakes) as shake from walks
),
shakes as (
    select *, shake['seq'] as seq, shake['at_us'] as at_us, shake['turns'] as turns from shaken
)
select s.site_id, s.session_id, s.visitor_id, s.tab_id, s.page_view_id, v.page_path,
    cast(null as varchar) as element_path, s.seq, to_timestamp_micros(s.at_us) at time zone 'UTC' as occurred_at,
    cast(s.turns as double) as measure, cast(null as varchar) as reason
from shakes s
left join page_views v on v.site_id = s.site_id and v.session_id = s.session_id and v.tab_id = s.tab_id
    and v.page_view_id = s.page_view_id
