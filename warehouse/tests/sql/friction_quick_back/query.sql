-- Each page is a tab of its own, as full loads are. The page that was left again is the finding.
select tab_id, page_path, measure, reason from friction where signal = 'quick_back' order by tab_id;
