-- What people click in anger. One row for each element that was clicked several times, fast, on one spot, while the page hardly
-- answered: how often that happened, in how many sessions, with how many clicks, and when last. The rule stands in docs/friction.md.
-- $site text = null: only this site (site_id)
-- $page text = null: only this page, such as /checkout
-- $from date = 28 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $bots boolean = false: count bots as well
-- $rows integer(1..10000) = 50: so many elements, the worst first
with bots as (
    -- A session begins on the day of its events or the one before.
    select site_id as bot_site, session_id as bot from sessions
    where is_bot and not $bots and event_date between $from - 1 and $to
)
select page_path, element_path, count(*) as times, count(distinct site_id || '/' || session_id) as sessions,
    cast(sum(measure) as bigint) as clicks, max(occurred_at) as last_at, max(session_id) as for_example_session_id
from bots right join friction on bot_site = site_id and bot = session_id
where bot is null and signal = 'rage_click' and ($site is null or site_id = $site) and ($page is null or page_path = $page)
    and cast(occurred_at as date) between $from and $to
group by page_path, element_path
order by sessions desc, times desc, page_path, element_path
limit $rows
