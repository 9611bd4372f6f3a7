-- Visitors are named by what is particular about them; each rule of Google's has a case, and each addition of ours.
select visitor_id, channel, source, medium, click_id_name from channels order by visitor_id;

-- Every session has one channel.
select count(*), count(distinct session_id), count(channel) from channels;
