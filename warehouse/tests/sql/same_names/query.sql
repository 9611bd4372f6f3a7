-- Filters on one of two columns with the same name, above a join of tables.
with bots as (select site_id, session_id from sessions where is_bot) select e.visitor_id, count(*) from bots b right join events e on b.site_id = e.site_id and b.session_id = e.session_id where b.session_id is null group by 1 order by 1;

select e.visitor_id, count(*) from events e left join (select * from sessions where visitor_id = 'v1') s on s.session_id = e.session_id where s.session_id is null group by 1 order by 1;

select e.visitor_id, s.visitor_id, count(*) from events e left join (select * from sessions where visitor_id = 'v1') s on s.session_id = e.session_id where s.visitor_id is null group by 1, 2 order by 1;

select s.seq, e.seq from (select * from events where type = 'page_view') s join events e on s.session_id = e.session_id join sessions t on t.session_id = e.session_id order by e.seq desc, s.seq limit 2;
