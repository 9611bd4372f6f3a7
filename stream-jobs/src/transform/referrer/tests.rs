use serde_json::Value;

use super::*;

/// `medium/source` of a referrer on a page of `shop.example`.
fn classified(referrer: &str) -> String {
    with(referrer, "https://www.shop.example/boxes", &[])
}

fn with(referrer: &str, page: &str, own: &[&str]) -> String {
    let own = OwnDomains::new(&own.iter().map(|domain| (*domain).to_owned()).collect::<Vec<_>>());
    let host = host_and_path(page).0;
    match Referrer::classify(referrer, host.as_deref(), &Campaign::parse(page), &own) {
        Some(Referrer { medium, source }) => format!("{medium}/{}", source.unwrap_or_default()),
        None => "nothing".into(),
    }
}

#[test]
fn snowplows_tests() {
    let suite = std::fs::read("../infra/lists/dist/suites/snowplow_referrers.json").unwrap();
    let suite: Value = serde_json::from_slice(&suite).unwrap();
    let cases = suite["cases"].as_array().unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| {
            (case, classified(&text(case, "referrer")), format!("{}/{}", text(case, "medium"), text(case, "source")))
        })
        .filter(|(_, found, wanted)| found != wanted)
        .map(|(case, found, wanted)| format!("{}: {found}, not {wanted}", text(case, "referrer")))
        .collect();
    assert!(
        cases.len() > 100 && wrong.len() * 100 <= cases.len() * 3,
        "{} of {}: {wrong:#?}",
        wrong.len(),
        cases.len()
    );
}

#[test]
fn assistants() {
    for host in [
        "chatgpt.com",
        "chat.openai.com",
        "www.perplexity.ai",
        "perplexity.ai",
        "claude.ai",
        "gemini.google.com",
        "bard.google.com",
        "notebooklm.google.com",
        "copilot.microsoft.com",
        "copilot.cloud.microsoft",
        "meta.ai",
        "www.meta.ai",
        "grok.com",
        "chat.deepseek.com",
        "chat.mistral.ai",
        "poe.com",
        "character.ai",
        "you.com",
        "www.phind.com",
        "pi.ai",
        "duck.ai",
        "chat.qwen.ai",
        "www.kimi.com",
        "kimi.moonshot.cn",
        "www.doubao.com",
        "yiyan.baidu.com",
        "chatglm.cn",
        "chat.z.ai",
        "yuanbao.tencent.com",
        "felo.ai",
        "www.genspark.ai",
        "manus.im",
        "iask.ai",
        "andisearch.com",
    ] {
        assert!(classified(&format!("https://{host}/")).starts_with("ai_assistant/"), "{host}");
    }
    for (referrer, wanted) in [
        ("https://www.bing.com/chat", "ai_assistant/Microsoft Copilot"),
        ("https://www.bing.com/chatter", "search/Bing"),
        ("https://huggingface.co/chat/conversation/1", "ai_assistant/HuggingChat"),
        ("https://x.com/i/grok?conversation=1", "ai_assistant/Grok"),
        ("https://x.com/i/status", "social/Twitter"),
        ("android-app://com.openai.chatgpt/", "ai_assistant/ChatGPT"),
        ("https://notchatgpt.com/", "referral/"),
        ("https://chatgpt.com.evil.example/", "referral/"),
    ] {
        assert_eq!(classified(referrer), wanted, "{referrer}");
    }
}

