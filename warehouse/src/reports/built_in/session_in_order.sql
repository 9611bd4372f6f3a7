-- What one visitor did in one session, in order, over all tabs: for a support ticket. One row for each event: when, how long after
-- the first, on which page, what, and on which element; for a request its address, status and time, for an error its message.
-- $session text: the session's id (session_id), as other reports and the studio show it
-- $site text = null: only this site (site_id)
-- $all boolean = false: pointer movements, heartbeats and long frames as well
select occurred_at,
    round((cast(occurred_at as bigint) - cast(session_started_at as bigint)) / 1000000.0, 3) as after_s,
    tab_id, seq, page_path, type, element_path, element_text,
    coalesce(error_message, request_method || ' ' || request_url, effect_kind, custom_name, vital_name, state) as what,
    request_status as status, coalesce(request_duration_ms, effect_after_ms, duration_ms) as took_ms
from events
where session_id = $session and ($site is null or site_id = $site)
    and ($all or type not in ('pointer', 'heartbeat', 'long_frame'))
order by occurred_at, tab_id, seq
