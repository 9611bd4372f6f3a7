//! Stretches of time in which a page is visible or its visitor engaged: what several tables measure with.

/// The stretches of `touched_events`.
pub(crate) const SQL: &str = r"
-- Stretches of time, one row each, epoch microseconds: `visible` from one event of a tab to the next while its page is
-- visible; `engaged` from an input to five seconds later, cut where the page is hidden or left (DEFINITIONS: engaged
-- time is the union of these). A page that is frozen (`visibility`, see the Page Lifecycle API) is not visible until its
-- next event, and as visible as before from there on. Reads `touched_events`; sessions and page views build the unions.
with steps as (
    select site_id, session_id, tab_id, page_view_id, seq, type, cast(occurred_at as bigint) as at_us,
        case type when 'visibility' then nullif(nullif(visibility_state, 'frozen'), 'resumed')
            when 'page_leave' then 'hidden' when 'page_view' then 'visible' end as state,
        coalesce(type = 'visibility' and visibility_state = 'frozen', false) as frozen
    from touched_events
),
placed as (
    select site_id, session_id, tab_id, page_view_id, type, at_us, frozen,
        last_value(state) ignore nulls over (
            partition by site_id, session_id, tab_id order by seq rows between unbounded preceding and current row) as state_now,
        lead(at_us) over (partition by site_id, session_id, tab_id order by seq) as next_us,
        min(case when state = 'hidden' or frozen then at_us end) over (
            partition by site_id, session_id, tab_id order by seq desc rows between unbounded preceding and current row) as hidden_us
    from steps
)
-- one pass over the steps for both kinds; the two kinds stand on the left, where a join keeps its rows in memory
select site_id, session_id, tab_id, page_view_id, kind.what, at_us as from_us,
    case kind.what
        when 'visible' then next_us
        else greatest(at_us, least(at_us + 5000000, coalesce(hidden_us, at_us + 5000000)))
    end as to_us
from (values ('visible'), ('engaged')) as kind(what)
cross join placed
where coalesce(state_now, 'visible') <> 'hidden'
    and case kind.what
        when 'visible' then next_us > at_us and not frozen
        else type in ('click', 'double_click', 'context_menu', 'pointer', 'pointer_down', 'pointer_up', 'pointer_cancel', 'drag',
            'input', 'composition', 'change', 'submit', 'scroll', 'key', 'clipboard')
    end
";
