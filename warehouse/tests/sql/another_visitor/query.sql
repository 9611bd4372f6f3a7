-- No browser sends an event under two visitors, but anybody can: it stays with the one who sent it first.
select visitor_id, count(*) from events group by 1 order by 1;

select count(*) from pointer;

select visitor_id, events_received, events_lost, duplicates from ledger order by 1;
