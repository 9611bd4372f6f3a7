-- The sessions of one customer, the newest first: for a support ticket. By the id that your site told after the login (user_id), or
-- by the browser's (visitor_id); session_in_order tells what happened in one.
-- $who text: a user_id or a visitor_id
-- $site text = null: only this site (site_id)
-- $from date = 90 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $rows integer(1..10000) = 100: so many sessions
select started_at, round(duration_ms / 1000, 1) as seconds, round(engaged_ms / 1000, 1) as engaged_s, page_views, events,
    entry_page, exit_page, browser_name, os_name, device_type, round(100 * completeness, 1) as complete_percent, session_id
from sessions
where (user_id = $who or visitor_id = $who) and ($site is null or site_id = $site) and event_date between $from and $to
order by started_at desc, session_id
limit $rows
