-- Each tab is a case of its own. #zip is of no form that anybody submits. Of #code there are 20 visits, of #rare too few to know what is long.
select tab_id, element_path, measure, reason from friction where signal = 'field_trouble' order by tab_id;

select tab_id, element_path, dwell_ms, hesitation_ms, edits, changes, corrections, refills, length, submit_after_ms, last
from fields where element_path not in ('#code', '#rare') order by tab_id, seq;
