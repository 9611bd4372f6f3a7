-- rage_click, version 1
-- Clicks in anger: several on one spot, fast, and the page hardly answered. Not counted are clicks that select text, and
-- those on media players and controls that one presses again and again (spin buttons, sliders, scroll bars).
-- clicks_min = 3        clicks at least
-- gap_ms = 1000         between two of them at most, ms
-- distance_px = 30      between two of them at most, CSS pixels
-- effect_ms = 250       an effect within this time is an answer, ms
-- effects_min = 2       so many answered clicks are no anger
with steps as (
    select *,
        lag(element_path) over following as before_path,
        lag(occurred_at) over following as before_at,
        lag(x) over following as before_x, lag(y) over following as before_y
    from clicks
    where coalesce(effect_kind, '') <> 'selection'
        and coalesce(element_tag, '') not in ('audio', 'video')
        and coalesce(element_role, '') not in ('scrollbar', 'slider', 'spinbutton')
    window following as (partition by site_id, session_id, tab_id, page_view_id order by seq)
),
runs as (
    select *,
        sum(case when cast(occurred_at as bigint) - cast(before_at as bigint) <= $gap_us
            and power(x - before_x, 2) + power(y - before_y, 2) <= power($distance_px, 2)
            -- the same element, or one within the other
            and (element_path = before_path or starts_with(element_path, before_path || '>')
                or starts_with(before_path, element_path || '>')) then 0 else 1 end)
            over (partition by site_id, session_id, tab_id, page_view_id order by seq) as run
    from steps
)
select site_id, session_id, visitor_id, tab_id, page_view_id,
    first_value(page_path order by seq) as page_path, first_value(element_path order by seq) as element_path,
    min(seq) as seq, min(occurred_at) as occurred_at, cast(count(*) as double) as measure, cast(null as varchar) as reason
from runs
group by site_id, session_id, visitor_id, tab_id, page_view_id, run
having count(*) >= $clicks_min and count(*) filter (where first_effect_ms <= $effect_ms) < $effects_min