#[test]
fn senders_by_their_registered_names() {
    for (referrer, wanted) in [
        ("https://www.google.com/", "search/Google"),
        ("https://google.co.uk", "search/Google"),
        ("https://WWW.Google.COM:443/search?q=x", "search/Google"),
        ("https://www.google.com./", "search/Google"),
        ("https://accounts.google.com/o/oauth2", "referral/Google"),
        ("https://accounts.google.de/", "referral/Google"),
        ("https://docs.google.com/document/d/1", "referral/Google"),
        ("https://calendar.google.com/", "referral/Google"),
        ("https://mail.google.com/mail/u/0/", "email/Gmail"),
        ("https://news.google.com/", "search/Google News"),
        ("https://google.example/", "referral/"),
        ("https://google.evil/", "referral/"),
        ("https://www.google.com.evil.example/", "referral/"),
        ("https://notgoogle.com/", "referral/"),
        ("https://bing.example/", "referral/"),
        ("https://login.yahoo.com/", "referral/Yahoo!"),
        ("https://passport.yandex.ru/", "referral/Yandex"),
        ("https://yandex.ru/search/?text=x", "search/Yandex"),
        ("https://www.baidu.com/link", "search/Baidu"),
        ("https://pan.baidu.com/", "referral/Baidu"),
        ("https://duckduckgo.com/", "search/DuckDuckGo"),
        ("https://kagi.com/search", "search/Kagi"),
        ("https://l.facebook.com/l.php?u=x", "social/Facebook"),
        ("https://t.co/abc", "social/Twitter"),
        ("https://bsky.app/profile/x", "social/Bluesky"),
        ("https://www.threads.com/@a", "social/Threads"),
        ("https://youtu.be/x", "social/Youtube"),
        ("https://outlook.office.com/mail/", "email/Outlook.com"),
        ("https://ad.doubleclick.net/", "paid/Doubleclick"),
        ("android-app://com.google.android.gm/", "email/Gmail"),
        ("android-app://com.google.android.googlequicksearchbox/https/www.google.com", "search/Google"),
        ("android-app://com.slack", "social/Slack"),
        ("android-app://com.unknown.app/", "referral/"),
        ("https://news.example/a", "referral/"),
        ("http://localhost:3000/", "referral/"),
        ("http://203.0.113.7/", "referral/"),
        ("", "direct/"),
        ("no address", "nothing"),
    ] {
        assert_eq!(classified(referrer), wanted, "{referrer}");
    }
    let deep = format!("https://{}google.com/", "a.".repeat(5_000));
    assert_eq!(classified(&deep), "referral/");
}

#[test]
fn own_domains() {
    let page = "https://www.shop.example/boxes?gclid=kept-from-the-landing-page";
    for (referrer, page, own, wanted) in [
        ("https://www.shop.example/", page, vec![], "internal/"),
        ("https://shop.example/", page, vec![], "internal/"),
        ("https://blog.shop.example./a", page, vec![], "internal/"),
        ("https://pay.example/done", page, vec![], "paid/"),
        ("https://pay.example/done", page, vec!["Pay.example"], "internal/"),
        ("https://secure.pay.example/done", page, vec!["pay.example"], "internal/"),
        ("https://xpay.example/done", page, vec!["pay.example"], "paid/"),
        ("https://blog.shop.example/", page, vec!["pay.example"], "internal/"),
        ("https://www.xn--bcher-kva.example/", page, vec!["bücher.example"], "internal/"),
        ("https://a.xn--p1ai/", "https://www.a.xn--p1ai/", vec![], "internal/"),
        ("https://a.co.uk/", "https://b.co.uk/", vec![], "referral/"),
        ("https://a.shop.co.uk/", "https://b.shop.co.uk/", vec![], "internal/"),
        ("https://one.github.io/", "https://two.github.io/", vec![], "referral/"),
        ("http://localhost:3000/", "http://localhost:8080/", vec![], "internal/"),
        ("http://10.0.0.7/", "http://10.1.0.7/", vec![], "referral/"),
        ("http://[2001:db8::7]/", "http://[2001:db8::8]/", vec![], "referral/"),
        ("https://www.google.com/", "https://docs.google.com/", vec![], "internal/"),
    ] {
        assert_eq!(with(referrer, page, &own), wanted, "{referrer} on {page}, {own:?}");
    }
}

#[test]
fn the_campaign_says_what_the_referrer_does_not() {
    for (referrer, query, wanted) in [
        ("https://www.google.com/", "gclid=x", "paid/Google"),
        ("https://www.google.com/", "utm_medium=cpc", "paid/Google"),
        ("https://www.facebook.com/", "fbclid=x", "social/Facebook"),
        ("https://www.facebook.com/", "fbclid=x&utm_medium=paid_social", "paid/Facebook"),
        ("https://news.example/", "utm_medium=banner", "paid/"),
        ("", "gclid=x", "paid/"),
        ("", "utm_medium=email", "email/"),
        ("", "utm_source=chatgpt.com", "ai_assistant/ChatGPT"),
        ("", "utm_source=newsletter", "direct/"),
        ("https://www.google.com/", "utm_medium=email", "search/Google"),
        ("https://news.example/", "utm_medium=social", "social/"),
    ] {
        assert_eq!(with(referrer, &format!("https://shop.example/?{query}"), &[]), wanted, "{referrer} {query}");
    }
}
