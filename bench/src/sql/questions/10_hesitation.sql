-- Over what do people hesitate?
select element_path, count(*) as n, sum(duration_ms) as dwell_ms from events where type = 'element_leave'
group by element_path order by n desc, element_path limit 50
