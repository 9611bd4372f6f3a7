-- A frozen page is seen by nobody until its next event; what it was before, it is again afterwards. Visible for 4 s and from
-- 6 s to 9 s; engaged by the drag from 3 s until frozen. Effects and long frames are of the machine's making: they neither
-- engage nor end a bounce.
select visible_ms, engaged_ms, bounce_posthog, drag_count, effect_count, long_frame_count from sessions;

-- the drag
select first_interaction_ms from page_views;
