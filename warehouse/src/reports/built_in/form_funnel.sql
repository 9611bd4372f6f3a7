-- Where people give up a form. One row for each field of a page, in the order in which they are usually visited: how many
-- sessions came to it, filled something in, sent the form afterwards, or touched this field last and never sent anything; how long
-- they hesitated and stayed, and how often a field was emptied and filled again. A field with many that gave up is the one to look at.
-- $page text: path of the page that the form is on, such as /checkout
-- $site text = null: only this site (site_id)
-- $from date = 28 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $bots boolean = false: count bots as well
with bots as (
    -- A session begins on the day of its events or the one before.
    select site_id as bot_site, session_id as bot from sessions
    where is_bot and not $bots and event_date between $from - 1 and $to
),
visits as (
    select fields.*, site_id || '/' || session_id as session,
        row_number() over (partition by site_id, page_view_id order by seq) as place
    from bots right join fields on bot_site = site_id and bot = session_id
    where bot is null and page_path = $page and ($site is null or site_id = $site) and event_date between $from and $to
)
select element_path as field, max(element_name) as name,
    count(distinct session) as sessions,
    count(distinct case when coalesce(edits, 0) + coalesce(changes, 0) > 0 then session end) as filled,
    count(distinct case when submit_after_ms is not null then session end) as sent,
    count(distinct case when last and submit_after_ms is null then session end) as gave_up_here,
    round(avg(hesitation_ms)) as mean_hesitation_ms, round(avg(dwell_ms)) as mean_stay_ms,
    sum(corrections) as corrections, sum(refills) as refills
from visits
group by element_path
order by avg(place), field
