-- How many of the sessions get to the cart?
select count(*) as sessions, sum(case when reached then 1 else 0 end) as with_cart
from (select session_id, bool_or(page_path like '%cart%') as reached from page_views group by session_id) reaching
