-- All parts of the campaign are those of the first event that has one.
select visitor_id, utm_source, utm_id, gclid, mc_cid from sessions order by visitor_id;

select count(*) from events where gclid is not null or mc_cid is not null;
