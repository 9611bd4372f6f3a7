//! Events as rrweb's player reads them, a line for each.

use std::io::{self, Write};

use crate::event::{
    Add, Attribute, Data, Declaration, Event, Id, MEDIA_NUMBERS, MEDIA_SWITCHES, Mutation, Node, NodeKind, Place,
    Rules, Sheet, Size, StyleChange, Value,
};

/// A line of JSON in the making. What is written into it cannot fail; it goes out whole.
struct Line(Vec<u8>);

pub(crate) fn event(event: &Event<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut line = Line(Vec::new());
    let kind = match event.data {
        Data::Snapshot { .. } => "2",
        Data::Meta(_) => "4",
        _ => "3",
    };
    line.raw("{\"type\":").raw(kind).raw(",\"timestamp\":").number(event.timestamp);
    if let Some(q) = event.q {
        line.raw(",\"q\":").number(q);
    }
    line.raw(",\"data\":{");
    data(&mut line, &event.data);
    line.raw("}}\n");
    out.write_all(&line.0)
}

fn data(line: &mut Line, data: &Data<'_>) {
    match data {
        Data::Meta(size) => sized(line.raw("\"href\":\"about:blank\","), *size),
        Data::Snapshot { tree, left, top } => {
            write_tree(line.raw("\"node\":"), tree);
            line.raw(",\"initialOffset\":{\"left\":").number(*left).raw(",\"top\":").number(*top).raw("}");
        }
        Data::Mutation(mutation) => write_mutation(line.raw("\"source\":0"), mutation),
        Data::Scroll { id, x, y } => {
            line.raw("\"source\":3").id("id", *id).raw(",\"x\":").number(*x).raw(",\"y\":").number(*y);
        }
        Data::Viewport(size) => sized(line.raw("\"source\":4,"), *size),
        Data::Input { id, text, checked } => {
            line.raw("\"source\":5").id("id", *id).raw(",\"text\":").text(text);
            line.raw(",\"isChecked\":").bool(*checked);
        }
        Data::Media { id, act, numbers, switches } => {
            line.raw("\"source\":7").id("id", *id).raw(",\"type\":").number(*act);
            for (name, number) in MEDIA_NUMBERS.into_iter().zip(numbers) {
                if let Some(number) = number {
                    line.raw(",").text(name).raw(":").number(*number);
                }
            }
            for (name, switch) in MEDIA_SWITCHES.into_iter().zip(switches) {
                if let Some(switch) = switch {
                    line.raw(",").text(name).raw(":").bool(*switch);
                }
            }
        }
        Data::Rules(rules) => write_rules(line.raw("\"source\":8"), rules),
        Data::Declaration(declaration) => write_declaration(line.raw("\"source\":13"), declaration),
        Data::Adopted(adopted) => {
            line.raw("\"source\":15").id("id", adopted.id).raw(",\"styleIds\":");
            line.list(&adopted.style_ids, |line, id| line.whole(*id));
            line.raw(",\"styles\":").list(&adopted.styles, |line, style| {
                line.raw("{\"styleId\":").whole(style.style_id).raw(",\"rules\":");
                line.list(&style.rules, |line, (rule, place)| placed(line, Some(rule), place)).raw("}")
            });
        }
    }
}

fn sized(line: &mut Line, size: Size) {
    line.raw("\"width\":").number(size.width).raw(",\"height\":").number(size.height);
}

fn write_mutation(line: &mut Line, mutation: &Mutation<'_>) {
    line.raw(",\"texts\":").list(&mutation.texts, |line, (id, text)| {
        line.raw("{\"id\":").whole(*id).raw(",\"value\":").text(text).raw("}")
    });
    line.raw(",\"attributes\":").list(&mutation.attributes, |line, (id, attributes)| {
        line.raw("{\"id\":").whole(*id).raw(",\"attributes\":");
        write_attributes(line, attributes);
        line.raw("}")
    });
    line.raw(",\"removes\":").list(&mutation.removes, |line, remove| {
        line.raw("{\"parentId\":").whole(remove.parent).id("id", remove.id).flag("isShadow", remove.shadow).raw("}")
    });
    line.raw(",\"adds\":").list(&mutation.adds, |line, add| {
        let Add { parent, previous, next, tree } = add;
        line.raw("{\"parentId\":").whole(*parent);
        if let Some(previous) = previous {
            line.id("previousId", *previous);
        }
        line.raw(",\"nextId\":");
        match next {
            Some(next) => line.whole(*next),
            None => line.raw("null"),
        };
        write_tree(line.raw(",\"node\":"), tree);
        line.raw("}")
    });
    line.flag("isAttachIframe", mutation.attach_iframe);
}

