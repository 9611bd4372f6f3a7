-- The first effect counts; a click without one is not judged. The second click of #buy lies 5 px and 1 s from the first; #help was
-- clicked without the pointer on it. The first click of a session has none before it.
select tab_id, seq, element_path, button, pointer_type, dwell_ms, effect_kind, first_effect_ms, gap_ms, distance_px
from clicks order by tab_id, seq;

select count(*), count(distinct session_id), count(effect_kind), count(*) filter (where effect_kind = 'none') from clicks;

select c.session_id = e.session_id, c.occurred_at = e.occurred_at, count(*)
from clicks c join events e on e.tab_id = c.tab_id and e.seq = c.seq group by 1, 2;
