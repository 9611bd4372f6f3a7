-- What people click in anger. One row for each element that was clicked several times, fast, on one spot, while the page hardly
-- answered: how often that happened, in how many sessions, with how many clicks, and when last. The rule stands in docs/friction.md.
-- $site text = null: only this site (site_id)
-- $page text = null: only this page, such as /checkout
-- $from date = 28 days ago: from this day on, in UTC
-- $to date = today: up to and with this day
-- $rows integer(1..10000) = 50: so many elements, the worst first
select page_path, element_path, count(*) as times, count(distinct site_id || '/' || session_id) as sessions,
    cast(sum(measure) as bigint) as clicks, max(occurred_at) as last_at, max(session_id) as for_example_session_id
from friction
where signal = 'rage_click' and ($site is null or site_id = $site) and ($page is null or page_path = $page)
    and cast(occurred_at as date) between $from and $to
group by page_path, element_path
order by sessions desc, times desc, page_path, element_path
limit $rows
