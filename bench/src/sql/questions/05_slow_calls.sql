-- Which calls does the page wait for?
select request_url, count(*) as n, max(request_duration_ms) as longest_ms, avg(request_duration_ms) as average_ms
from events where type = 'request' group by request_url order by average_ms desc nulls last, request_url limit 20
