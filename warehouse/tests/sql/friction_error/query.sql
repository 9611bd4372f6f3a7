-- Each tab is a case of its own, with a click at 12:00. Of a request its beginning counts.
select tab_id, seq, measure, reason from friction where signal = 'error_click' order by tab_id;

select tab_id, seq, status, after_click_ms, click_seq, began_at from requests order by tab_id, seq;
