//! Texts of the first or the last event that has them, by whatever their order is.

use super::events::Texts;

/// Texts of the first event that has one of them.
#[derive(Debug)]
pub struct First<K> {
    of: Option<K>,
    texts: Vec<Option<String>>,
}

/// Text of the last event that has it.
#[derive(Debug)]
pub struct Last<K> {
    of: Option<K>,
    text: String,
}

impl<K> Default for First<K> {
    fn default() -> Self {
        Self { of: None, texts: Vec::new() }
    }
}

impl<K> Default for Last<K> {
    fn default() -> Self {
        Self { of: None, text: String::new() }
    }
}

impl<K: PartialOrd + Copy> First<K> {
    /// Takes the texts of the event if one of them is there.
    pub fn known(&mut self, place: K, texts: &[Texts<'_>], row: usize) {
        if self.is_before(place) && texts.iter().any(|column| column.value(row).is_some()) {
            self.take(place, texts, row);
        }
    }

    /// Takes the texts of the event, there or not.
    pub fn any(&mut self, place: K, texts: &[Texts<'_>], row: usize) {
        if self.is_before(place) {
            self.take(place, texts, row);
        }
    }

    /// Text of one of the columns.
    pub fn text(&self, column: usize) -> Option<&str> {
        self.texts.get(column)?.as_deref()
    }

    fn is_before(&self, place: K) -> bool {
        self.of.is_none_or(|of| place < of)
    }

    fn take(&mut self, place: K, texts: &[Texts<'_>], row: usize) {
        self.of = Some(place);
        self.texts.clear();
        self.texts.extend(texts.iter().map(|column| column.value(row).map(str::to_owned)));
    }
}

impl<K: PartialOrd + Copy> Last<K> {
    /// Takes the text of the event if it is there.
    pub fn known(&mut self, place: K, text: Option<&str>) {
        let Some(text) = text.filter(|_| self.of.is_none_or(|of| of <= place)) else { return };
        self.of = Some(place);
        if self.text != text {
            self.text.clear();
            self.text.push_str(text);
        }
    }

    pub fn text(&self) -> Option<&str> {
        self.of.is_some().then_some(self.text.as_str())
    }
}
