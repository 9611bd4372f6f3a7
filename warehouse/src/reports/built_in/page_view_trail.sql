-- The way of the pointer over one page view, sample by sample, at the rate of the device: for a drawing, or to see where somebody
-- searched. x and y are CSS pixels of the viewport.
-- $page_view text: the page view's id (page_view_id)
-- $site text = null: only this site (site_id)
with samples as (
    select site_id, tab_id, seq, cast(occurred_at as bigint) as began_us,
        unnest(dt) as dt, unnest(x) as x, unnest(y) as y, unnest(range(cast(0 as bigint), cast(array_length(dt) as bigint))) as n
    from pointer
    where page_view_id = $page_view and ($site is null or site_id = $site)
),
placed as (
    select *, began_us + cast(sum(dt) over (partition by site_id, tab_id, seq order by n) * 1000 as bigint) as at_us from samples
)
select arrow_cast(at_us, 'Timestamp(Microsecond, Some("UTC"))') as at, round((at_us - min(at_us) over ()) / 1000.0, 1) as after_ms, x, y
from placed
order by at_us, tab_id, seq, n
