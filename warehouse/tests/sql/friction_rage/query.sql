-- Each tab is a case of its own. At the thresholds is within them.
select tab_id, seq, element_path, measure, version from friction where signal = 'rage_click' order by tab_id, seq;
