-- One row per session. Reads `touched_events`, `stretches` and `session_ledger` (the ledger's rows). The names in braces
-- stand for the campaign columns, which `campaign.rs` writes out.
with facts as (
    select site_id, session_id, visitor_id, session_started_at,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count(distinct tab_id) as tabs,
        count(distinct page_view_id) as page_views,
        count(*) filter (where type = 'page_view') as page_view_count,
        count(*) filter (where type = 'page_leave') as page_leave_count,
        count(*) filter (where type = 'heartbeat') as heartbeat_count,
        count(*) filter (where type = 'visibility') as visibility_count,
        count(*) filter (where type = 'pointer') as pointer_count,
        count(*) filter (where type = 'element_enter') as element_enter_count,
        count(*) filter (where type = 'element_leave') as element_leave_count,
        count(*) filter (where type = 'click') as click_count,
        count(*) filter (where type = 'double_click') as double_click_count,
        count(*) filter (where type = 'context_menu') as context_menu_count,
        count(*) filter (where type = 'pointer_down') as pointer_down_count,
        count(*) filter (where type = 'pointer_up') as pointer_up_count,
        count(*) filter (where type = 'focus') as focus_count,
        count(*) filter (where type = 'blur') as blur_count,
        count(*) filter (where type = 'input') as input_count,
        count(*) filter (where type = 'change') as change_count,
        count(*) filter (where type = 'submit') as submit_count,
        count(*) filter (where type = 'scroll') as scroll_count,
        count(*) filter (where type = 'resize') as resize_count,
        count(*) filter (where type = 'key') as key_count,
        count(*) filter (where type = 'clipboard') as clipboard_count,
        count(*) filter (where type = 'request') as request_count,
        count(*) filter (where type = 'error') as error_count,
        count(*) filter (where type = 'web_vital') as web_vital_count,
        count(*) filter (where type = 'capture_degraded') as capture_degraded_count,
        count(*) filter (where type = 'custom') as custom_count,
        count(*) filter (where type = 'effect') as effect_count,
        count(*) filter (where type = 'pointer_cancel') as pointer_cancel_count,
        count(*) filter (where type = 'drag') as drag_count,
        count(*) filter (where type = 'composition') as composition_count,
        count(*) filter (where type = 'media') as media_count,
        count(*) filter (where type = 'toggle') as toggle_count,
        count(*) filter (where type = 'print') as print_count,
        count(*) filter (where type = 'long_frame') as long_frame_count,
        last_value(user_id order by occurred_at, seq) filter (where user_id is not null) as user_id,
        first_value(page_path order by occurred_at, seq) filter (where page_path is not null) as entry_page,
        last_value(page_path order by occurred_at, seq) filter (where page_path is not null) as exit_page,
        first_value(referrer_url order by occurred_at, seq) as referrer_url,
        first_value(referrer_host order by occurred_at, seq) as referrer_host,
        first_value(referrer_medium order by occurred_at, seq) as referrer_medium,
        first_value(referrer_source order by occurred_at, seq) as referrer_source,
        -- the campaign of the first event that has one, all its parts from that event
        first_value({campaign} order by occurred_at, seq) filter (where {has_campaign}) as campaign,
        first_value(device_type order by occurred_at, seq) filter (where device_type is not null) as device_type,
        first_value(browser_name order by occurred_at, seq) filter (where browser_name is not null) as browser_name,
        first_value(browser_version order by occurred_at, seq) filter (where browser_version is not null) as browser_version,
        first_value(os_name order by occurred_at, seq) filter (where os_name is not null) as os_name,
        first_value(os_version order by occurred_at, seq) filter (where os_version is not null) as os_version,
        first_value(geo_country order by occurred_at, seq) filter (where geo_country is not null) as geo_country,
        first_value(geo_region order by occurred_at, seq) filter (where geo_region is not null) as geo_region,
        first_value(geo_city order by occurred_at, seq) filter (where geo_city is not null) as geo_city,
        first_value(bot_class order by occurred_at, seq) filter (where bot_class is not null) as bot_class,
        bool_or(is_bot) as is_bot
    from touched_events
    group by site_id, session_id, visitor_id, session_started_at
),
covered as (
    select site_id, session_id, what, from_us, to_us,
        max(to_us) over (partition by site_id, session_id, what order by from_us, to_us
            rows between unbounded preceding and 1 preceding) as covered_us
    from stretches
),
spans as (
    select site_id, session_id,
        sum(case when what = 'visible' then greatest(to_us - greatest(from_us, coalesce(covered_us, from_us)), 0) end) / 1000.0
            as visible_ms,
        sum(case when what = 'engaged' then greatest(to_us - greatest(from_us, coalesce(covered_us, from_us)), 0) end) / 1000.0
            as engaged_ms
    from covered group by site_id, session_id
),
books as (
    select site_id, session_id, cast(sum(events_received) as bigint) as received,
        cast(sum(events_expected) as bigint) as expected, cast(sum(events_lost) as bigint) as lost,
        coalesce(bool_or(losses_bounded), false) as bounded
    from session_ledger group by site_id, session_id
)
select s.site_id, cast(s.session_started_at as date) as event_date, s.session_id, s.visitor_id, s.user_id,
    s.started_at, s.ended_at, s.session_started_at,
    (cast(s.ended_at as bigint) - cast(s.started_at as bigint)) / 1000.0 as duration_ms,
    coalesce(t.visible_ms, 0.0) as visible_ms,
    coalesce(t.engaged_ms, 0.0) as engaged_ms,
    s.events, s.tabs, s.page_views,
    s.page_view_count, s.page_leave_count, s.heartbeat_count, s.visibility_count, s.pointer_count, s.element_enter_count,
    s.element_leave_count, s.click_count, s.double_click_count, s.context_menu_count, s.pointer_down_count, s.pointer_up_count,
    s.focus_count, s.blur_count, s.input_count, s.change_count, s.submit_count, s.scroll_count,
    s.resize_count, s.key_count, s.clipboard_count, s.request_count, s.error_count, s.web_vital_count,
    s.capture_degraded_count, s.custom_count, s.effect_count, s.pointer_cancel_count, s.drag_count, s.composition_count,
    s.media_count, s.toggle_count, s.print_count, s.long_frame_count,
    s.entry_page, s.exit_page,
    -- no key events are configured, so not engaged: under 10 s visible and one page view
    coalesce(t.visible_ms, 0.0) < 10000 and s.page_views <= 1 as bounce_ga4,
    s.page_views <= 1 and s.click_count + s.change_count + s.submit_count = 0
        and cast(s.ended_at as bigint) - cast(s.started_at as bigint) < 10000000 as bounce_posthog,
    s.page_views <= 1 as bounce_single_page,
    b.expected as events_expected, b.lost as events_lost,
    cast(b.received as double) / nullif(b.expected, 0) as completeness,
    s.device_type, s.browser_name, s.browser_version, s.os_name, s.os_version,
    s.referrer_url, s.referrer_host, s.referrer_medium, s.referrer_source,
    {campaign_columns},
    s.geo_country, s.geo_region, s.geo_city,
    s.is_bot, s.bot_class, coalesce(b.bounded, false) as losses_bounded
from facts s
left join spans t on t.site_id = s.site_id and t.session_id = s.session_id
left join books b on b.site_id = s.site_id and b.session_id = s.session_id
