-- Each tab is a case of its own; six ways of 100 px are five turns and 600 px.
select tab_id, measure from friction where signal = 'thrashing_pointer' order by tab_id, measure;

-- Each has the page on which it was.
select page_path, count(*) from friction where signal = 'thrashing_pointer' and tab_id = 'on two pages' group by page_path order by page_path;
