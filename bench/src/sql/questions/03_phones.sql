-- Do people on phones leave sooner?
select device_type, count(*) as n, avg(duration_ms) as duration_ms, sum(case when bounce_ga4 then 1 else 0 end) as bounces
from sessions group by device_type order by n desc, device_type
