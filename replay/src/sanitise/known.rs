//! The nodes of a recording that its player may have: what each is, and how deep. Nothing that names another node is kept.
//!
//! What a node is never changes. So whatever order a player builds nodes in, and whichever of two it takes for a number, text
//! that was looked at as text never becomes a style sheet.

use std::collections::HashMap;

use super::elements::Tag;
use crate::event::{DEPTH_MAX, Id, NODES_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Doctype,
    Element(Tag),
    Text,
    /// Text of a style sheet.
    Css,
    Comment,
}

struct Node {
    kind: Kind,
    /// At most so deep: nothing moves deeper while others stand in it.
    depth: usize,
    parent: Option<Id>,
    /// How often it was taken away; then what stood in it is no longer there.
    life: u32,
    /// The life of its parent in which it was added.
    parent_life: u32,
    children: u32,
    present: bool,
}

#[derive(Default)]
pub(super) struct Known {
    nodes: HashMap<Id, Node>,
}

impl Known {
    pub(super) fn forget(&mut self) {
        self.nodes.clear();
    }

    pub(super) fn kind(&self, id: Id) -> Option<Kind> {
        self.nodes.get(&id).map(|node| node.kind)
    }

    pub(super) fn tag(&self, id: Id) -> Option<Tag> {
        match self.kind(id)? {
            Kind::Element(tag) => Some(tag),
            _ => None,
        }
    }

    /// Whether a node stands in another now. Not one of number 0, which to a player is none at all.
    pub(super) fn stands_in(&self, id: Id, parent: Id) -> bool {
        let there = self.nodes.get(&id).is_some_and(|node| node.parent == Some(parent));
        id > 0 && there && !self.gone(id)
    }

    /// Notes a node. False where it may not be shown: too many, too deep, another thing than it was.
    pub(super) fn add(&mut self, id: Id, kind: Kind, parent: Option<Id>) -> bool {
        let (depth, parent_life) = match parent.map(|parent| self.nodes.get(&parent)) {
            Some(Some(parent)) => (parent.depth + 1, parent.life),
            Some(None) => return false,
            None => (0, 0),
        };
        let full = self.nodes.len() >= NODES_MAX;
        let gone = self.gone(id);
        if depth >= DEPTH_MAX || (full && !self.nodes.contains_key(&id)) {
            return false;
        }
        let mut left = None;
        if let Some(before) = self.nodes.get(&id) {
            if before.kind != kind || (!gone && before.children > 0 && depth > before.depth) {
                return false;
            }
            left = before.parent.filter(|_| !gone);
        }
        if let Some(left) = left {
            self.leave(left);
        }
        let node = self.nodes.entry(id);
        let node = node.or_insert(Node { kind, depth, parent, life: 0, parent_life, children: 0, present: true });
        if gone {
            node.life += 1;
            node.children = 0;
        }
        (node.depth, node.parent, node.parent_life, node.present) = (depth, parent, parent_life, true);
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(&parent)) {
            parent.children += 1;
        }
        true
    }

    pub(super) fn remove(&mut self, id: Id) {
        if self.gone(id) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(&id) {
            node.present = false;
            if let Some(parent) = node.parent {
                self.leave(parent);
            }
        }
    }

    /// Whether it was taken away, itself or what it stood in.
    fn gone(&self, id: Id) -> bool {
        self.nodes.get(&id).is_some_and(|node| {
            let parent = node.parent.and_then(|parent| self.nodes.get(&parent));
            !node.present || parent.is_some_and(|parent| !parent.present || parent.life != node.parent_life)
        })
    }

    fn leave(&mut self, parent: Id) {
        if let Some(parent) = self.nodes.get_mut(&parent) {
            parent.children = parent.children.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_root() -> Known {
        let mut known = Known::default();
        assert!(known.add(0, Kind::Document, None));
        known
    }

    #[test]
    fn what_a_node_is_never_changes() {
        let mut known = with_root();
        assert!(known.add(1, Kind::Text, Some(0)));
        assert!(!known.add(1, Kind::Css, Some(0)));
        known.remove(1);
        assert!(!known.add(1, Kind::Css, Some(0)), "not even after it was taken away");
        assert!(known.add(1, Kind::Text, Some(0)));
        known.forget();
        assert_eq!(known.kind(1), None);
    }

    #[test]
    fn depth_is_bounded_whatever_is_moved_where() {
        let mut known = with_root();
        let last = DEPTH_MAX as Id - 1;
        for id in 1..=last {
            assert!(known.add(id, Kind::Comment, Some(id - 1)), "{id}");
        }
        assert!(!known.add(9_000, Kind::Comment, Some(last)), "too deep");
        assert!(known.add(9_000, Kind::Comment, Some(0)));
        assert!(known.add(9_001, Kind::Comment, Some(9_000)));
        assert!(!known.add(9_000, Kind::Comment, Some(5)), "deeper, with another in it");
        known.remove(9_001);
        assert!(known.add(9_000, Kind::Comment, Some(5)));
        assert!(known.add(2, Kind::Comment, Some(0)), "less deep, with all that is in it");
    }

    #[test]
    fn what_stood_in_a_node_went_with_it() {
        let mut known = with_root();
        for (id, parent) in [(1, 0), (2, 1), (3, 2), (4, 0), (5, 4)] {
            assert!(known.add(id, Kind::Comment, Some(parent)));
        }
        known.remove(1);
        assert!(known.add(1, Kind::Comment, Some(5)), "taken away and put deeper");
        assert!(known.add(2, Kind::Comment, Some(1)));
        assert!(known.add(3, Kind::Comment, Some(2)));
    }

    #[test]
    fn a_node_stands_in_one_other_until_it_goes() {
        let mut known = with_root();
        for (id, parent) in [(1, 0), (2, 1), (3, 2)] {
            assert!(known.add(id, Kind::Comment, Some(parent)));
        }
        assert!(known.stands_in(2, 1));
        assert!(!known.stands_in(2, 0) && !known.stands_in(4, 1), "elsewhere, or nowhere");
        assert!(known.add(3, Kind::Comment, Some(1)));
        assert!(known.stands_in(3, 1) && !known.stands_in(3, 2), "it moved");
        known.remove(2);
        assert!(!known.stands_in(2, 1), "it went");
        known.remove(1);
        assert!(!known.stands_in(3, 1), "it went with what it stood in");
    }

    #[test]
    fn nodes_are_counted() {
        let mut known = with_root();
        for id in 1..NODES_MAX as Id {
            assert!(known.add(id, Kind::Comment, Some(0)));
        }
        assert!(!known.add(NODES_MAX as Id, Kind::Comment, Some(0)));
        assert!(known.add(7, Kind::Comment, Some(0)), "one that is there may move");
    }
}
