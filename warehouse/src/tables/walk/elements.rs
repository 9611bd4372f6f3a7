//! What is remembered of the elements of a tab.

use std::collections::HashMap;

/// A value for each element of each page view of a tab, by the element's path.
#[derive(Debug, Default)]
pub struct Elements<V> {
    places: HashMap<String, usize>,
    values: Vec<V>,
    /// Page view and path in one, so that looking one up allocates nothing.
    key: String,
}

impl<V: Default> Elements<V> {
    /// The element's value, which is the default until it is set.
    pub fn of(&mut self, page_view_id: &str, path: &str) -> &mut V {
        self.key.clear();
        // an id is a UUID
        self.key.extend([page_view_id, "\n", path]);
        let place = match self.places.get(&self.key) {
            Some(place) => *place,
            None => {
                self.places.insert(self.key.clone(), self.values.len());
                self.values.push(V::default());
                self.values.len() - 1
            }
        };
        &mut self.values[place]
    }

    /// Another tab begins.
    pub fn forget(&mut self) {
        self.places.clear();
        self.values.clear();
    }
}
