-- One row for each page view of which something was recorded, or said to be, or of which the browser said why it was not
-- (`replay`), in the session in which it began. Whoever names another visitor's page view is in nobody's session. A chunk has come
-- when all of its parts have; expected are those below the highest number that came, and those that `page_leave` tells.
with chunks as (
    select site_id, visitor_id, page_view_id, chunk_seq, min(kind) as kind, min(first_at) as first_at,
        max(last_at) as last_at, cast(sum(bytes) as bigint) as bytes, max(raw_bytes) as raw_bytes, max(nodes) as nodes,
        bool_or(partial) as partial, bool_or(final) as final, count(*) >= max(parts) as whole
    from replay_chunks group by site_id, visitor_id, page_view_id, chunk_seq
),
recorded as (
    select site_id, visitor_id, page_view_id, min(first_at) as first_at, max(last_at) as last_at,
        count(*) filter (where whole) as chunks, count(*) filter (where whole and kind = 'snapshot') as snapshots,
        max(chunk_seq) + 1 as named, cast(sum(bytes) as bigint) as bytes, cast(sum(raw_bytes) as bigint) as raw_bytes,
        max(nodes) as nodes, bool_or(partial) as partial, bool_or(final) as ended
    from chunks group by site_id, visitor_id, page_view_id
),
told as (
    select site_id, visitor_id, page_view_id, max(replay_chunks) as chunks, max(substr(degraded_what, 8)) as reason
    from events
    where type = 'page_leave' and replay_chunks > 0 or type = 'capture_degraded' and degraded_what like 'replay:%'
    group by site_id, visitor_id, page_view_id
),
known as (
    select site_id, visitor_id, page_view_id from recorded
    union
    select site_id, visitor_id, page_view_id from told
),
placed as (
    select site_id, visitor_id, page_view_id, session_id, session_started_at, tab_id, page_url,
        row_number() over (partition by site_id, visitor_id, page_view_id order by started_at) as place
    from page_views
),
counted as (
    select k.site_id, k.visitor_id, k.page_view_id, r.first_at, r.last_at, coalesce(r.chunks, 0) as chunks,
        coalesce(r.snapshots, 0) as snapshots, greatest(coalesce(r.named, 0), coalesce(t.chunks, 0)) as chunks_expected,
        coalesce(r.ended, false) as ended, coalesce(r.partial, false) as partial, r.nodes, coalesce(r.bytes, 0) as bytes,
        coalesce(r.raw_bytes, 0) as raw_bytes, t.reason
    from known k
    left join recorded r
        on r.site_id = k.site_id and r.visitor_id = k.visitor_id and r.page_view_id = k.page_view_id
    left join told t on t.site_id = k.site_id and t.visitor_id = k.visitor_id and t.page_view_id = k.page_view_id
)
select c.site_id, p.session_id, p.session_started_at, c.visitor_id, p.tab_id, c.page_view_id, p.page_url, c.first_at,
    c.last_at, c.chunks_expected, c.chunks, c.chunks_expected - c.chunks as chunks_lost, c.snapshots, c.ended, c.partial,
    c.nodes, c.bytes, c.raw_bytes, case when c.chunks_expected > 0 then 'recorded' else c.reason end as replay
from counted c left join placed p
    on p.site_id = c.site_id and p.visitor_id = c.visitor_id and p.page_view_id = c.page_view_id and p.place = 1
