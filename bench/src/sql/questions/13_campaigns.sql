-- Which campaign brings people who stay?
select utm_source, utm_campaign, count(*) as n, avg(engaged_ms) as engaged_ms, avg(page_views) as pages
from sessions group by utm_source, utm_campaign order by n desc, utm_source, utm_campaign limit 20
