-- channels, version 2
-- Which channel brought each session, by the rules of Google Analytics 4's default channel group ("Default channel group",
-- support.google.com/analytics/answer/9756891, seen 2026-11-26), in their order; the first that holds counts. Beside them:
-- AI assistants, which Google counts as referrals; click ids of advertisements, where a campaign has no medium; and the lists of
-- senders (docs/visits.md) where Google has lists of its own. What `utm_` says goes before what the referrer says.
with visits as (
    select *,
        coalesce(utm_source, utm_medium, utm_campaign) is not null as tagged,
        coalesce(gclid, gbraid, wbraid, gad_source, gad_campaignid) as google_click,
        coalesce(gclid, gbraid, wbraid, gad_source, gad_campaignid, msclkid, yclid) is not null as search_click,
        coalesce(ttclid, twclid, li_fat_id, rdt_cid, sccid, qclid) is not null as social_click,
        dclid is not null as display_click
    from sessions
),
told as (
    select *,
        case
            when utm_source is not null then lower(utm_source)
            when tagged then '(not set)'
            when google_click is not null then 'google'
            -- as Google names its Campaign Manager
            when display_click then 'dfa'
            when msclkid is not null then 'bing'
            when yclid is not null then 'yandex'
            when ttclid is not null then 'tiktok'
            when twclid is not null then 'twitter'
            when li_fat_id is not null then 'linkedin'
            when rdt_cid is not null then 'reddit'
            when sccid is not null then 'snapchat'
            when qclid is not null then 'quora'
            when referrer_medium is null or referrer_medium in ('direct', 'internal') then '(direct)'
            -- a service of a known sender is none of its searches: accounts.google.com is not Google
            when referrer_medium = 'referral' then lower(coalesce(referrer_host, referrer_source, '(not set)'))
            else lower(coalesce(referrer_source, referrer_host, '(not set)'))
        end as source,
        case
            when utm_medium is not null then lower(utm_medium)
            when search_click or social_click then 'cpc'
            when display_click then 'cpm'
            when tagged then '(not set)'
            when referrer_medium is null or referrer_medium in ('direct', 'internal') then '(none)'
            when referrer_medium = 'search' then 'organic'
            when referrer_medium = 'paid' then 'cpc'
            else referrer_medium
        end as medium,
        lower(coalesce(utm_campaign, '')) as campaign_text,
        -- of what an address says nothing, the lists' word for the referrer counts
        case when tagged then '' else coalesce(referrer_medium, 'direct') end as sender
    from visits
),
known as (
    select *,
        medium not in ('(not set)', '(none)') and regexp_like(medium, '^(.*cp.*|ppc|retargeting|paid.*)$') as paid,
        -- which hosts search is what the lists know of referrers: www.yahoo.com does not
        sender <> 'referral' and regexp_like(source, '^(www[.]|m[.]|l[.]|lm[.])?(google|googleads|google_ads|adwords|bing|bingads|bing_ads|msn|yahoo|duckduckgo|baidu|yandex|ecosia|naver|daum|qwant|startpage|brave|sogou|seznam|aol|ask|onesearch)([.][a-z]{2,3}([.][a-z]{2})?)?$') as by_search,
        regexp_like(source, '^((www|m|l|lm|out|old)[.])?(facebook|fb|meta|instagram|ig|threads|linkedin|lnkd|twitter|x|tiktok|pinterest|reddit|snapchat|quora|tumblr|vk|weibo|wechat|whatsapp|telegram|discord|mastodon|bluesky|bsky|line|messenger)([.][a-z]{2,4}([.][a-z]{2})?)?$')
            or source in ('t.co', 'pin.it', 'fb.me') as by_social,
        regexp_like(source, '^((www|m)[.])?(youtube|youtu|vimeo|twitch|dailymotion|netflix|hulu|disneyplus|iqiyi|youku|bilibili)([.][a-z]{2,4})?$') as by_video,
        regexp_like(source, '^((www|smile|m)[.])?(amazon|ebay|etsy|walmart|alibaba|aliexpress|shopify|idealo|shopzilla|shopping|googleshopping|igshopping|mercadolibre|rakuten|shopee|temu)([.][a-z]{2,3}([.][a-z]{2})?)?$')
            or regexp_like(campaign_text, '^(.*(([^a-df-z]|^)shop|shopping).*)$') as by_shopping,
        regexp_like(source, '^((www|chat|m)[.])?(chatgpt|openai|perplexity|claude|gemini|gemini[.]google|copilot|copilot[.]microsoft|deepseek|mistral|grok|phind|poe)([.](com|ai|app))?$') as by_assistant
    from told
)
select site_id, event_date, session_id, visitor_id, started_at,
    case
        when campaign_text like '%cross-network%' then 'Cross-network'
        when paid and by_shopping then 'Paid Shopping'
        when paid and by_search then 'Paid Search'
        when paid and (by_social or fbclid is not null or igshid is not null) then 'Paid Social'
        when paid and by_video then 'Paid Video'
        when medium in ('display', 'banner', 'expandable', 'interstitial', 'cpm') or display_click then 'Display'
        when search_click then 'Paid Search'
        when social_click then 'Paid Social'
        when paid then 'Paid Other'
        when by_assistant or sender = 'ai_assistant' then 'AI Assistants'
        when by_shopping then 'Organic Shopping'
        when by_video then 'Organic Video'
        when by_social or sender = 'social'
            or medium in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media') then 'Organic Social'
        when medium like '%video%' then 'Organic Video'
        when by_search or sender = 'search' or medium = 'organic' then 'Organic Search'
        when source in ('email', 'e-mail', 'e_mail', 'e mail') or medium in ('email', 'e-mail', 'e_mail', 'e mail') then 'Email'
        when medium in ('affiliate', 'affiliates') then 'Affiliates'
        when medium in ('referral', 'app', 'link') then 'Referral'
        when medium = 'audio' then 'Audio'
        when source = 'sms' or medium = 'sms' then 'SMS'
        when medium like '%push' or medium like '%mobile%' or medium like '%notification%' or source = 'firebase'
            then 'Mobile Push Notifications'
        when source in ('(direct)', 'direct') and medium in ('(none)', '(not set)') then 'Direct'
        else 'Unassigned'
    end as channel,
    source, medium, utm_campaign as campaign, utm_term as term, utm_content as content, utm_id as campaign_id,
    {click_id_name} as click_id_name,
    {click_id} as click_id,
    entry_page, page_views, duration_ms, engaged_ms, bounce_ga4, is_bot
from known
