-- When are people here?
select date_trunc('hour', occurred_at) as hour, count(*) as n, count(distinct session_id) as sessions
from events group by 1 order by 1
