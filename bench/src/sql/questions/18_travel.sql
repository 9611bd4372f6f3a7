-- On which pages does the pointer wander most?
select v.page_path, count(*) as trails, sum(array_length(p.x)) as samples
from pointer p join page_views v on p.page_view_id = v.page_view_id and p.session_id = v.session_id
group by v.page_path order by samples desc, v.page_path limit 20
