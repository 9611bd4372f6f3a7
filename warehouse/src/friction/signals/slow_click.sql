-- slow_click, version 1
-- A click on something that looks as if it did something, which let the person wait. `measure`: how long, ms.
-- slow_ms = 2500        an answer until then is in time, ms
-- dead_ms = 7000        what comes later is no answer any more: a dead click, ms
select site_id, session_id, visitor_id, tab_id, page_view_id, page_path, element_path, seq, occurred_at,
    first_effect_ms as measure, cast(null as varchar) as reason
from clicks
where effect_kind <> 'none' and first_effect_ms > $slow_ms and first_effect_ms <= $dead_ms
    and (element_tag in ('a', 'button', 'select', 'summary')
    or element_role in ('button', 'checkbox', 'link', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio', 'switch', 'tab'))
