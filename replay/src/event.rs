//! The events of rrweb that a recording may hold: types and sources by rrweb's numbers, and of each the fields that its player
//! reads. What is not here is not shown.

use std::borrow::Cow;

/// Most nodes of a snapshot, with what was added since.
pub const NODES_MAX: usize = 200_000;

/// How deep nodes may lie in each other.
pub const DEPTH_MAX: usize = 512;

/// A node's number within its recording.
pub(crate) type Id = i64;

#[derive(Debug, PartialEq)]
pub(crate) struct Event<'a> {
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The tracker's newest `seq` when it was recorded.
    pub q: Option<f64>,
    pub data: Data<'a>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Data<'a> {
    /// Type 4, without its address: which page it is stands in `page_views`.
    Meta(Size),
    /// Type 2.
    Snapshot { tree: Vec<Node<'a>>, left: f64, top: f64 },
    /// Type 3, source 0.
    Mutation(Mutation<'a>),
    /// Source 3.
    Scroll { id: Id, x: f64, y: f64 },
    /// Source 4.
    Viewport(Size),
    /// Source 5.
    Input { id: Id, text: Cow<'a, str>, checked: bool },
    /// Source 7.
    Media { id: Id, act: f64, numbers: [Option<f64>; 3], switches: [Option<bool>; 2] },
    /// Source 8.
    Rules(Rules<'a>),
    /// Source 13.
    Declaration(Declaration<'a>),
    /// Source 15.
    Adopted(Adopted<'a>),
}

/// The numbers of [`Data::Media`], and its switches.
pub(crate) const MEDIA_NUMBERS: [&str; 3] = ["currentTime", "volume", "playbackRate"];
pub(crate) const MEDIA_SWITCHES: [&str; 2] = ["muted", "loop"];

/// Of a viewport, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Mutation<'a> {
    pub texts: Vec<(Id, Cow<'a, str>)>,
    pub attributes: Vec<(Id, Vec<Attribute<'a>>)>,
    pub removes: Vec<Remove>,
    pub adds: Vec<Add<'a>>,
    /// What is added is the document of a frame.
    pub attach_iframe: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Remove {
    pub parent: Id,
    pub id: Id,
    pub shadow: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Add<'a> {
    pub parent: Id,
    pub previous: Option<Id>,
    pub next: Option<Id>,
    pub tree: Vec<Node<'a>>,
}

/// rrweb's `NodeType`. Character data of XML is text here: pages of HTML can have no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Document,
    Doctype,
    Element,
    Text,
    Comment,
}

/// A tree is its nodes in document order, each with its depth; the first one's is 0.
#[derive(Debug, PartialEq)]
pub(crate) struct Node<'a> {
    pub depth: usize,
    /// None: of a kind that is not known here.
    pub kind: Option<NodeKind>,
    pub id: Option<Id>,
    /// Of the document that it belongs to, where that is a frame's.
    pub root: Option<Id>,
    pub tag: Cow<'a, str>,
    pub attributes: Vec<Attribute<'a>>,
    pub text: Cow<'a, str>,
    pub flags: Flags,
}

/// What rrweb says of a node by the presence of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub svg: bool,
    pub shadow_host: bool,
    /// Stands in its parent's shadow tree.
    pub shadow: bool,
    pub custom: bool,
    /// A document in quirks mode.
    pub back_compat: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Attribute<'a> {
    pub name: Cow<'a, str>,
    pub value: Value<'a>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// The attribute was taken away.
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    /// Changes of a `style` attribute, property by property.
    Style(Vec<StyleChange<'a>>),
}

#[derive(Debug, PartialEq)]
pub(crate) struct StyleChange<'a> {
    pub property: Cow<'a, str>,
    /// None: taken away. Else the value, and whether it is `!important`.
    pub value: Option<(Cow<'a, str>, bool)>,
}

/// A style sheet, by its own number or by that of its element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub id: Option<Id>,
    pub style_id: Option<Id>,
}

/// Where a rule stands: its place in the sheet, or in the rules around it, from the outermost.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    Last,
    At(f64),
    Nested(Vec<f64>),
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Rules<'a> {
    pub sheet: Sheet,
    pub adds: Vec<(Cow<'a, str>, Place)>,
    pub removes: Vec<Place>,
    pub replace: Option<Cow<'a, str>>,
    pub replace_sync: Option<Cow<'a, str>>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Declaration<'a> {
    pub sheet: Sheet,
    pub place: Vec<f64>,
    pub set: Option<StyleChange<'a>>,
    pub remove: Option<Cow<'a, str>>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Adopted<'a> {
    /// Of the document or the shadow host.
    pub id: Id,
    pub style_ids: Vec<Id>,
    pub styles: Vec<AdoptedStyle<'a>>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct AdoptedStyle<'a> {
    pub style_id: Id,
    pub rules: Vec<(Cow<'a, str>, Place)>,
}
