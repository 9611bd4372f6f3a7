//! Rows of a table without a landing file are those that its books hold.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Report, key_count};
use crate::books::compare::{Compared, EXAMPLES_MAX, Few};
use crate::books::{Books, Cell, date};

/// Compares them by partition and day; gives those of places that the books do not know. `of` is the name of the table, and what
/// its rows are.
pub(super) fn check_places(of: (&str, &str), compared: &Compared, books: &Books, report: &mut Report) -> Few {
    let (table, row) = of;
    let mut unknown = Few::default();
    let places = compared.elsewhere.keys().chain(books.cells().keys()).copied();
    for place in places.collect::<BTreeSet<_>>() {
        let found = compared.elsewhere.get(&place).copied().unwrap_or_default();
        let Some(wanted) = books.cells().get(&place).copied() else {
            unknown.count += found.events;
            let keys = compared.elsewhere_keys.iter().filter(|(of, _)| *of == place).map(|(_, key)| *key);
            unknown.keys.extend(keys.take(EXAMPLES_MAX - unknown.keys.len().min(EXAMPLES_MAX)));
            continue;
        };
        if let Some(what) = differs(found, wanted, row) {
            let (partition, day) = (place.0, date(place.1));
            report.problem(format!(
                "table {table}: of partition {partition} on {day}, whose landing files were removed: {what}"
            ));
        }
    }
    unknown
}

fn differs(found: Cell, wanted: Cell, row: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let (own, booked) = (key_count(found.events, row), wanted.events);
    Some(match found.events.cmp(&booked) {
        Ordering::Equal => format!("{own} as the books say, but others than these"),
        _ => format!("{own}, not {booked} as the books say"),
    })
}
