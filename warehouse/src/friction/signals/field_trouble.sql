-- field_trouble, version 1
-- A field that is hard to fill in: filled in again and again, much longer than others take for it, or the last one of a page on
-- which something was typed and nothing submitted, though others submit what they write there. `measure`: the refills, or the
-- ms in it; `reason`: refilled, slow, abandoned.
-- refills_min = 2       emptied and filled again so often
-- dwell_quantile = 0.9  longer than this share of all visits of the field
-- visits_min = 20       of fewer visits of a field nobody knows what is long
with measured as (
    select site_id, page_path, element_path, approx_percentile_cont($dwell_quantile) within group (order by dwell_ms) as dwell_max
    from fields where dwell_ms is not null
    group by site_id, page_path, element_path having count(*) >= $visits_min
),
judged as (
    select f.*, m.dwell_max,
        max(f.edits + f.changes) over (partition by f.site_id, f.session_id, f.tab_id, f.page_view_id) as filled,
        count(f.submit_after_ms) over (partition by f.site_id, f.page_path, f.element_path) as submitted
    from measured m
    right join fields f on f.site_id = m.site_id and f.page_path = m.page_path and f.element_path = m.element_path
)
select site_id, session_id, visitor_id, tab_id, page_view_id, page_path, element_path, seq, occurred_at,
    case when refills >= $refills_min then cast(refills as double) else dwell_ms end as measure,
    case when refills >= $refills_min then 'refilled' when dwell_ms > dwell_max then 'slow' else 'abandoned' end as reason
from judged
where refills >= $refills_min or dwell_ms > dwell_max or (last and submit_after_ms is null and filled > 0 and submitted > 0)
