use super::*;

fn sites() -> Sites {
    Sites::new(&[config::Site {
        site_id: "shop".into(),
        write_key: "k+1".into(),
        allowed_origins: vec!["https://shop.example".into()],
    }])
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

#[test]
fn a_key_is_found_in_the_header_or_the_query_and_the_header_wins() {
    let sites = sites();
    let known = |pairs: &[_], query| sites.key(&headers(pairs), query).site().is_ok();
    assert!(known(&[("authorization", "Bearer k+1")], ""));
    assert!(known(&[("authorization", "bearer  k+1")], ""));
    assert!(known(&[], "a=b&key=k%2B1"));
    assert!(!known(&[("authorization", "Basic k+1")], "key=k%2B1"));
    for query in ["", "key=", "key=k", "key=K%2B1", "Key=k%2B1"] {
        assert!(!known(&[], query), "{query}");
    }
    assert!(matches!(sites.key(&headers(&[]), "key=k"), Key::Unknown));
    assert!(matches!(sites.key(&headers(&[]), "k=v"), Key::Missing));
}

#[test]
fn origins_are_compared_exactly() {
    let sites = sites();
    let key = sites.key(&headers(&[]), "key=k%2B1");
    let site = key.site().expect("the key");
    assert!(check_origin(site, &headers(&[])).is_ok());
    assert!(check_origin(site, &headers(&[("origin", "https://shop.example")])).is_ok());
    for origin in [
        "http://shop.example",
        "https://shop.example.evil",
        "https://evil.example",
        "null",
        "https://shop.example:8443",
    ] {
        assert!(check_origin(site, &headers(&[("origin", origin)])).is_err(), "{origin}");
        assert!(!sites.any_allows(origin), "{origin}");
    }
}
