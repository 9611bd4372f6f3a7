-- telemetry_with_adobe, version 2
-- Our sessions beside Adobe's visits: a row for each two that belong together, and one for each that stands alone. Ours are those of the
-- days that were imported. Two belong together when they are of one visitor (the Experience Cloud id) and overlap, give or
-- take {clock_us} microseconds, by our corrected clock or by the device's own. A visit is visid_high, visid_low, visit_num and
-- visit_start_time_gmt, as Adobe's "Calculate common metrics" counts it; a feed without the visitor's halves tells visitors apart by the
-- Experience Cloud id.
with days as (
    -- The report suite's day in UTC: the 24 hours nearest to the date's own that hold all of its hits.
    select site_id,
        least(greatest(last_us - 86400000000 + 1, least(first_us, date_us), date_us - 50400000000), date_us + 43200000000)
            as since_us
    from (
        select site_id, event_date, cast(cast(event_date as int) as bigint) * 86400000000 as date_us,
            min(cast(hit_time_gmt as bigint)) as first_us, max(cast(hit_time_gmt as bigint)) as last_us
        from adobe_hits group by site_id, event_date
    ) as dates
),
browsers as (
    select site_id, session_id, adobe_ecid,
        min(cast(client_at as bigint)) as first_us, max(cast(client_at as bigint)) as last_us
    from events where adobe_ecid is not null
    group by site_id, session_id, adobe_ecid
),
hits as (
    select *, coalesce(nullif(coalesce(visid_high, '') || '/' || coalesce(visid_low, ''), '/'), ecid, '/') || '/'
        || cast(coalesce(visit_num, 0) as varchar) || '/'
        || cast(coalesce(cast(visit_start_time_gmt as bigint) / 1000000, 0) as varchar) as adobe_session
    from adobe_hits
),
theirs as (
    select site_id, adobe_session,
        max(ecid) as ecid,
        min(hit_time_gmt) as adobe_started_at, max(hit_time_gmt) as adobe_ended_at,
        count(*) as adobe_hits,
        -- unknown, and not none, where the feed has no such column
        case when count(page_event) > 0 then count(*) filter (where page_event = 0) end as adobe_page_views,
        max(visit_num) as adobe_visit_num,
        {theirs}
    from hits group by site_id, adobe_session
),
pairs as (
    select distinct b.site_id, b.session_id, t.adobe_session
    from browsers b
    join sessions s on s.site_id = b.site_id and s.session_id = b.session_id
    join theirs t on t.site_id = b.site_id and t.ecid = b.adobe_ecid
    where (cast(t.adobe_ended_at as bigint) >= cast(s.started_at as bigint) - {clock_us}
            and cast(t.adobe_started_at as bigint) <= cast(s.ended_at as bigint) + {clock_us})
        or (cast(t.adobe_ended_at as bigint) >= b.first_us - {clock_us}
            and cast(t.adobe_started_at as bigint) <= b.last_us + {clock_us})
),
imported as (
    select distinct s.site_id, s.session_id
    from sessions s join days d on d.site_id = s.site_id
    where cast(s.started_at as bigint) >= d.since_us and cast(s.started_at as bigint) < d.since_us + 86400000000
),
carried as (
    select site_id, session_id, max(adobe_ecid) as adobe_ecid from browsers group by site_id, session_id
),
ours as (
    select s.site_id, case when p.session_id is null then 'us' else 'both' end as seen_by,
        case when p.session_id is not null then 'time' end as matched_by,
        {ours},
        c.adobe_ecid, p.adobe_session
    from sessions s
    left join pairs p on p.site_id = s.site_id and p.session_id = s.session_id
    left join imported i on i.site_id = s.site_id and i.session_id = s.session_id
    left join carried c on c.site_id = s.site_id and c.session_id = s.session_id
    where p.session_id is not null or i.session_id is not null
)
select o.site_id, o.seen_by, o.matched_by, {ours_of_o},
    coalesce(t.ecid, o.adobe_ecid) as adobe_ecid, o.adobe_session,
    t.adobe_started_at, t.adobe_ended_at, t.adobe_hits, t.adobe_page_views, t.adobe_visit_num,
    {theirs_of_t}
from ours o
left join theirs t on t.site_id = o.site_id and t.adobe_session = o.adobe_session
union all
select t.site_id, 'adobe', null, {no_ours},
    t.ecid, t.adobe_session,
    t.adobe_started_at, t.adobe_ended_at, t.adobe_hits, t.adobe_page_views, t.adobe_visit_num,
    {theirs_of_t}
from theirs t
left join pairs p on p.site_id = t.site_id and p.adobe_session = t.adobe_session
where p.session_id is null
