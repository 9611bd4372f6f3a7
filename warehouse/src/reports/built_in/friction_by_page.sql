-- On which pages people struggle, and how: one row for each page and signal (rage, dead, slow and error clicks, a shaken pointer,
-- scrolling up and down, quick back, trouble with fields). The rules stand in docs/friction.md.
-- $site text = null: only this site (site_id)
-- $signal text(rage_click|slow_click|dead_click|error_click|thrashing_pointer|excessive_scroll|quick_back|field_trouble) = null: only this one
-- $from date = 28 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $bots boolean = false: count bots as well
-- $rows integer(1..10000) = 100: so many rows, the worst first
with bots as (
    -- A session begins on the day of its events or the one before.
    select site_id as bot_site, session_id as bot from sessions
    where is_bot and not $bots and event_date between $from - 1 and $to
)
select page_path, signal, count(*) as times, count(distinct site_id || '/' || session_id) as sessions,
    count(distinct element_path) as elements, max(occurred_at) as last_at
from bots right join friction on bot_site = site_id and bot = session_id
where bot is null and ($site is null or site_id = $site) and ($signal is null or signal = $signal)
    and cast(occurred_at as date) between $from and $to
group by page_path, signal
order by sessions desc, times desc, page_path, signal
limit $rows
