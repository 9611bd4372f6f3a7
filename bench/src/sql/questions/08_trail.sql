-- Where did the pointer go on this page?
select seq, occurred_at, dt, x, y from pointer where page_view_id = '{page_view}' order by occurred_at, seq
