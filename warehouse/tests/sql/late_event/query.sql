-- The late event joins two sessions.
select visitor_id, events, tabs, started_at, ended_at from sessions order by 1;

select count(distinct session_id), count(distinct session_started_at) from events where visitor_id = 'v1';

select count(distinct session_id) from pointer where visitor_id = 'v1';

select visitor_id, tab_id, events_received, session_started_at from ledger order by 1, 2;
