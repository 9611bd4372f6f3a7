//! Trees of nodes: those of a snapshot, and those that are added.

use std::borrow::Cow;
use std::collections::HashSet;

use super::elements::{self, Tag};
use super::known::Kind;
use super::urls::Assets;
use super::{Sanitiser, attributes};
use crate::event::{Add, Attribute, Id, Node, NodeKind};

impl<A: Assets> Sanitiser<A> {
    /// A page's document with all that is in it. False where it is no document with an element: a player needs one.
    pub(super) fn snapshot(&mut self, tree: &mut Vec<Node<'_>>) -> bool {
        self.known.forget();
        let whole = self.document(tree, None);
        if !whole {
            self.known.forget();
        }
        whole
    }

    /// What is added to a known node: a node alone, as rrweb's player takes it, or the document of a frame.
    pub(super) fn add(&mut self, add: &mut Add<'_>, attach_iframe: bool) -> bool {
        let frame = self.known.tag(add.parent) == Some(Tag::Html("iframe"));
        let document = add.tree.first().is_some_and(|node| node.kind == Some(NodeKind::Document));
        if document || attach_iframe || frame {
            return document && frame && self.document(&mut add.tree, Some(add.parent));
        }
        // A player waits for a neighbour that is not there, and looks for it again and again.
        add.previous = add.previous.filter(|id| self.known.stands_in(*id, add.parent));
        add.next = add.next.filter(|id| self.known.stands_in(*id, add.parent));
        add.tree.truncate(1);
        let left = self.tree(&mut add.tree, Some(add.parent));
        self.removed.nodes += u64::from(!left);
        left
    }

    fn document(&mut self, tree: &mut Vec<Node<'_>>, frame: Option<Id>) -> bool {
        let is_document = tree.first().is_some_and(|node| node.kind == Some(NodeKind::Document));
        let is_html = |node: &Node<'_>| node.depth == 1 && node.kind == Some(NodeKind::Element) && node.tag == "html";
        is_document && self.tree(tree, frame) && tree.iter().any(is_html)
    }

    /// Whether the tree's first node is left.
    fn tree(&mut self, tree: &mut Vec<Node<'_>>, parent: Option<Id>) -> bool {
        // Numbers of the nodes around, by depth.
        let mut around: Vec<Id> = Vec::new();
        let mut seen: HashSet<Id> = HashSet::new();
        let mut in_document = Room::of(tree.first());
        // Nothing deeper is left: it stands in what is gone.
        let mut gone_below = None;
        let before = tree.len();
        tree.retain_mut(|node| {
            if gone_below.is_some_and(|depth| node.depth > depth) {
                return false;
            }
            around.truncate(node.depth);
            let parent = around.last().copied().or(parent);
            let has_room = node.depth != 1 || in_document.take(node.kind);
            let shown = node.id.filter(|id| has_room && seen.insert(*id) && self.node(node, *id, parent));
            around.extend(shown);
            gone_below = if shown.is_some() { None } else { Some(node.depth) };
            shown.is_some()
        });
        self.removed.nodes += (before - tree.len()) as u64;
        !tree.is_empty()
    }

    /// Whether the node may be shown where it stands; then only what may be shown is left of it.
    fn node(&mut self, node: &mut Node<'_>, id: Id, parent: Option<Id>) -> bool {
        let outer = parent.map(|parent| self.known.kind(parent));
        let Some((kind, element)) = self.kind(node, outer) else { return false };
        if !self.known.add(id, kind, parent) {
            return false;
        }
        if node.root.is_some_and(|root| self.known.kind(root) != Some(Kind::Document)) {
            node.root = None;
        }
        node.flags.shadow &= parent.and_then(|parent| self.known.tag(parent)).is_some_and(Tag::may_host);
        match kind {
            Kind::Document | Kind::Comment => node.text = Cow::Borrowed(""),
            Kind::Doctype => {
                node.tag = Cow::Borrowed("html");
                node.text = Cow::Borrowed("");
            }
            Kind::Text => {}
            Kind::Css => self.css_text(&mut node.text),
            Kind::Element(tag) => {
                node.tag = element;
                node.flags.shadow_host &= tag.may_host();
                node.flags.custom &= tag == Tag::Custom;
                let mut attributes = std::mem::take(&mut node.attributes);
                self.attributes(&mut attributes, tag);
                node.attributes = attributes;
            }
        }
        true
    }

    /// What the node would be, and by which name an element is shown. `outer`: what it stands in, if in anything.
    fn kind(&mut self, node: &Node<'_>, outer: Option<Option<Kind>>) -> Option<(Kind, Cow<'static, str>)> {
        let plain = |kind| Some((kind, Cow::Borrowed("")));
        let Some(outer) = outer else {
            return if node.kind == Some(NodeKind::Document) { plain(Kind::Document) } else { None };
        };
        match (node.kind?, outer) {
            (NodeKind::Document, Some(Kind::Element(Tag::Html("iframe")))) => plain(Kind::Document),
            (NodeKind::Doctype, Some(Kind::Document)) => plain(Kind::Doctype),
            (NodeKind::Element, Some(Kind::Document | Kind::Element(_))) => {
                let (tag, name, kept) = elements::shown_as(&node.tag, node.flags.svg);
                self.removed.nodes += u64::from(!kept);
                Some((Kind::Element(tag), Cow::Owned(name.into_owned())))
            }
            (NodeKind::Text, Some(Kind::Element(tag))) => plain(if tag.holds_css() { Kind::Css } else { Kind::Text }),
            (NodeKind::Comment, Some(Kind::Document | Kind::Element(_))) => plain(Kind::Comment),
            _ => None,
        }
    }

    pub(super) fn attributes(&mut self, attributes: &mut Vec<Attribute<'_>>, tag: Tag) {
        let mut seen = HashSet::new();
        // From the last: of several of a name it is the one that stands.
        attributes.reverse();
        attributes.retain_mut(|attribute| {
            let (left, removed) = attributes::clean(attribute, tag, &self.assets);
            let left = left && seen.insert(attribute.name.clone().into_owned());
            self.removed.attributes += u64::from(!left);
            self.removed.styles += removed - u64::from(!left).min(removed);
            left
        });
        attributes.reverse();
    }
}

/// What a document has room for: one element, and before it one doctype. A second one would end a player's building of it.
struct Room {
    in_document: bool,
    has_doctype: bool,
    has_element: bool,
}

impl Room {
    fn of(root: Option<&Node<'_>>) -> Self {
        let in_document = root.is_some_and(|root| root.kind == Some(NodeKind::Document));
        Self { in_document, has_doctype: false, has_element: false }
    }

    fn take(&mut self, kind: Option<NodeKind>) -> bool {
        match kind {
            _ if !self.in_document => true,
            Some(NodeKind::Doctype) => !self.has_element && !std::mem::replace(&mut self.has_doctype, true),
            Some(NodeKind::Element) => !std::mem::replace(&mut self.has_element, true),
            _ => true,
        }
    }
}
