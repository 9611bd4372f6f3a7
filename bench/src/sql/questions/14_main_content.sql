-- On which pages do three of four people wait longest for the main content?
select page_path, count(lcp_ms) as n, percentile_cont(0.75) within group (order by lcp_ms) as lcp_ms
from page_views where lcp_ms is not null group by page_path order by n desc, page_path limit 20
