use super::*;

use proptest::prelude::*;
use serde_json::{Value, json};

fn kept(url: &str) -> Option<String> {
    ["https://shop.example/a.png", "/assets/1"].contains(&url).then(|| "/assets/1".to_owned())
}

fn sanitise(events: &[Value]) -> (Vec<Value>, Removed) {
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    let (text, removed) = sanitise_text(&text).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), removed)
}

fn sanitise_text(text: &str) -> Result<(String, Removed), Failure> {
    let mut sanitiser = Sanitiser::new(kept);
    let mut out = Vec::new();
    sanitiser.chunk(text, &mut out)?;
    Ok((String::from_utf8(out).unwrap(), sanitiser.removed()))
}

/// A page whose body, number 3, holds these.
fn page(body: Value) -> Value {
    json!({"type": 2, "timestamp": 1, "data": {"initialOffset": {"left": 0, "top": 0}, "node":
        {"type": 0, "id": 1, "childNodes": [{"type": 2, "tagName": "html", "attributes": {}, "id": 2, "childNodes": [
            {"type": 2, "tagName": "body", "attributes": {}, "id": 3, "childNodes": body}]}]}}})
}

fn element(id: i64, tag: &str, attributes: Value, children: Value) -> Value {
    json!({"type": 2, "tagName": tag, "attributes": attributes, "id": id, "childNodes": children})
}

fn text(id: i64, text: &str) -> Value {
    json!({"type": 3, "textContent": text, "id": id})
}

fn change(data: Value) -> Value {
    let mut data = data;
    data["source"] = data.get("source").cloned().unwrap_or(json!(0));
    json!({"type": 3, "timestamp": 2, "q": 7, "data": data})
}

fn body(events: &[Value]) -> Value {
    events[0]["data"]["node"]["childNodes"][0]["childNodes"][0]["childNodes"].clone()
}

