//! Recordings: from the replay topic's landing files to `replay_chunks` and `replay_assets`, and back into SQL.
//!
//! A path of its own beside that of events, since what it carries is another thing: payloads that are large, compressed by the
//! sender, and never changed. A round appends; `maintain` puts the small files of a day that is over together, once
//! ([`crate::keep`]), and nothing but an erasure writes a payload a third time. A frame that came twice is dropped when it is
//! taken in, against the round and against the table.

mod compact;
mod fresh;
mod live;
mod writer;

use datafusion::arrow::record_batch::RecordBatch;

use crate::books::compare::Identity;
use crate::engine::inputs::text;
use crate::merge::visitors::{Key, key};
use crate::tables::{REPLAY_CHUNKS, Table};

pub(crate) use compact::{Appended, compact};
pub(crate) use fresh::Origin;
pub(crate) use live::open;
pub(crate) use writer::rewrite;

/// Which landed frames a table takes, and what names one of them for ever.
pub(crate) struct Rule {
    /// A condition on rows of `landing`.
    pub own: &'static str,
    /// Columns whose values, with the site, name a row.
    pub name: &'static [&'static str],
}

/// Of a table of recordings.
pub(crate) fn rule(table: &Table) -> Rule {
    if *table == REPLAY_CHUNKS {
        Rule { own: "kind <> 'asset'", name: &["page_view_id", "chunk_seq", "part"] }
    } else {
        Rule { own: "kind = 'asset'", name: &["event_date", "sha256"] }
    }
}

/// By what `verify` and the books know its rows.
pub(crate) fn identity(table: &Table) -> Identity {
    let landed = rule(table).own;
    if *table == REPLAY_CHUNKS {
        let name = "page_view_id || ' chunk ' || cast(chunk_seq as varchar) || ' part ' || cast(part as varchar)";
        Identity { name, mark: "checksum", landed }
    } else {
        Identity { name: "sha256 || ' of ' || cast(event_date as varchar)", mark: "checksum", landed }
    }
}

/// Columns of `rows` that [`name_of`] reads, and the site before them.
fn name_columns(table: &Table) -> String {
    let parts = rule(table).name.iter().map(|column| format!(", cast({column} as varchar)"));
    format!("site_id{}", parts.collect::<String>())
}

/// The name of a row whose columns begin with [`name_columns`].
fn name_of(table: &Table, batch: &RecordBatch, row: usize) -> Key {
    let count = 1 + rule(table).name.len();
    let parts: Vec<&str> = (0..count).map(|column| text(batch, column, row)).collect();
    key(&parts)
}
