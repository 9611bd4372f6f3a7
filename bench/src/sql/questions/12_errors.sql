-- Which errors do people meet?
select error_message, count(*) as n, count(distinct session_id) as sessions from events where type = 'error'
group by error_message order by n desc, error_message limit 20
