use super::*;

fn config() -> ShopConfig {
    ShopConfig { collector_url: "http://127.0.0.1:8080".into(), write_key: "key".into(), studio_url: None }
}

#[tokio::test(start_paused = true)]
async fn a_quote_is_slow_and_grows_with_the_days() {
    let price = async |query: &str| {
        let before = tokio::time::Instant::now();
        let reply = warp::test::request().path(&format!("/api/quote?{query}")).reply(&routes(config())).await;
        let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
        (body["price"].as_f64().unwrap(), before.elapsed())
    };
    let (day, waited) = price("size=m&days=1").await;
    assert_eq!(day, 1.4);
    assert!(waited >= Duration::from_millis(QUOTE_MS_MIN));
    assert_eq!(price("size=m&days=10").await.0, 14.0);
}

/// With rust-embed's `debug-embed` off, a debug build reads the folder of the clone that built it: owned bytes.
#[test]
fn the_pages_are_in_the_binary_in_every_build() {
    #[derive(RustEmbed)]
    #[folder = "src"]
    struct Own;
    assert!(matches!(Own::get("lib.rs").unwrap().data, Cow::Borrowed(_)));
    let files =
        ShopFiles::iter().map(|name| ShopFiles::get(&name)).chain(SdkFiles::iter().map(|name| SdkFiles::get(&name)));
    assert!(files.flatten().all(|file| matches!(file.data, Cow::Borrowed(_))));
}

#[tokio::test]
async fn every_answer_carries_the_strict_policy() {
    let reply = warp::test::request().path("/shop-config.json").reply(&routes(config())).await;
    let policy = reply.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("worker-src 'self'; connect-src 'self' http://127.0.0.1:8080;"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("blob:"), "{policy}");
}