#[test]
fn a_harmless_page_is_left_as_it_is() {
    let events = [
        json!({"type": 4, "timestamp": 1, "data": {"href": "about:blank", "width": 1280, "height": 720.5}}),
        page(json!([
            element(4, "div", json!({"class": "a", "style": "color:red"}), json!([text(5, "a"), text(6, "\u{1f600}\"<")])),
            {"type": 5, "textContent": "", "id": 7},
            {"type": 2, "tagName": "svg", "attributes": {"viewBox": "0 0 1 1"}, "isSVG": true, "id": 8, "childNodes": []},
            {"type": 2, "tagName": "my-box", "attributes": {}, "isCustom": true, "isShadowHost": true, "id": 9, "childNodes":
                [{"type": 2, "tagName": "b", "attributes": {}, "isShadow": true, "id": 10, "childNodes": []}]},
        ])),
        change(json!({"texts": [{"id": 5, "value": "b"}], "attributes": [{"id": 4, "attributes": {"class": null}}],
            "removes": [{"parentId": 4, "id": 6}], "adds": [{"parentId": 4, "nextId": null, "node": text(6, "c")}]})),
        change(json!({"source": 3, "id": 4, "x": 0, "y": 10})),
        change(json!({"source": 4, "width": 10, "height": 20})),
        change(json!({"source": 5, "id": 4, "text": "***", "isChecked": false})),
        change(json!({"source": 7, "id": 4, "type": 1, "currentTime": 1.5, "muted": true})),
        change(
            json!({"source": 8, "styleId": 1, "adds": [{"rule": "a{}", "index": [0, 1]}], "removes": [{"index": 2}]}),
        ),
        change(json!({"source": 13, "styleId": 1, "index": [0],
            "set": {"property": "color", "value": "red", "priority": "important"}})),
        change(
            json!({"source": 15, "id": 1, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": "a{}", "index": 0}]}]}),
        ),
    ];
    let (left, removed) = sanitise(&events);
    assert_eq!(removed, Removed::default());
    assert_eq!(left, events);
}

#[test]
fn elements_keep_their_numbers_and_lose_what_they_do() {
    let (left, removed) = sanitise(&[page(json!([
        element(4, "script", json!({"src": "//evil.example/"}), json!([text(5, "run()")])),
        element(6, "style", json!({}), json!([text(7, "a{background:url(//evil.example/)}")])),
        element(8, "img", json!({"src": "https://shop.example/a.png", "onerror": "run()"}), json!([])),
    ]))]);
    let left = body(&left);
    assert_eq!(left[0], element(4, "noscript", json!({}), json!([text(5, "run()")])));
    assert_eq!(left[1]["childNodes"][0]["textContent"], "\na{background:url(\"data:,\")}\n");
    assert_eq!(left[2]["attributes"], json!({"src": "/assets/1"}));
    assert_eq!(removed, Removed { events: 0, nodes: 1, attributes: 2, styles: 1 });
}

#[test]
fn what_a_node_is_decides_over_what_is_said_of_it_later() {
    let page =
        page(json!([element(4, "style", json!({}), json!([text(5, "")])), element(6, "div", json!({}), json!([]))]));
    let css = "a{background:url(//evil.example/)}";
    let (left, removed) = sanitise(&[
        page,
        change(json!({"texts": [{"id": 5, "value": css}, {"id": 99, "value": "a"}]})),
        change(json!({"adds": [{"parentId": 4, "nextId": null, "node": text(7, css)}]})),
        change(json!({"adds": [{"parentId": 6, "nextId": null, "node": text(8, css)}]})),
        change(
            json!({"removes": [{"parentId": 6, "id": 8}], "adds": [{"parentId": 4, "nextId": null, "node": text(8, css)}]}),
        ),
        change(json!({"texts": [{"id": 8, "value": css}]})),
        change(json!({"attributes": [{"id": 6, "attributes": {"src": "/assets/1", "onload": "run()"}}]})),
    ]);
    let clean = "\na{background:url(\"data:,\")}\n";
    assert_eq!(left[1]["data"]["texts"], json!([{"id": 5, "value": clean}]));
    assert_eq!(left[2]["data"]["adds"][0]["node"]["textContent"], clean);
    assert_eq!(left[3]["data"]["adds"][0]["node"]["textContent"], css, "text of a page");
    assert_eq!(left[4]["data"]["adds"], json!([]), "text does not become a style sheet");
    assert_eq!(left.len(), 6, "and of the last nothing is left");
    assert_eq!(removed.events, 1);
}

#[test]
fn frames_take_documents_and_nothing_else_does() {
    let document = json!({"type": 0, "id": 10, "childNodes": [element(11, "html", json!({}), json!([]))]});
    let add = |parent: i64, node: &Value| {
        change(json!({"isAttachIframe": true, "adds": [{"parentId": parent, "nextId": null, "node": node}]}))
    };
    let page =
        page(json!([element(4, "iframe", json!({"srcdoc": "a"}), json!([])), element(5, "div", json!({}), json!([]))]));
    let (left, _) = sanitise(&[page, add(5, &document), add(4, &text(12, "a")), add(4, &document)]);
    assert_eq!(left.len(), 2);
    assert_eq!(left[1]["data"]["adds"][0]["node"], document);
}

#[test]
fn a_snapshot_is_a_document_with_an_html_element() {
    let html = element(2, "html", json!({}), json!([]));
    let snapshot = |node: Value| json!({"type": 2, "timestamp": 1, "data": {"node": node, "initialOffset": {"left": 0, "top": 0}}});
    for wrong in [
        html.clone(),
        json!({"type": 0, "id": 1, "childNodes": []}),
        json!({"type": 0, "id": 1, "childNodes": [element(2, "div", json!({}), json!([]))]}),
        json!(null),
    ] {
        assert_eq!(
            sanitise(&[snapshot(wrong), change(json!({"source": 3, "id": 1, "x": 0, "y": 0}))]).0,
            [] as [Value; 0]
        );
    }
    let twice = json!({"type": 0, "id": 1, "childNodes": [
        {"type": 1, "name": "html", "publicId": "", "systemId": "", "id": 5}, html,
        {"type": 1, "name": "html", "publicId": "", "systemId": "", "id": 6}, element(7, "html", json!({}), json!([]))]});
    let (left, removed) = sanitise(&[snapshot(twice)]);
    assert_eq!(left[0]["data"]["node"]["childNodes"].as_array().unwrap().len(), 2);
    assert_eq!(removed.nodes, 2);
}

#[test]
fn a_node_is_put_beside_those_that_stand_there() {
    let beside = |field: &str, id: i64| {
        let mut add = json!({"parentId": 3, "nextId": null, "node": text(20, "a")});
        add[field] = json!(id);
        let page =
            page(json!([element(4, "b", json!({}), json!([text(5, "")])), text(6, ""), text(7, ""), text(0, "")]));
        let gone = change(json!({"removes": [{"parentId": 3, "id": 7}], "adds": []}));
        let (left, _) = sanitise(&[page, gone, change(json!({"adds": [add]}))]);
        left[2]["data"]["adds"][0][field].as_i64()
    };
    for field in ["nextId", "previousId"] {
        assert_eq!([4, 6].map(|id| beside(field, id)), [Some(4), Some(6)]);
        // In another, gone, what it is put into, unknown; and what is no number to a player.
        assert_eq!([5, 7, 3, 999_999, 0].map(|id| beside(field, id)), [None; 5], "{field}");
    }
}

#[test]
fn after_a_bad_line_nothing_is_known_until_the_next_snapshot() {
    let page = page(json!([]));
    let scroll = change(json!({"source": 3, "id": 3, "x": 0, "y": 0}));
    let mut sanitiser = Sanitiser::new(NoAssets);
    let mut out = Vec::new();
    let failed = sanitiser.chunk(&format!("{page}\n{{\n{scroll}\n"), &mut out);
    assert!(matches!(failed, Err(Failure::Unreadable(Unreadable::Line { line: 2, .. }))), "{failed:?}");
    let written = out.len();
    sanitiser.chunk(&scroll.to_string(), &mut out).unwrap();
    assert_eq!(out.len(), written);
    sanitiser.chunk(&format!("{page}\n{scroll}"), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 3);
}

fn any_event() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "src",
        "href",
        "srcset",
        "style",
        "class",
        "onload",
        "xlink:href",
        "fill",
        "_cssText",
        "rr_dataURL",
        "rr_width",
        "rel",
        "name",
        "http-equiv",
        "content",
        "srcdoc",
        "rr_src",
        "data-a",
        "STYLE",
        "viewBox",
    ]);
    let values = prop_oneof![
        prop::sample::select(vec![
            "//evil.example/",
            "https://shop.example/a.png",
            "/assets/1 2x",
            "javascript:run()",
            "url(//evil.example/)",
            "#a",
            "data:image/png,a",
            "stylesheet",
            "1px",
            "color:red;background:url('",
            "@import 'x'",
            "viewport",
        ])
        .prop_map(|text| json!(text)),
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(7)),
        Just(json!({"color": "url(//evil.example/)", "a b": "x", "top": ["1px", "important"], "left": false})),
    ];
    let attributes = prop::collection::btree_map(names, values, 0..4)
        .prop_map(|all| Value::Object(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()));
    let tags = prop::sample::select(vec![
        "html", "body", "div", "style", "link", "script", "iframe", "img", "svg", "use", "image", "animate", "my-box",
        "a", "base", "meta", "object", "STYLE", "template",
    ]);
    let id = 1..12_i64;
    let node = (0..7_u8, id.clone(), tags, attributes.clone(), any::<[bool; 3]>()).prop_map(
        |(kind, id, tag, attributes, [svg, shadow, host])| {
            json!({"type": kind, "id": id, "tagName": tag, "attributes": attributes, "isSVG": svg, "isShadow": shadow,
                "isShadowHost": host, "textContent": "a{background:url(//evil.example/)}", "rootId": id - 1})
        },
    );
    let tree = node.prop_recursive(4, 12, 4, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..4)).prop_map(|(mut node, children)| {
            node["childNodes"] = Value::Array(children);
            node
        })
    });
    let in_page = prop::collection::vec(tree.clone(), 0..4).prop_map(|nodes| page(Value::Array(nodes)));
    let mutation = (tree, id.clone(), id, attributes, any::<bool>()).prop_map(|(node, parent, other, attributes, frame)| {
        change(json!({"adds": [{"parentId": parent, "nextId": null, "node": node}], "removes": [{"parentId": parent, "id": other}],
            "texts": [{"id": other, "value": "@import 'x'"}], "attributes": [{"id": parent, "attributes": attributes}],
            "isAttachIframe": frame}))
    });
    prop_oneof![in_page, mutation.clone(), mutation]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn sanitising_twice_changes_nothing(first in prop::collection::vec(any_event(), 0..6)) {
        let once = sanitise(&first).0;
        prop_assert_eq!(sanitise(&once).0, once);
    }

    #[test]
    fn only_listed_names_are_left(first in prop::collection::vec(any_event(), 0..6)) {
        for event in sanitise(&first).0 {
            assert_listed(&event);
        }
    }
}

/// By the lists themselves: what stands as a tag is in them, and as an attribute of it too.
fn assert_listed(value: &Value) {
    if let (Some(tag), Some(attributes)) = (value["tagName"].as_str(), value["attributes"].as_object()) {
        let (tag, name, listed) = elements::shown_as(tag, value["isSVG"] == true);
        assert!(listed && name == value["tagName"].as_str().unwrap(), "{value}");
        for (name, value) in attributes {
            let value =
                value.as_str().map_or(crate::event::Value::Bool(true), |text| crate::event::Value::Text(text.into()));
            let mut attribute = crate::event::Attribute { name: name.as_str().into(), value };
            let number = matches!(attribute.value, crate::event::Value::Bool(_));
            assert!(attributes::clean(&mut attribute, tag, &kept).0 || number, "{name}");
        }
    }
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    };
    inner.into_iter().for_each(assert_listed);
}
