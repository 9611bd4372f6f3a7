//! The worst that a chunk may hold: work that grows as its length does, whatever it is.

use std::hint::black_box;

use replay::{NoAssets, Sanitiser, clean_css};
use serde_json::json;
use testkit::growth::grows_too_fast;

const SHORT_BYTES: usize = 4 * 1024;

/// A text of about so many bytes.
type Shape = Box<dyn Fn(usize) -> String>;

#[test]
fn styles_take_time_in_proportion() {
    for piece in [
        "(",
        "((",
        "url(",
        "url(  ",
        "url( \"",
        "\"",
        "'\\",
        "/*",
        "\\",
        "@a",
        "@a{",
        "a{",
        "image-set(",
        "calc(",
        "[",
        "<",
        "-",
        "1",
        "1e",
        "#",
        "\u{0}",
        "}",
        "u+",
        "attr(",
        "paint(url(",
        "a\n",
        "'\\\n",
        "é",
    ] {
        assert_linear(
            &format!("{piece:?}"),
            |bytes| piece.repeat(bytes / piece.len()),
            |css| {
                black_box(clean_css(css, None, &NoAssets));
            },
        );
    }
}

#[test]
fn recordings_take_time_in_proportion() {
    let node = |id: usize| json!({"type": 2, "tagName": "b", "attributes": {"a": "b"}, "id": id, "childNodes": []});
    let snapshot = |body: serde_json::Value| {
        json!({"type": 2, "timestamp": 1, "data": {"node": {"type": 0, "id": 1, "childNodes": [
            {"type": 2, "tagName": "html", "attributes": {}, "id": 2, "childNodes": body}]}}})
        .to_string()
    };
    let in_page = move |line: serde_json::Value| format!("{}\n{line}", snapshot(json!([])));
    let shapes: [(&str, Shape); 8] = [
        ("nodes", Box::new(move |bytes| snapshot((3..bytes / 70).map(node).collect()))),
        ("one node again and again", Box::new(move |bytes| snapshot((3..bytes / 70).map(|_| node(3)).collect()))),
        (
            "attributes",
            Box::new(move |bytes| {
                let attributes: serde_json::Map<_, _> =
                    (0..bytes / 20).map(|n| (format!("data-{n}"), json!("a"))).collect();
                snapshot(json!([{"type": 2, "tagName": "b", "attributes": attributes, "id": 3}]))
            }),
        ),
        (
            "candidates",
            Box::new(move |bytes| {
                snapshot(
                    json!([{"type": 2, "tagName": "img", "attributes": {"srcset": ", a 1x".repeat(bytes / 6)}, "id": 3}]),
                )
            }),
        ),
        (
            "escapes",
            Box::new(move |bytes| {
                snapshot(
                    json!([{"type": 2, "tagName": "b", "attributes": {"alt": "\u{1}".repeat(bytes / 6)}, "id": 3}]),
                )
            }),
        ),
        (
            "moves",
            Box::new(move |bytes| {
                let adds: Vec<_> =
                    (0..bytes / 100).map(|n| json!({"parentId": 2, "nextId": null, "node": node(3 + n % 9)})).collect();
                in_page(json!({"type": 3, "timestamp": 1, "data": {"source": 0, "adds": adds}}))
            }),
        ),
        (
            "neighbours, there and not",
            Box::new(move |bytes| {
                let add = |n: usize| json!({"parentId": 2, "previousId": n + 2, "nextId": n + 9, "node": node(n + 3)});
                let adds: Vec<_> = (0..bytes / 110).map(add).collect();
                in_page(json!({"type": 3, "timestamp": 1, "data": {"source": 0, "adds": adds}}))
            }),
        ),
        (
            "lists that are not shown",
            Box::new(|bytes| format!("{{\"x\":{}1{}}}", "[".repeat(900), "]".repeat(900)) + &" ".repeat(bytes)),
        ),
    ];
    for (name, shape) in shapes {
        assert_linear(name, shape, |text| {
            drop(Sanitiser::new(NoAssets).chunk(text, &mut std::io::sink()));
        });
    }
}

fn assert_linear(name: &str, text: impl Fn(usize) -> String, work: impl Fn(&str)) {
    assert_eq!(grows_too_fast(SHORT_BYTES, text, work), None, "{name}");
}
