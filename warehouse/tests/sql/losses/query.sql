-- Up to one full batch and 100 events a second since the session of the event before began, a gap is counted to the event; a
-- later session of the tab goes on where the one before ended.
select session_started_at, events_lost, first_gap_seq, first_gap_at, losses_bounded from ledger order by 1;

select events_expected, events_lost, round(completeness, 6) from sessions order by started_at;
