//! What is left of a recording for a person's browser: events of known types about nodes that are known, elements and
//! attributes that are listed, addresses of assets, styles written anew.

mod attributes;
mod css;
mod elements;
mod known;
mod tree;
mod urls;

use std::borrow::Cow;
use std::io::{self, Write};

pub use css::{CSS_ADDRESS_BYTES_FREE, CSS_DEPTH_MAX, CSS_GROWTH_MAX, clean_css};
pub use urls::{Assets, NoAssets};

use self::known::{Kind, Known};
use crate::event::{Adopted, Data, Declaration, Event, Mutation, Rules, Sheet};
use crate::{Unreadable, parse, write};

/// How much was taken out, by kind: what it was is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Of a type that is not shown, without what its type has, or about a node that is not known.
    pub events: u64,
    /// With what stood in them, or shown as another element.
    pub nodes: u64,
    pub attributes: u64,
    /// Places in styles: addresses, functions, rules.
    pub styles: u64,
}

/// Why sanitising a chunk ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was written before stands; nothing more is shown until the recording's next snapshot.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("what is left could not be written")]
    Write(#[from] io::Error),
}

/// The first layer against hostile recordings. One for each recording, from a snapshot on, chunks in their order: what is said
/// of a node is judged by what the node is.
///
/// Takes time in proportion to what it reads. In memory it holds one event, and a few words for each node.
pub struct Sanitiser<A> {
    assets: A,
    known: Known,
    removed: Removed,
}

impl<A: Assets> Sanitiser<A> {
    pub fn new(assets: A) -> Self {
        Self { assets, known: Known::default(), removed: Removed::default() }
    }

    /// Writes what is left of a chunk's text, a line for each event that is left.
    ///
    /// # Errors
    /// Ends at the first line that is no JSON, or holds more than may be, with the line's number.
    pub fn chunk(&mut self, text: &str, out: &mut impl Write) -> Result<(), Failure> {
        for (line, event) in text.lines().enumerate().filter(|(_, text)| !text.trim_ascii().is_empty()) {
            match parse::event(event) {
                Ok(Some(event)) => match self.event(event) {
                    Some(event) => write::event(&event, out)?,
                    None => self.removed.events += 1,
                },
                Ok(None) => self.removed.events += 1,
                Err(what) => {
                    self.missing();
                    return Err(Unreadable::Line { line: line + 1, what }.into());
                }
            }
        }
        Ok(())
    }

    /// That a chunk is missing, or could not be read: nothing is known of the page until its next snapshot.
    pub fn missing(&mut self) {
        self.known.forget();
    }

    /// Since the sanitiser was made.
    #[must_use]
    pub fn removed(&self) -> Removed {
        self.removed
    }

    fn event<'a>(&mut self, mut event: Event<'a>) -> Option<Event<'a>> {
        let left = match &mut event.data {
            Data::Meta(_) | Data::Viewport(_) => true,
            Data::Snapshot { tree, .. } => self.snapshot(tree),
            Data::Mutation(mutation) => self.mutation(mutation),
            Data::Scroll { id, .. } | Data::Input { id, .. } | Data::Media { id, .. } => self.known.kind(*id).is_some(),
            Data::Rules(rules) => self.rules(rules),
            Data::Declaration(declaration) => self.declaration(declaration),
            Data::Adopted(adopted) => self.adopted(adopted),
        };
        left.then_some(event)
    }

    /// Whether anything of it is left.
    fn mutation(&mut self, mutation: &mut Mutation<'_>) -> bool {
        mutation.removes.retain(|remove| self.known.kind(remove.id).is_some());
        for remove in &mutation.removes {
            self.known.remove(remove.id);
        }
        mutation.adds.retain_mut(|add| self.add(add, mutation.attach_iframe));
        mutation.texts.retain_mut(|(id, text)| match self.known.kind(*id) {
            Some(Kind::Css) => {
                self.css_text(text);
                true
            }
            Some(Kind::Comment) => {
                *text = Cow::Borrowed("");
                true
            }
            kind => kind == Some(Kind::Text),
        });
        mutation.attributes.retain_mut(|(id, attributes)| {
            let Some(tag) = self.known.tag(*id) else { return false };
            self.attributes(attributes, tag);
            !attributes.is_empty()
        });
        let Mutation { texts, attributes, removes, adds, .. } = mutation;
        !(texts.is_empty() && attributes.is_empty() && removes.is_empty() && adds.is_empty())
    }

    fn rules(&mut self, rules: &mut Rules<'_>) -> bool {
        for (rule, _) in &mut rules.adds {
            self.css(rule);
        }
        for whole in [&mut rules.replace, &mut rules.replace_sync].into_iter().flatten() {
            self.css(whole);
        }
        self.is_sheet(rules.sheet)
    }

    fn declaration(&mut self, declaration: &mut Declaration<'_>) -> bool {
        let styles = &mut self.removed.styles;
        let set = declaration
            .set
            .take()
            .and_then(|mut set| attributes::style_change(&mut set, &self.assets, styles).then_some(set));
        let remove = declaration.remove.take().filter(|name| attributes::is_property(name));
        (declaration.set, declaration.remove) = (set, remove);
        (declaration.set.is_some() || declaration.remove.is_some()) && self.is_sheet(declaration.sheet)
    }

    fn adopted(&mut self, adopted: &mut Adopted<'_>) -> bool {
        for (rule, _) in adopted.styles.iter_mut().flat_map(|style| &mut style.rules) {
            self.css(rule);
        }
        self.known.kind(adopted.id).is_some()
    }

    /// Sheets of a script's own are in no tree: their numbers are their own.
    fn is_sheet(&self, sheet: Sheet) -> bool {
        sheet.style_id.is_some() || sheet.id.and_then(|id| self.known.tag(id)).is_some_and(elements::Tag::holds_css)
    }

    fn css(&mut self, css: &mut Cow<'_, str>) {
        let (clean, removed) = css::clean_css(css, None, &self.assets);
        self.removed.styles += removed;
        *css = Cow::Owned(clean);
    }

    fn css_text(&mut self, css: &mut Cow<'_, str>) {
        let (clean, removed) = css::clean_text(css, &self.assets);
        self.removed.styles += removed;
        *css = Cow::Owned(clean);
    }
}

#[cfg(test)]
mod tests;
