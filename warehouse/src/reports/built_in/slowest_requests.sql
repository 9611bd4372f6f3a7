-- Which requests of our pages keep people waiting. One row for each method and address: how many there were and in how many sessions,
-- how long they took (half of them at most the median, 95 of 100 at most the 95th percentile), and how many failed: no answer, or 500
-- and above.
-- $site text = null: only this site (site_id)
-- $page text = null: only requests of this page, such as /checkout
-- $from date = 7 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $bots boolean = false: count bots as well
-- $at_least integer(1..1000000) = 1: leave out what was asked less often
-- $rows integer(1..10000) = 50: so many addresses, the slowest first
with bots as (
    -- A session begins on the day of its events or the one before.
    select site_id as bot_site, session_id as bot from sessions
    where is_bot and not $bots and event_date between $from - 1 and $to
)
select method, url, count(*) as requests, count(distinct site_id || '/' || session_id) as sessions,
    round(approx_percentile_cont(duration_ms, 0.5)) as median_ms, round(approx_percentile_cont(duration_ms, 0.95)) as p95_ms,
    round(max(duration_ms)) as slowest_ms, count(*) filter (where status = 0 or status >= 500) as failed
from bots right join requests on bot_site = site_id and bot = session_id
where bot is null and ($site is null or site_id = $site) and ($page is null or page_path = $page) and event_date between $from and $to
group by method, url
having count(*) >= $at_least
order by p95_ms desc, requests desc, url, method
limit $rows
