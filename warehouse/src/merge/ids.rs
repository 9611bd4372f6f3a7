//! Ids of some sites, such as the tabs of landed events, by their hash and by their order: files and row groups that hold none of them
//! are told by their least and greatest one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;

use super::visitors::{Key, key};
use crate::limits::NAMED_IDS_MAX;

/// Ids, each of a site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    keys: HashSet<Key>,
    of_sites: BTreeMap<String, BTreeSet<String>>,
}

impl Ids {
    pub(crate) fn add(&mut self, site_id: &str, id: &str) {
        self.add_known(key(&[site_id, id]), site_id, id);
    }

    /// `key` is the hash of site and id.
    pub(crate) fn add_known(&mut self, key: Key, site_id: &str, id: &str) {
        if !self.keys.insert(key) {
            return;
        }
        match self.of_sites.get_mut(site_id) {
            Some(ids) => drop(ids.insert(id.to_owned())),
            None => drop(self.of_sites.insert(site_id.to_owned(), BTreeSet::from([id.to_owned()]))),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether one is of this hash.
    pub(crate) fn hold(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Whether one is of these hashes.
    pub(crate) fn meet(&self, keys: &HashSet<Key>) -> bool {
        keys.iter().any(|key| self.hold(key))
    }

    /// Whether one of the site lies between two texts, or is one of them.
    pub(crate) fn any_between(&self, site_id: &str, least: &str, greatest: &str) -> bool {
        let from = (Bound::Included(least), Bound::Unbounded);
        let next = self.of_sites.get(site_id).and_then(|ids| ids.range::<str, _>(from).next());
        next.is_some_and(|id| id.as_str() <= greatest)
    }

    /// A condition that holds of every row with one of them in a column, and of few rows beside: by it files and row groups are skipped.
    /// Ids that begin alike, as those do that were made about the same time, stand for all that lie between them.
    pub(crate) fn condition(&self, column: &str) -> String {
        let ids: BTreeSet<&str> = self.of_sites.values().flatten().map(String::as_str).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let ranges = ranges(&ids).into_iter().map(|ids| {
            let [first, last] = [ids[0], ids[ids.len() - 1]].map(|id| format!("'{}'", id.replace('\'', "''")));
            if first == last { format!("{column} = {first}") } else { format!("{column} between {first} and {last}") }
        });
        let ranges: Vec<String> = ranges.collect();
        if ranges.is_empty() { "false".into() } else { format!("({})", ranges.join(" or ")) }
    }
}

/// Ids in their order, divided into those that begin alike: by as many letters as leave no more than [`NAMED_IDS_MAX`] parts.
fn ranges<'a, 'b>(ids: &'b [&'a str]) -> Vec<&'b [&'a str]> {
    let alike = |letters: usize| ids.chunk_by(move |one, next| beginning(one, letters) == beginning(next, letters));
    let longest = ids.iter().map(|id| id.len()).max().unwrap_or_default();
    let most = (1..=longest).take_while(|letters| alike(*letters).count() <= NAMED_IDS_MAX).last();
    alike(most.unwrap_or_default()).collect()
}

fn beginning(id: &str, letters: usize) -> &[u8] {
    id.as_bytes().get(..letters).unwrap_or(id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(of: &[(&str, &str)]) -> Ids {
        let mut ids = Ids::default();
        of.iter().for_each(|(site, id)| ids.add(site, id));
        ids
    }

    #[test]
    fn a_file_may_hold_what_lies_between_its_least_and_greatest() {
        let ids = ids(&[("a", "d"), ("a", "m"), ("b", "f"), ("a", "d")]);
        let any = |site, least, greatest| ids.any_between(site, least, greatest);
        assert!(any("a", "d", "d") && any("a", "a", "e") && any("a", "e", "z") && any("b", "", "z"));
        assert!(!any("a", "da", "lz") && !any("a", "n", "z") && !any("a", "", "c"));
        assert!(!any("b", "g", "z") && !any("c", "", "z") && !any("a", "z", "a"));
        assert!(ids.hold(&key(&["b", "f"])) && !ids.hold(&key(&["a", "f"])));
    }

    #[test]
    fn a_condition_names_few_ids_and_of_many_the_beginnings() {
        assert_eq!(Ids::default().condition("t"), "false");
        assert_eq!(ids(&[("a", "x'"), ("b", "y"), ("b", "")]).condition("t"), "(t = '' or t = 'x''' or t = 'y')");
        let mut many = Ids::default();
        (0..100).for_each(|number| many.add("a", &format!("019a{number:02}")));
        many.add("a", "ffff");
        many.add("b", "0000");
        let condition = many.condition("t");
        assert!(condition.starts_with("(t = '0000' or t between '019a00' and '019a09' or "), "{condition}");
        assert!(condition.ends_with(" or t between '019a90' and '019a99' or t = 'ffff')"), "{condition}");
        let mut unlike = Ids::default();
        ('A'..='Z').for_each(|letter| unlike.add("a", &format!("{letter}é")));
        assert_eq!(unlike.condition("t"), "(t between 'Aé' and 'Zé')");
    }
}
