-- campaigns, version 1
-- What each campaign, and each other source of visits, brought: a row for each site, day, channel, source, medium and campaign, and
-- for people and bots apart. Visitors and sessions of several days can be added up, sessions rightly, visitors at most.
with findings as (
    select site_id, session_id, count(*) as findings from friction group by site_id, session_id
)
select c.site_id, c.event_date, c.channel, c.source, c.medium, c.campaign, coalesce(c.is_bot, false) as is_bot,
    count(*) as sessions,
    count(distinct c.visitor_id) as visitors,
    cast(sum(c.page_views) as bigint) as page_views,
    sum(c.engaged_ms) as engaged_ms,
    count(*) filter (where c.bounce_ga4) as bounces,
    cast(coalesce(sum(f.findings), 0) as bigint) as friction_findings,
    count(f.findings) as sessions_with_friction
from channels c
left join findings f on f.site_id = c.site_id and f.session_id = c.session_id
group by c.site_id, c.event_date, c.channel, c.source, c.medium, c.campaign, coalesce(c.is_bot, false)
