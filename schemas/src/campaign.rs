//! The query keys that say which campaign brought a visit. The SDK and the transform keep the values of these keys and
//! of no others; both read `lists/campaign_keys.json`.
//!
//! A key holds nothing about a person: Mailchimp's `mc_cid` names a mailing and is listed, its `mc_eid` names who got it
//! and is not.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const LIST: &str = include_str!("../lists/campaign_keys.json");

/// Columns that hold what the marketer wrote; the columns after them hold click ids.
pub const UTM_COLUMNS: usize = 9;

#[derive(Deserialize)]
struct List {
    /// Any key that begins so is kept, though only the listed ones have a column.
    prefix: String,
    /// Kept, as the prefix' keys are, without a column: rare click ids.
    kept: Vec<String>,
    /// For each column its name, which is its own key, and the other spellings of that key.
    columns: Vec<Vec<String>>,
    /// Columns of click ids that only a paid click carries.
    paid: Vec<String>,
}

/// Where the value of a key belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index in [`columns`].
    pub column: usize,
    /// 0 for the column's own key, which stands before other spellings.
    pub rank: usize,
}

struct Keys {
    prefix: String,
    columns: Vec<String>,
    paid: Vec<bool>,
    /// Of each key that is kept.
    places: HashMap<String, Option<Place>>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let list: List = serde_json::from_str(LIST).expect("a test reads the list that is compiled in");
    let columns: Vec<String> = list.columns.iter().map(|keys| keys[0].clone()).collect();
    let paid = columns.iter().map(|column| list.paid.contains(column)).collect();
    let mut places: HashMap<String, Option<Place>> = list.kept.into_iter().map(|key| (key, None)).collect();
    for (column, keys) in list.columns.into_iter().enumerate() {
        places.extend(keys.into_iter().enumerate().map(|(rank, key)| (key, Some(Place { column, rank }))));
    }
    Keys { prefix: list.prefix, columns, paid, places }
});

/// Names of the columns, in their order: [`UTM_COLUMNS`] of `utm_…`, then the click ids, each named by its parameter.
pub fn columns() -> &'static [String] {
    &KEYS.columns
}

/// Whether only a paid click carries the click id of this column.
pub fn is_paid(column: usize) -> bool {
    KEYS.paid[column]
}

/// The column of a query key, which may be written in capitals; `None` for a key that has none.
pub fn place(key: &str) -> Option<Place> {
    KEYS.places.get(key.to_ascii_lowercase().as_str()).copied().flatten()
}

/// Whether the value of this query key may be kept.
pub fn is_kept(key: &str) -> bool {
    let prefix = key.get(..KEYS.prefix.len());
    prefix.is_some_and(|start| start.eq_ignore_ascii_case(&KEYS.prefix))
        || KEYS.places.contains_key(key.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_belongs_to_one_column() {
        let list: List = serde_json::from_str(LIST).unwrap();
        assert_eq!(KEYS.places.len(), list.kept.len() + list.columns.iter().map(Vec::len).sum::<usize>());
        for (key, place) in &KEYS.places {
            assert_eq!(*key, key.to_ascii_lowercase());
            assert!(place.is_none_or(|place| (place.rank == 0) == (columns()[place.column] == *key)), "{key}");
        }
        for (index, column) in columns().iter().enumerate() {
            assert_eq!(index < UTM_COLUMNS, column.starts_with("utm_"), "{column}");
        }
        assert!(list.paid.iter().all(|paid| columns()[UTM_COLUMNS..].contains(paid)));
    }

    #[test]
    fn keys_of_persons_are_not_kept() {
        let list: serde_json::Value = serde_json::from_str(LIST).unwrap();
        for key in list["never"].as_array().unwrap() {
            assert!(!is_kept(key.as_str().unwrap()), "{key}");
        }
        assert!(is_kept("GCLID") && is_kept("utm_nooverride") && !is_kept("utm") && !is_kept("ü") && !is_kept("token"));
        assert_eq!(place("MTM_Kwd"), Some(Place { column: 3, rank: 1 }));
    }
}
