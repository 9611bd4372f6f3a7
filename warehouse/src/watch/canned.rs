//! What a player draws over and beside the page comes from the tables of events, by statements like anybody's.

use uuid::Uuid;

use crate::limits::MARKS_MAX;
use crate::query::Failure;

/// Trails of the pointer on a page view, in order: `seq`, `tab_id`, `at_us` and the lists `dt` (ms to the sample before), `x`, `y`.
pub fn pointer(session_id: Uuid, page_view_id: Uuid) -> String {
    put_in(include_str!("pointer.sql"), session_id, page_view_id)
}

/// What the visitor did on a page view, and what the page did to them: one row each, in order.
pub fn marks(session_id: Uuid, page_view_id: Uuid) -> String {
    put_in(include_str!("marks.sql"), session_id, page_view_id)
}

/// Signals of friction on a page view, in order.
pub fn friction(session_id: Uuid, page_view_id: Uuid) -> String {
    put_in(include_str!("friction.sql"), session_id, page_view_id)
}

/// Ids are written in digits and hyphens only.
fn put_in(sql: &str, session_id: Uuid, page_view_id: Uuid) -> String {
    let sql = sql.replace("$session_id", &format!("'{session_id}'"));
    sql.replace("$page_view_id", &format!("'{page_view_id}'")).replace("$rows_max", &MARKS_MAX.to_string())
}

/// An id that somebody gave.
///
/// # Errors
/// When it is none, by its name and value.
pub fn id(name: &str, text: &str) -> Result<Uuid, Failure> {
    // Only as the tables have it: other spellings would find nothing.
    let parsed = Uuid::try_parse(text).ok().filter(|id| id.to_string() == text);
    parsed.ok_or_else(|| {
        let shown: String = text.chars().take(64).collect();
        Failure::theirs(
            "invalid_id",
            format!("{name} = {shown:?}: no UUID in lower case, such as 0194a1b2-0000-7000-8000-000000000001"),
        )
    })
}
