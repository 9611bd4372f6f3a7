//! Texts that name something together with their site, such as visitors and tabs: numbered, so that each is looked at once
//! and not once for each of its rows.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, AsArray, DictionaryArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Int32Type;

use super::Held;
use crate::merge::visitors::{Key, key};

/// Pairs of site and text in the rows of a batch.
pub(crate) struct Pairs<'a> {
    /// Place in `pairs`, for each row.
    pub of_row: Vec<u32>,
    pub pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Pairs<'a> {
    /// Those of the site and a text column.
    pub(crate) fn of(held: &'a Held, column: &str) -> Self {
        Self::among(&held.rows, held.site_id.as_deref(), column)
    }

    /// Those of rows of one site, or of rows that name theirs.
    pub(super) fn among(rows: &'a RecordBatch, site_id: Option<&'a str>, column: &str) -> Self {
        let (texts, sites) = (Texts::of(rows, column), Texts::of(rows, "site_id"));
        let mut numbers: HashMap<(i32, i32), u32> = HashMap::new();
        let mut pairs = Vec::new();
        let mut last = None;
        let of_row = (0..rows.num_rows()).map(|row| {
            let codes = (sites.code(row), texts.code(row));
            match last {
                Some((known, number)) if known == codes => number,
                _ => {
                    let number = *numbers.entry(codes).or_insert_with(|| {
                        let site = site_id.unwrap_or_else(|| sites.text(codes.0));
                        pairs.push((site, texts.text(codes.1)));
                        pairs.len() as u32 - 1
                    });
                    last = Some((codes, number));
                    number
                }
            }
        });
        let of_row = of_row.collect();
        Self { of_row, pairs }
    }
}

impl Pairs<'_> {
    /// The hash of each pair.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.pairs.iter().map(|(site, text)| key(&[site, text])).collect()
    }
}

/// A text column, which may be missing.
pub(super) struct Texts<'a>(Option<(&'a DictionaryArray<Int32Type>, &'a StringArray)>);

impl<'a> Texts<'a> {
    pub(super) fn of(rows: &'a RecordBatch, column: &str) -> Self {
        let column = rows.column_by_name(column).map(|column| column.as_dictionary::<Int32Type>());
        Self(column.map(|column| (column, column.values().as_string::<i32>())))
    }

    /// Place of the row's text in the dictionary, below 0 for none.
    pub(super) fn code(&self, row: usize) -> i32 {
        self.0.filter(|(column, _)| column.is_valid(row)).map_or(-1, |(column, _)| column.keys().value(row))
    }

    /// Every text of the dictionary, in its order.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a str> {
        let values = self.0.map(|(_, values)| values);
        values.into_iter().flat_map(|values| (0..values.len()).map(|place| values.value(place)))
    }

    fn text(&self, code: i32) -> &'a str {
        let found = self.0.and_then(|(_, values)| Some(values.value(usize::try_from(code).ok()?)));
        found.unwrap_or_default()
    }

    /// The row's text, empty for none.
    pub(super) fn value(&self, row: usize) -> &'a str {
        self.text(self.code(row))
    }
}
