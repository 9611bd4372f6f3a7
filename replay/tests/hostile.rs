//! Every vector of `hostile/`, sanitised, holds nothing that runs or loads. Judged here by rules of its own, and more strictly
//! than a browser would: by what stands there, not by what it might do.

#![allow(clippy::unwrap_used)] // a test is read where it fails; clippy knows no helpers of tests

use std::fs;
use std::path::Path;

use replay::{NoAssets, Sanitiser};
use serde_json::Value;

/// Elements that a player must not build, in either language.
const FORBIDDEN_TAGS: [&str; 16] = [
    "script",
    "object",
    "embed",
    "applet",
    "param",
    "portal",
    "fencedframe",
    "frame",
    "frameset",
    "base",
    "animate",
    "set",
    "animatetransform",
    "animatemotion",
    "discard",
    "handler",
];

/// Attributes that name what to load, to run or to go to.
const FORBIDDEN_ATTRIBUTES: [&str; 14] = [
    "action",
    "archive",
    "attributionsrc",
    "background",
    "cite",
    "codebase",
    "data",
    "formaction",
    "http-equiv",
    "imagesrcset",
    "manifest",
    "ping",
    "rr_src",
    "srcdoc",
];

struct Vector {
    name: String,
    events: Vec<Value>,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let mut vectors: Vec<Vector> = fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let vector: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).expect(&name);
            assert!(vector["tries"].as_str().is_some_and(|tries| !tries.is_empty()), "{name} says what it tries");
            Vector { name, events: vector["events"].as_array().unwrap().clone() }
        })
        .collect();
    vectors.sort_by(|one, other| one.name.cmp(&other.name));
    vectors
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn sanitise(text: &str) -> Vec<Value> {
    let mut sanitiser = Sanitiser::new(NoAssets);
    let mut out = Vec::new();
    sanitiser.chunk(text, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn nothing_forbidden_is_left_of_any_vector() {
    let vectors = vectors();
    assert!(vectors.len() >= 60, "{}", vectors.len());
    let mut found = Vec::new();
    for Vector { name, events } in &vectors {
        let left = sanitise(&lines(events));
        for event in &left {
            forbidden(event, &mut |what| found.push(format!("{name}: {what}")));
        }
    }
    assert!(found.is_empty(), "{} things:\n{}", found.len(), found.join("\n"));
}

/// The rules above must see what they are for: of what was not sanitised they find something in nearly every vector.
#[test]
fn the_rules_find_what_the_vectors_try() {
    let silent: Vec<String> = vectors()
        .into_iter()
        .filter(|vector| {
            let mut found = 0;
            for event in &vector.events {
                forbidden(event, &mut |_| found += 1);
            }
            found == 0
        })
        .map(|vector| vector.name)
        .collect();
    // What these try is not in what they say, but in how a player might take it.
    let by_structure = [
        "markup-in-comment",
        "markup-in-text",
        "names-that-clobber",
        "neighbour-that-never-comes",
        "script-in-template",
        "style-split-texts",
        "text-becomes-style",
        "two-of-one-number",
    ];
    for name in &silent {
        assert!(by_structure.contains(&&**name), "{name}: the rules see nothing in it");
    }
}

#[test]
fn sanitising_a_vector_again_changes_nothing() {
    for Vector { name, events } in vectors() {
        let once = sanitise(&lines(&events));
        let twice = sanitise(&lines(&once));
        assert_eq!(once, twice, "{name}");
    }
}

/// What is left stands in a file, for the browser to play: a line for each vector.
#[test]
fn what_is_left_is_what_the_browser_plays() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile.clean.jsonl");
    let line = |vector: Vector| {
        let left = sanitise(&lines(&vector.events));
        format!("{}\n", serde_json::json!({"name": vector.name, "events": left}))
    };
    let left: String = vectors().into_iter().map(line).collect();
    if std::env::var_os("CT_WRITE_CLEAN").is_some() {
        fs::write(&file, &left).unwrap();
    }
    let same = fs::read_to_string(&file).is_ok_and(|written| written == left);
    assert!(same, "look at what changed, then CT_WRITE_CLEAN=1 cargo test --locked --workspace --test hostile");
}

/// The page around a vector stays: a test that everything was thrown away would pass as well.
#[test]
fn what_is_left_can_still_be_played() {
    for Vector { name, events } in vectors() {
        let left = sanitise(&lines(&events));
        assert!(left.len() >= 2, "{name}: {left:?}");
        let snapshot = left.iter().find(|event| event["type"] == 2).expect(&name);
        assert!(snapshot.to_string().contains("\"tagName\":\"body\""), "{name}");
        // Text is text, whatever it says. Pictures that stand in their own address are shown, and nothing in them is loaded or
        // run.
        let changed = left.iter().any(|event| event["type"] != 4 && !events.contains(event));
        assert!(
            changed || left.len() < events.len() || ["data-drawing", "markup-in-text"].contains(&&*name),
            "{name}: nothing was taken out"
        );
    }
}

fn forbidden(value: &Value, report: &mut impl FnMut(String)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| forbidden(item, report)),
        Value::Object(fields) => {
            event_or_node(value, report);
            for inner in fields.values() {
                forbidden(inner, report);
            }
        }
        _ => {}
    }
}

