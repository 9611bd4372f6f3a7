-- Six events; the same marked by the stream job; two of them and two new ones again without a mark.
select count(*), count(distinct seq) from events;

select count(*) from pointer;

select events_expected, events_received, events_lost, duplicates from ledger;
