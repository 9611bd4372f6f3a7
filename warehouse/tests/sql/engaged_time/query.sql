-- Engaged in [10, 18) by click and scroll, in [20, 22) by the key until hidden; visible until 22 s.
select duration_ms, visible_ms, engaged_ms from sessions;

select time_on_page_ms, visible_ms, engaged_ms, first_interaction_ms from page_views;
