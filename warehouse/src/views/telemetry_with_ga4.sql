-- telemetry_with_ga4, version 1
-- Our sessions beside those of Google Analytics 4: a row for each two that belong together, and one for each that stands alone. Ours
-- are those of the days that were imported, so that a day without an export does not look like one that Google missed.
--
-- Two belong together when they are of one browser (the cookie _ga) and overlap, give or take {clock_us} microseconds, by our
-- corrected clock or by the device's own. The session's id (the cookie _ga_CONTAINER) tells which of several it is; where it
-- tells nothing (no such cookie, or another container's) the time is enough. An id alone is not: until Google's script has run,
-- the cookie still holds the id of the visit before.
with days as (
    -- The property's day in UTC: the 24 hours nearest to the date's own that hold all of its events.
    select site_id, since_us, case when complete then since_us + 86400000000 else last_us + 1 end as until_us
    from (
        select site_id, last_us, complete,
            least(greatest(last_us - 86400000000 + 1, least(first_us, date_us), date_us - 50400000000), date_us + 43200000000)
                as since_us
        from (
            select site_id, event_date, cast(cast(event_date as int) as bigint) * 86400000000 as date_us,
                min(cast(event_timestamp as bigint)) as first_us, max(cast(event_timestamp as bigint)) as last_us,
                bool_or(export = 'daily') as complete
            from ga4_events group by site_id, event_date
        ) as dates
    ) as shifted
),
marks as (
    select site_id, session_id, ga_client_id, ga_session_id,
        min(cast(client_at as bigint)) as first_us, max(cast(client_at as bigint)) as last_us
    from events where ga_client_id is not null
    group by site_id, session_id, ga_client_id, ga_session_id
),
browsers as (
    select site_id, session_id, ga_client_id, min(first_us) as first_us, max(last_us) as last_us
    from marks group by site_id, session_id, ga_client_id
),
theirs as (
    select site_id, user_pseudo_id, ga_session_id,
        min(event_timestamp) as ga4_started_at, max(event_timestamp) as ga4_ended_at,
        count(*) as ga4_events,
        count(*) filter (where event_name = 'page_view') as ga4_page_views,
        cast(coalesce(sum(engagement_time_msec), 0) as double) as ga4_engaged_ms,
        sum(purchase_revenue_in_usd) as ga4_revenue_in_usd,
        {theirs}
    from ga4_events where user_pseudo_id is not null and ga_session_id is not null
    group by site_id, user_pseudo_id, ga_session_id
),
meetings as (
    select b.site_id, b.session_id, t.user_pseudo_id, t.ga_session_id,
        case when m.session_id is null then 0 else 1 end as by_id
    from browsers b
    join sessions s on s.site_id = b.site_id and s.session_id = b.session_id
    join theirs t on t.site_id = b.site_id and t.user_pseudo_id = b.ga_client_id
    left join marks m on m.site_id = b.site_id and m.session_id = b.session_id and m.ga_client_id = b.ga_client_id
        and m.ga_session_id = t.ga_session_id
    where (cast(t.ga4_ended_at as bigint) >= cast(s.started_at as bigint) - {clock_us}
            and cast(t.ga4_started_at as bigint) <= cast(s.ended_at as bigint) + {clock_us})
        or (cast(t.ga4_ended_at as bigint) >= b.first_us - {clock_us}
            and cast(t.ga4_started_at as bigint) <= b.last_us + {clock_us})
),
pairs as (
    select site_id, session_id, user_pseudo_id, ga_session_id, by_id
    from (
        select *, max(by_id) over (partition by site_id, user_pseudo_id, ga_session_id) as known from meetings
    ) as met
    where by_id = known
),
imported as (
    select distinct s.site_id, s.session_id
    from sessions s join days d on d.site_id = s.site_id
    where cast(s.started_at as bigint) >= d.since_us and cast(s.started_at as bigint) < d.until_us
),
carried as (
    select site_id, session_id, max(ga_client_id) as ga_client_id from browsers group by site_id, session_id
),
ours as (
    select s.site_id, case when p.session_id is null then 'us' else 'both' end as seen_by,
        case p.by_id when 1 then 'session id' when 0 then 'time' end as matched_by,
        {ours},
        coalesce(p.user_pseudo_id, c.ga_client_id) as ga_client_id, p.user_pseudo_id, p.ga_session_id
    from sessions s
    left join pairs p on p.site_id = s.site_id and p.session_id = s.session_id
    left join imported i on i.site_id = s.site_id and i.session_id = s.session_id
    left join carried c on c.site_id = s.site_id and c.session_id = s.session_id
    where p.session_id is not null or i.session_id is not null
)
select o.site_id, o.seen_by, o.matched_by, {ours_of_o},
    o.ga_client_id, o.ga_session_id, o.user_pseudo_id || '/' || o.ga_session_id as ga4_session,
    t.ga4_started_at, t.ga4_ended_at, t.ga4_events, t.ga4_page_views, t.ga4_engaged_ms, t.ga4_revenue_in_usd,
    {theirs_of_t}
from ours o
left join theirs t on t.site_id = o.site_id and t.user_pseudo_id = o.user_pseudo_id and t.ga_session_id = o.ga_session_id
union all
select t.site_id, 'ga4', null, {no_ours},
    t.user_pseudo_id, t.ga_session_id, t.user_pseudo_id || '/' || t.ga_session_id,
    t.ga4_started_at, t.ga4_ended_at, t.ga4_events, t.ga4_page_views, t.ga4_engaged_ms, t.ga4_revenue_in_usd,
    {theirs_of_t}
from theirs t
left join pairs p on p.site_id = t.site_id and p.user_pseudo_id = t.user_pseudo_id and p.ga_session_id = t.ga_session_id
where p.session_id is null
