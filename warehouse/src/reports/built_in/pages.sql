-- How pages do: views and sessions, how long people stay and are engaged, how far they scroll, how soon they do something, and how
-- fast the page is for three of four of them (largest contentful paint, interaction to next paint).
-- $site text = null: only this site (site_id)
-- $from date = 28 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $bots boolean = false: count bots as well
-- $rows integer(1..10000) = 100: so many pages, the most viewed first
with bots as (
    -- A session begins on the day of its events or the one before.
    select site_id as bot_site, session_id as bot from sessions
    where is_bot and not $bots and event_date between $from - 1 and $to
)
select page_path, count(*) as views, count(distinct site_id || '/' || session_id) as sessions,
    round(avg(time_on_page_ms) / 1000, 1) as mean_stay_s, round(avg(engaged_ms) / 1000, 1) as mean_engaged_s,
    round(avg(max_scroll_y)) as mean_scroll_px, round(approx_percentile_cont(first_interaction_ms, 0.5)) as median_first_interaction_ms,
    round(approx_percentile_cont(lcp_ms, 0.75)) as lcp_p75_ms, round(approx_percentile_cont(inp_ms, 0.75)) as inp_p75_ms,
    sum(clicks) as clicks
from bots right join page_views on bot_site = site_id and bot = session_id
where bot is null and ($site is null or site_id = $site) and event_date between $from and $to
group by page_path
order by views desc, page_path
limit $rows
