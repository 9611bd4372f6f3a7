-- A customer says that the order did not go through. What did they do, in order?
select occurred_at, type, page_path, element_path, x, y from events where session_id = '{session}'
order by occurred_at, tab_id, seq