/// Nodes in document order, each closed when the next one is no deeper.
fn write_tree(line: &mut Line, tree: &[Node<'_>]) {
    let mut open = 0;
    let mut follows = false;
    for node in tree {
        while open > node.depth {
            line.raw("]}");
            open -= 1;
            follows = true;
        }
        if follows {
            line.raw(",");
        }
        if write_node(line, node) {
            open += 1;
            follows = false;
        } else {
            follows = true;
        }
    }
    for _ in 0..open {
        line.raw("]}");
    }
}

/// True when its children follow.
fn write_node(line: &mut Line, node: &Node<'_>) -> bool {
    let kind = node.kind.unwrap_or(NodeKind::Comment);
    let number = match kind {
        NodeKind::Document => "0",
        NodeKind::Doctype => "1",
        NodeKind::Element => "2",
        NodeKind::Text => "3",
        NodeKind::Comment => "5",
    };
    line.raw("{\"type\":").raw(number);
    match kind {
        NodeKind::Document if node.flags.back_compat => {
            line.raw(",\"compatMode\":\"BackCompat\"");
        }
        NodeKind::Document => {}
        NodeKind::Doctype => {
            line.raw(",\"name\":\"html\",\"publicId\":\"\",\"systemId\":\"\"");
        }
        NodeKind::Element => {
            line.raw(",\"tagName\":").text(&node.tag).raw(",\"attributes\":");
            write_attributes(line, &node.attributes);
            line.flag("isSVG", node.flags.svg).flag("isCustom", node.flags.custom);
            line.flag("isShadowHost", node.flags.shadow_host);
        }
        NodeKind::Text | NodeKind::Comment => {
            line.raw(",\"textContent\":").text(&node.text);
        }
    }
    line.flag("isShadow", node.flags.shadow);
    line.id("id", node.id.unwrap_or_default());
    if let Some(root) = node.root {
        line.id("rootId", root);
    }
    let holds = matches!(kind, NodeKind::Document | NodeKind::Element);
    line.raw(if holds { ",\"childNodes\":[" } else { "}" });
    holds
}

fn write_attributes(line: &mut Line, attributes: &[Attribute<'_>]) {
    line.raw("{");
    for (place, Attribute { name, value }) in attributes.iter().enumerate() {
        line.raw(if place > 0 { "," } else { "" }).text(name).raw(":");
        match value {
            Value::Null => line.raw("null"),
            Value::Bool(yes) => line.bool(*yes),
            Value::Number(number) => line.number(*number),
            Value::Text(text) => line.text(text),
            Value::Style(changes) => style_changes(line, changes),
        };
    }
    line.raw("}");
}

fn style_changes<'l>(line: &'l mut Line, changes: &[StyleChange<'_>]) -> &'l mut Line {
    line.raw("{");
    for (place, StyleChange { property, value }) in changes.iter().enumerate() {
        line.raw(if place > 0 { "," } else { "" }).text(property).raw(":");
        match value {
            None => line.raw("false"),
            Some((value, false)) => line.text(value),
            Some((value, true)) => line.raw("[").text(value).raw(",\"important\"]"),
        };
    }
    line.raw("}")
}

fn write_rules(line: &mut Line, rules: &Rules<'_>) {
    sheet(line, rules.sheet);
    line.raw(",\"adds\":").list(&rules.adds, |line, (rule, place)| placed(line, Some(rule), place));
    line.raw(",\"removes\":").list(&rules.removes, |line, place| placed(line, None, place));
    for (name, whole) in [("replace", &rules.replace), ("replaceSync", &rules.replace_sync)] {
        if let Some(whole) = whole {
            line.raw(",").text(name).raw(":").text(whole);
        }
    }
}

fn write_declaration(line: &mut Line, declaration: &Declaration<'_>) {
    sheet(line, declaration.sheet);
    line.raw(",\"index\":").list(&declaration.place, |line, number| line.number(*number));
    if let Some(StyleChange { property, value: Some((value, important)) }) = &declaration.set {
        line.raw(",\"set\":{\"property\":").text(property).raw(",\"value\":").text(value);
        line.raw(if *important { ",\"priority\":\"important\"}" } else { "}" });
    }
    if let Some(property) = &declaration.remove {
        line.raw(",\"remove\":{\"property\":").text(property).raw("}");
    }
}

fn sheet(line: &mut Line, sheet: Sheet) {
    for (name, id) in [("id", sheet.id), ("styleId", sheet.style_id)] {
        if let Some(id) = id {
            line.id(name, id);
        }
    }
}

/// `{"rule":…,"index":…}`
fn placed<'l>(line: &'l mut Line, rule: Option<&str>, place: &Place) -> &'l mut Line {
    line.raw("{");
    if let Some(rule) = rule {
        line.raw("\"rule\":").text(rule);
    }
    let comma = if rule.is_some() { "," } else { "" };
    match place {
        Place::Last => line,
        Place::At(index) => line.raw(comma).raw("\"index\":").number(*index),
        Place::Nested(places) => line.raw(comma).raw("\"index\":").list(places, |line, place| line.number(*place)),
    }
    .raw("}")
}

impl Line {
    fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        serde_json::to_writer(&mut self.0, text).expect("a text is JSON, and memory takes it");
        self
    }

    fn number(&mut self, number: f64) -> &mut Self {
        const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
            #[allow(clippy::cast_possible_truncation)] // whole, and less than 2^53
            return self.whole(number as Id);
        }
        serde_json::to_writer(&mut self.0, &number).expect("a finite number is JSON, and memory takes it");
        self
    }

    fn whole(&mut self, number: Id) -> &mut Self {
        self.raw(&number.to_string())
    }

    fn bool(&mut self, yes: bool) -> &mut Self {
        self.raw(if yes { "true" } else { "false" })
    }

    fn id(&mut self, name: &str, id: Id) -> &mut Self {
        self.raw(",").text(name).raw(":").whole(id)
    }

    /// Where it is not so, nothing.
    fn flag(&mut self, name: &str, yes: bool) -> &mut Self {
        if yes { self.raw(",").text(name).raw(":true") } else { self }
    }

    fn list<T>(&mut self, items: &[T], each: impl for<'l> Fn(&'l mut Self, &T) -> &'l mut Self) -> &mut Self {
        self.raw("[");
        for (place, item) in items.iter().enumerate() {
            each(self.raw(if place > 0 { "," } else { "" }), item);
        }
        self.raw("]")
    }
}
