-- Each tab is a case of its own; the window is 800 px high, so a way is long from 200 px on.
select tab_id, measure from friction where signal = 'excessive_scroll' order by tab_id;
