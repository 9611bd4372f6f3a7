select event_date, channel, source, medium, campaign, is_bot, sessions, visitors, page_views, bounces, friction_findings, sessions_with_friction
from campaigns order by event_date;

-- The parts add up to all sessions.
select c.sessions, s.sessions, c.engaged_ms = s.engaged_ms
from (select cast(sum(sessions) as bigint) as sessions, cast(sum(engaged_ms) as bigint) as engaged_ms from campaigns) as c
cross join (select count(*) as sessions, cast(sum(engaged_ms) as bigint) as engaged_ms from sessions) as s;
