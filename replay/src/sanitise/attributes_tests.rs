use super::super::NoAssets;
use super::*;

fn kept(tag: Tag, name: &str, text: &str) -> Option<String> {
    let mut attribute = Attribute { name: name.into(), value: Value::Text(text.into()) };
    let assets = |url: &str| (url == "/kept" || url.starts_with("/assets/")).then(|| "/assets/1".to_owned());
    match (clean(&mut attribute, tag, &assets).0, attribute.value) {
        (true, Value::Text(text)) => Some(text.into_owned()),
        _ => None,
    }
}

#[test]
fn names_are_in_order() {
    for names in [PLAIN, STYLED, SVG] {
        assert!(names.is_sorted());
    }
}

#[test]
fn addresses_depend_on_the_element() {
    let html = Tag::Html;
    assert_eq!(kept(html("img"), "src", "/kept").as_deref(), Some("/assets/1"));
    assert_eq!(kept(html("img"), "SRC", "/kept").as_deref(), Some("/assets/1"));
    assert_eq!(kept(html("a"), "href", "javascript:alert(1)").as_deref(), Some("#"));
    assert_eq!(kept(html("link"), "rel", "alternate StyleSheet").as_deref(), Some("stylesheet"));
    assert_eq!(kept(Tag::Svg("use"), "xlink:href", "#icon").as_deref(), Some("#icon"));
    for (tag, name) in [
        ("iframe", "src"),
        ("iframe", "srcdoc"),
        ("iframe", "rr_src"),
        ("iframe", "name"),
        ("img", "name"),
        ("form", "action"),
        ("button", "formaction"),
        ("a", "ping"),
        ("video", "src"),
        ("meta", "http-equiv"),
        ("div", "onclick"),
        ("div", "is"),
        ("canvas", "rr_dataURL"),
    ] {
        assert_eq!(kept(html(tag), name, "/kept"), None, "{tag} {name}");
    }
    assert_eq!(kept(Tag::Svg("use"), "href", "/kept"), None, "another document");
    assert_eq!(kept(html("link"), "rel", "preload"), None);
    assert_eq!(kept(html("meta"), "name", "referrer"), None);
    assert_eq!(kept(html("img"), "rr_dataURL", "/kept"), None);
    assert_eq!(kept(html("div"), "rr_width", "1px;background:url(x)"), None);
    assert_eq!(kept(html("div"), "rr_width", "1.5px").as_deref(), Some("1.5px"));
    assert_eq!(kept(html("div"), "data-a b", "x"), None);
}

#[test]
fn styles_are_looked_at_wherever_they_stand() {
    let gone = "url(\"data:,\")";
    assert_eq!(kept(Tag::Svg("rect"), "fill", "url(//evil.example/#a)").as_deref(), Some(gone));
    assert_eq!(kept(Tag::Svg("rect"), "fill", "url(#a)").as_deref(), Some("url(\"#a\")"));
    let style = kept(Tag::Custom, "style", "background:url(/kept),url(/other)");
    assert_eq!(style, Some(format!("background:url(\"/assets/1\"),{gone}")));

    let mut removed = 0;
    let mut change = StyleChange { property: "background".into(), value: Some(("url(//evil.example)".into(), true)) };
    assert!(style_change(&mut change, &NoAssets, &mut removed));
    assert_eq!((change.value, removed), (Some((gone.into(), true)), 1));
    let mut change = StyleChange { property: "a;b".into(), value: None };
    assert!(!style_change(&mut change, &NoAssets, &mut removed));
}
