//! Nodes within nodes, read in a loop: however deep they lie, the reader does not call itself.

use std::borrow::Cow;

use super::Read;
use super::fields::{text, whole};
use crate::Malformed;
use crate::event::{Attribute, DEPTH_MAX, Flags, NODES_MAX, Node, NodeKind, StyleChange, Value};
use crate::json::{Reader, Token};

/// A node and all below it, in document order. Of what is no object, none.
pub(super) fn tree(raw: &str) -> Read<Vec<Node<'_>>> {
    let mut nodes = Vec::new();
    if !raw.starts_with('{') {
        return Ok(nodes);
    }
    let mut reader = Reader::new(raw);
    // Places in `nodes` of those whose object is open: what is read belongs to the last.
    let mut open: Vec<usize> = Vec::new();
    loop {
        match reader.next()? {
            Token::BeginObject => {
                if open.len() == DEPTH_MAX {
                    return Err(Malformed::TooDeep);
                }
                if nodes.len() == NODES_MAX {
                    return Err(Malformed::TooManyNodes);
                }
                open.push(nodes.len());
                nodes.push(blank(open.len() - 1));
            }
            Token::EndObject => {
                open.pop();
                if open.is_empty() {
                    return Ok(nodes);
                }
            }
            Token::Key(key) => {
                let node = open.last().and_then(|&place| nodes.get_mut(place));
                field(&mut reader, &key, node.expect("a key stands in an object"))?;
            }
            // A list within a list of children holds no children.
            Token::BeginArray => reader.skip(&Token::BeginArray)?,
            // The end of a list of children, or what is no child.
            Token::EndArray | Token::Text(_) | Token::Number(_) | Token::Bool(_) | Token::Null => {}
        }
    }
}

fn blank<'a>(depth: usize) -> Node<'a> {
    Node {
        depth,
        kind: None,
        id: None,
        root: None,
        tag: Cow::Borrowed(""),
        attributes: Vec::new(),
        text: Cow::Borrowed(""),
        flags: Flags::default(),
    }
}

/// Reads the field's value; of children only that a list of them begins.
fn field<'a>(reader: &mut Reader<'a>, key: &str, node: &mut Node<'a>) -> Read<()> {
    if key == "attributes" {
        node.attributes = attributes(reader)?;
        return Ok(());
    }
    let value = reader.next()?;
    match (key, value) {
        ("childNodes", Token::BeginArray) => {}
        ("type", Token::Number(kind)) => node.kind = node_kind(kind),
        ("id", Token::Number(id)) => node.id = whole(id),
        ("rootId", Token::Number(id)) => node.root = whole(id),
        ("tagName" | "name", Token::Text(tag)) => node.tag = tag,
        ("textContent", Token::Text(text)) => node.text = text,
        ("compatMode", Token::Text(mode)) => node.flags.back_compat = mode == "BackCompat",
        ("isSVG", Token::Bool(yes)) => node.flags.svg = yes,
        ("isShadowHost", Token::Bool(yes)) => node.flags.shadow_host = yes,
        ("isShadow", Token::Bool(yes)) => node.flags.shadow = yes,
        ("isCustom", Token::Bool(yes)) => node.flags.custom = yes,
        (_, other) => reader.skip(&other)?,
    }
    Ok(())
}

#[allow(clippy::float_cmp)] // numbers of a list
fn node_kind(number: f64) -> Option<NodeKind> {
    let kinds =
        [NodeKind::Document, NodeKind::Doctype, NodeKind::Element, NodeKind::Text, NodeKind::Text, NodeKind::Comment];
    whole(number).and_then(|number| kinds.get(usize::try_from(number).ok()?).copied())
}

/// The next value as attributes. Of several of one name the last stands, as in JavaScript.
pub(super) fn attributes<'a>(reader: &mut Reader<'a>) -> Read<Vec<Attribute<'a>>> {
    let mut found = Vec::new();
    let first = reader.next()?;
    if first != Token::BeginObject {
        reader.skip(&first)?;
        return Ok(found);
    }
    while let Token::Key(name) = reader.next()? {
        let raw = reader.raw()?;
        if let Some(value) = value(raw)? {
            found.push(Attribute { name, value });
        }
    }
    Ok(found)
}

fn value(raw: &str) -> Read<Option<Value<'_>>> {
    Ok(match Reader::new(raw).next()? {
        Token::Text(text) => Some(Value::Text(text)),
        Token::Number(number) => Some(Value::Number(number)),
        Token::Bool(yes) => Some(Value::Bool(yes)),
        Token::Null => Some(Value::Null),
        Token::BeginObject => Some(Value::Style(style_changes(raw)?)),
        _ => None,
    })
}

/// `{property: false | value | [value, priority]}`
fn style_changes(raw: &str) -> Read<Vec<StyleChange<'_>>> {
    let mut changes = Vec::new();
    let mut reader = Reader::new(raw);
    reader.next()?;
    while let Token::Key(property) = reader.next()? {
        let raw = reader.raw()?;
        let mut words = Vec::new();
        super::items(raw, |item| {
            words.push(text(item).unwrap_or_default());
            Ok(())
        })?;
        let value = match (text(raw), words.first_mut()) {
            (Some(value), _) => Some((value, false)),
            (None, Some(value)) => Some((std::mem::take(value), words.get(1).is_some_and(|word| word == "important"))),
            (None, None) if raw == "false" => None,
            _ => continue,
        };
        changes.push(StyleChange { property, value });
    }
    Ok(changes)
}
