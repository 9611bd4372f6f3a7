-- What do we know of an event? Show me some of one tab, with everything.
select * from events where tab_id = (select min(tab_id) from events) order by seq limit 100
