-- Each tab is a case of its own; six ways of 100 px are five turns and 600 px.
select tab_id, measure from friction where signal = 'thrashing_pointer' order by tab_id;
