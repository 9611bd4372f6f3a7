-- A stay of less than 250 ms is no hover; a click on another element is none of it.
select seq, element_path, dwell_ms, clicks from hovers order by seq;

-- Of a click that never came only the effect is known.
select seq, of_seq, of_type, element_path, kind, after_ms from effects order by seq;
