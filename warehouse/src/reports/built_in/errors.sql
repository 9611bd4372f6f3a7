-- Which JavaScript errors people run into: one row for each message and page, with the sessions that saw it and when last.
-- $site text = null: only this site (site_id)
-- $page text = null: only this page, such as /checkout
-- $from date = 7 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $bots boolean = false: count bots as well
-- $rows integer(1..10000) = 50: so many errors, those of the most sessions first
with bots as (
    -- A session begins on the day of its events or the one before.
    select site_id as bot_site, session_id as bot from sessions
    where is_bot and not $bots and event_date between $from - 1 and $to
)
select error_message, page_path, max(error_source) as source, count(*) as times,
    count(distinct site_id || '/' || session_id) as sessions, max(occurred_at) as last_at,
    max(session_id) as for_example_session_id
from bots right join events on bot_site = site_id and bot = session_id
where bot is null and error_message is not null and ($site is null or site_id = $site) and ($page is null or page_path = $page)
    and event_date between $from and $to
group by error_message, page_path
order by sessions desc, times desc, error_message, page_path
limit $rows
