-- Which errors come in the last half minute of a visit?
select e.error_message, count(*) as n, count(distinct s.session_id) as sessions
from events e join sessions s on e.session_id = s.session_id
where e.type = 'error' and s.ended_at - e.occurred_at <= interval '30 seconds'
group by e.error_message order by n desc, e.error_message limit 20
