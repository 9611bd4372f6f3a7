use super::*;
use crate::event::{DEPTH_MAX, NodeKind};

fn read(line: &str) -> Option<Data<'_>> {
    event(line).unwrap().map(|event| event.data)
}

#[test]
fn fields_are_found_in_any_order() {
    let expected = read(r#"{"type":3,"timestamp":5,"q":2,"data":{"source":3,"id":1,"x":2,"y":3}}"#);
    assert_eq!(expected, Some(Data::Scroll { id: 1, x: 2.0, y: 3.0 }));
    assert_eq!(read(r#"{"data":{"y":3,"x":2,"id":1,"source":3},"timestamp":5,"type":3}"#), expected);
    assert_eq!(read(r#"{"type":0,"type":3,"timestamp":5,"data":{"source":3,"id":1,"x":2,"y":9,"y":3}}"#), expected);
}

#[test]
fn what_is_not_shown_is_no_event() {
    for line in [
        r#"{"type":0,"timestamp":1,"data":{}}"#,
        r#"{"type":5,"timestamp":1,"data":{"tag":"a","payload":{}}}"#,
        r#"{"type":6,"timestamp":1,"data":{"plugin":"a"}}"#,
        r#"{"type":3,"timestamp":1,"data":{"source":9,"id":1,"commands":[]}}"#,
        r#"{"type":3,"timestamp":1,"data":{"source":2,"type":2,"id":1}}"#,
        r#"{"type":"4","timestamp":1,"data":{"width":1,"height":1}}"#,
        r#"{"type":4,"timestamp":-1,"data":{"width":1,"height":1}}"#,
        r#"{"type":4,"timestamp":1,"data":{"width":1e9,"height":1}}"#,
        r#"{"type":4,"data":{"width":1,"height":1}}"#,
        r#"[1]"#,
        "null",
    ] {
        assert_eq!(event(line), Ok(None), "{line}");
    }
}

#[test]
fn trees_are_read_in_document_order() {
    let line = r#"{"type":2,"timestamp":1,"data":{"node":{"childNodes":[{"type":2,"id":2,"childNodes":
        [{"id":3,"type":3,"textContent":"a"},[1,[{"id":9}]],null,7,{"type":4,"id":4,"textContent":"b"}],"tagName":"html"},
        {"type":9,"id":5}],"id":1,"type":0},"initialOffset":{"top":7}}}"#;
    let Some(Data::Snapshot { tree, left, top }) = read(line) else { panic!("no snapshot") };
    let shape: Vec<_> = tree.iter().map(|node| (node.depth, node.id.unwrap(), node.kind, &*node.text)).collect();
    assert_eq!((left, top), (0.0, 7.0));
    assert_eq!(
        shape,
        [
            (0, 1, Some(NodeKind::Document), ""),
            (1, 2, Some(NodeKind::Element), ""),
            (2, 3, Some(NodeKind::Text), "a"),
            (2, 4, Some(NodeKind::Text), "b"),
            (1, 5, None, ""),
        ]
    );
    assert_eq!(tree[1].tag, "html");
}

fn nested(depth: usize) -> String {
    let node = r#"{"type":2,"tagName":"b","attributes":{},"id":1,"childNodes":["#;
    let (open, close) = (node.repeat(depth), "]}".repeat(depth));
    format!(r#"{{"type":2,"timestamp":1,"data":{{"node":{open}{close}}}}}"#)
}

#[test]
fn depth_is_bounded() {
    assert!(event(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(event(&nested(DEPTH_MAX + 1)), Err(Malformed::TooDeep));
    assert_eq!(event(&nested(100_000)), Err(Malformed::TooDeep));
}

#[test]
fn what_is_no_json_is_named() {
    assert_eq!(event(r#"{"type":3,"#), Err(Malformed::Json(10)));
    assert_eq!(event("{} {}"), Err(Malformed::Json(2)));
    assert!(event(r#"{"type":3,"data":{"x":[1,}"#).is_err());
}

#[test]
fn styles_come_in_several_shapes() {
    let line = r#"{"type":3,"timestamp":1,"data":{"source":0,"attributes":[{"id":1,"attributes":
        {"style":{"color":"red","top":["1px","important"],"left":false,"x":{}},"title":null,"hidden":true,"rows":2}}]}}"#;
    let Some(Data::Mutation(mutation)) = read(line) else { panic!("no mutation") };
    let names: Vec<_> = mutation.attributes[0].1.iter().map(|attribute| &*attribute.name).collect();
    assert_eq!(names, ["style", "title", "hidden", "rows"]);
    let crate::event::Value::Style(changes) = &mutation.attributes[0].1[0].value else { panic!("no changes") };
    let changes: Vec<_> = changes.iter().map(|change| (&*change.property, change.value.clone())).collect();
    assert_eq!(changes, [("color", Some(("red".into(), false))), ("top", Some(("1px".into(), true))), ("left", None)]);
}
