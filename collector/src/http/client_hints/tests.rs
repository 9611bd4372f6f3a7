use super::*;

fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn texts(hints: &ClientHints) -> Vec<(String, String)> {
    let Some(Brands(brands)) = &hints.brands else { return Vec::new() };
    brands.iter().map(|brand| (brand.brand.to_string(), brand.version.to_string())).collect()
}

#[test]
fn headers_are_read_as_browsers_send_them() {
    let hints = of_headers(&headers(&[
        ("sec-ch-ua", r#""Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141""#),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", r#""Windows""#),
        ("sec-ch-ua-platform-version", r#""19.0.0""#),
        ("sec-ch-ua-model", r#""""#),
    ]));
    assert_eq!((hints.platform.as_deref(), hints.platform_version.as_deref()), (Some("Windows"), Some("19.0.0")));
    assert_eq!((hints.mobile, hints.architecture, hints.model.as_deref()), (Some(false), None, Some("")));
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    let list = ClientHints { brands: hints.brands, ..ClientHints::default() };
    assert_eq!(texts(&list), [pair("Google Chrome", "141"), pair("Not?A_Brand", "8"), pair("Chromium", "141")]);
    let full = of_headers(&headers(&[
        ("sec-ch-ua", r#""Chromium";v="141""#),
        ("sec-ch-ua-full-version-list", r#"" Not A;Brand \"x\"";v="99","Chromium";v="141.0.7390.55""#),
    ]));
    assert_eq!(texts(&full), [pair(r#" Not A;Brand "x""#, "99"), pair("Chromium", "141.0.7390.55")]);
}

#[test]
fn what_is_no_hint_says_nothing() {
    let long = format!("\"{}\"", "x".repeat(schemas::ingest::HINT_BYTES_MAX + 1));
    for value in ["Windows", "\"Windows", "\"Windows\\", "", "?1", &long] {
        let hints = headers(&[("sec-ch-ua-platform", value), ("sec-ch-ua", value), ("sec-ch-ua-mobile", "1")]);
        assert_eq!(completed(None, &hints), None, "{value}");
    }
    let many = vec![r#""a";v="1""#; BRANDS_MAX + 5].join(",");
    assert_eq!(texts(&of_headers(&headers(&[("sec-ch-ua", &many)]))).len(), BRANDS_MAX);
}

#[test]
fn a_batchs_own_hints_come_first() {
    let sent = ClientHints { platform: Hint::new("macOS"), max_touch_points: Some(0), ..ClientHints::default() };
    let found = headers(&[("sec-ch-ua-platform", r#""Windows""#), ("sec-ch-ua-mobile", "?1")]);
    let hints = completed(Some(sent), &found).expect("both say something");
    assert_eq!((hints.platform.as_deref(), hints.mobile, hints.max_touch_points), (Some("macOS"), Some(true), Some(0)));
}