fn event_or_node(value: &Value, report: &mut impl FnMut(String)) {
    if value["timestamp"].is_number() {
        let source = value["data"]["source"].as_u64();
        let known = match value["type"].as_u64() {
            Some(2 | 4) => true,
            Some(3) => source.is_some_and(|source| [0, 3, 4, 5, 7, 8, 13, 15].contains(&source)),
            _ => false,
        };
        if !known {
            report(format!("an event of type {} and source {source:?}", value["type"]));
        }
    }
    let tag = value["tagName"].as_str().unwrap_or_default();
    let lower = tag.to_ascii_lowercase();
    let odd = |char: char| !(char.is_ascii_alphanumeric() || char == '-');
    if FORBIDDEN_TAGS.contains(&&*lower) || tag.contains(odd) {
        report(format!("<{tag}>"));
    }
    if let Some(attributes) = value["attributes"].as_object() {
        for (name, value) in attributes {
            attribute(&lower, name, value, report);
        }
    }
    let is_style = lower == "style" || lower == "link";
    for child in value["childNodes"].as_array().into_iter().flatten().filter(|_| is_style) {
        css(child["textContent"].as_str().unwrap_or_default(), report);
    }
    for name in ["rule", "replace", "replaceSync"] {
        css(value[name].as_str().unwrap_or_default(), report);
    }
    if value["property"].is_string() {
        css(value["value"].as_str().unwrap_or_default(), report);
    }
    for name in ["href", "publicId", "systemId"] {
        if value[name].as_str().is_some_and(|address| !["", "about:blank", "#"].contains(&address)) {
            report(format!("{name} is {}", value[name]));
        }
    }
}

fn attribute(tag: &str, name: &str, value: &Value, report: &mut impl FnMut(String)) {
    let lower = name.to_ascii_lowercase();
    let text = value.as_str().unwrap_or_default();
    if lower.starts_with("on") || FORBIDDEN_ATTRIBUTES.contains(&&*lower) || lower.contains(['<', '>', '"', ' ']) {
        report(format!("<{tag} {name}={text:?}>"));
    }
    let in_place = text.starts_with('#') || text.starts_with("data:image/");
    if ["src", "href", "xlink:href", "srcset", "poster", "rr_dataurl"].contains(&&*lower) && !in_place {
        report(format!("<{tag} {name}={text:?}>"));
    }
    let harmless = lower.starts_with("data-") || ["alt", "title", "value", "content", "placeholder"].contains(&&*lower);
    if !harmless {
        css(text, report);
    }
    for (property, value) in value.as_object().into_iter().flatten() {
        css(&format!("{property}:{value}"), report);
    }
}

/// Looks for what loads or runs in a text of CSS, escapes and case undone.
fn css(text: &str, report: &mut impl FnMut(String)) {
    let plain = unescape(&without_strings(text)).to_ascii_lowercase();
    if plain.contains("data:image/") {
        return;
    }
    for never in ["@import", "@namespace", "@document", "expression(", "src(", "javascript:", "element(", "paint("] {
        if plain.contains(never) {
            report(format!("{never} in {text:?}"));
        }
    }
    for (place, _) in plain.match_indices("url(") {
        let address = plain[place + 4..].trim_start_matches(['"', '\'', ' ']);
        if !["data:,", "#"].iter().any(|harmless| address.starts_with(harmless)) {
            report(format!("url() in {text:?}"));
        }
    }
    let whole = unescape(text).to_ascii_lowercase();
    for (place, _) in whole.match_indices("image-set(") {
        if whole[place..].split(['{', '}', ';']).next().is_some_and(|value| value.contains("evil.example")) {
            report(format!("an address in image-set() in {text:?}"));
        }
    }
}

/// Without what stands between quotes, but for addresses: a text is not loaded.
fn without_strings(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find('"') {
        out.push_str(&rest[..begin]);
        let inside = &rest[begin + 1..];
        let mut escaped = false;
        let end = inside.find(|char| {
            let ends = char == '"' && !escaped;
            escaped = char == '\\' && !escaped;
            ends
        });
        let end = end.unwrap_or(inside.len());
        if out.to_ascii_lowercase().ends_with("url(") {
            out.push_str(&inside[..end]);
        }
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    out + rest
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        let mut code = String::new();
        while code.len() < 6 && chars.peek().is_some_and(char::is_ascii_hexdigit) {
            code.extend(chars.next());
        }
        if code.is_empty() {
            out.extend(chars.next().filter(|char| *char != '\n'));
        } else {
            chars.next_if(|char| char.is_ascii_whitespace());
            out.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
        }
    }
    out
}
