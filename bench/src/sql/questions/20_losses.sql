-- How much of what happened did we receive?
select event_date, sum(events_expected) as expected, sum(events_lost) as lost, sum(duplicates) as duplicates
from ledger group by event_date order by event_date
