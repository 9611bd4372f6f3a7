//! The curated tables: one file each, with all that is particular to it. A new table is a new file, its name below, and its
//! place in [`ALL`], or in [`IMPORTED`] if what lands has no part in it.

pub(crate) mod adobe_hits;
mod clicks;
mod columns;
mod effects;
mod events;
mod fields;
pub(crate) mod ga4_events;
mod hovers;
pub(crate) mod imported;
mod interactions;
mod ledger;
mod page_views;
mod pointer;
mod replay_assets;
mod replay_chunks;
mod requests;
mod sessions;
mod stretches;
pub mod walk;

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Fields, Schema, SchemaRef};

pub use events::TABLE as EVENTS;
pub use page_views::TABLE as PAGE_VIEWS;
pub use replay_assets::TABLE as REPLAY_ASSETS;
pub use replay_chunks::TABLE as REPLAY_CHUNKS;

/// All tables that follow from events, each one after those that it is computed from. Those of recordings do not, see
/// [`RECORDINGS`].
pub static ALL: &[&Table] = &[
    &EVENTS,
    &pointer::TABLE,
    &ledger::TABLE,
    &sessions::TABLE,
    &PAGE_VIEWS,
    &clicks::TABLE,
    &hovers::TABLE,
    &fields::TABLE,
    &requests::TABLE,
    &effects::TABLE,
];

/// The tables of recordings: what they hold comes from a topic of its own ([`crate::replay`]).
pub static RECORDINGS: [&Table; 2] = [&REPLAY_CHUNKS, &REPLAY_ASSETS];

/// Tables of other providers' exports. Compaction and the books of `verify` know nothing of them.
pub static IMPORTED: &[&Table] = &[&ga4_events::TABLE, &adobe_hits::TABLE];

/// All tables, wherever their rows come from.
pub fn every() -> impl Iterator<Item = &'static Table> {
    ALL.iter().chain(IMPORTED).copied().chain(RECORDINGS)
}

/// The table of a name.
pub fn named(name: &str) -> Option<&'static Table> {
    every().find(|table| table.name == name)
}

/// Columns that partition every table; their values stand in the Delta log, not in the files.
pub const PARTITION_COLUMNS: [&str; 2] = ["site_id", "event_date"];

/// A curated table: what it holds, where its rows come from, and what they must add up to.
pub struct Table {
    /// In SQL, and of its folder.
    pub name: &'static str,
    columns: fn() -> Vec<Field>,
    /// Order of the rows in the files; the partition columns come first.
    pub sort_order: &'static str,
    /// Columns with least and greatest value in the Delta log, by which files are skipped.
    pub statistics_columns: &'static [&'static str],
    /// Columns with a Bloom filter in the files.
    pub bloom_filter_columns: &'static [&'static str],
    pub rows: Rows,
    /// What it must add up to, by `events`.
    pub sums: &'static [Sum],
    /// What must not be in it.
    pub strays: &'static [Stray],
    /// The column by which it counts landed rows as repeats, if it does: these and `events` are all that landed.
    pub repeats: Option<&'static str>,
}

/// Where a table's rows come from, and so what changes them.
pub enum Rows {
    /// One row for each landed event, or each of one type. Afterwards only its session can change: a row changes when
    /// another session than its own holds its time.
    Landed {
        only_type: Option<&'static str>,
        /// Columns that have another name in the landing files: own name, landing name.
        renamed: &'static [(&'static str, &'static str)],
    },
    /// A select over `touched_events`, which are all events of some sessions. Rows of a session that is computed again
    /// give way to the new ones; every row has `site_id`, `visitor_id` and `session_started_at`.
    OfSessions {
        sql: fn() -> Cow<'static, str>,
        /// What it reads beside `touched_events`.
        inputs: &'static [Input],
    },
    /// Another provider's export. An import replaces the days that it holds; nothing else changes a row.
    Imported,
}

/// What the select of a table reads, by the name that it has there.
#[derive(Clone, Copy)]
pub enum Input {
    /// What comes of a walk over `touched_events`, by its own name.
    Walk(&'static walk::Walk),
    /// `touched_<name>`: another table's rows of the touched visitors.
    Touched(&'static Table),
}

/// A number that a table and `events` must agree on.
pub struct Sum {
    pub what: &'static str,
    /// A select of it from the table.
    pub own: &'static str,
    /// A select of it from the events that the table has taken in.
    pub of_events: &'static str,
    /// Whether they agree only while the table is as far as `events`: late events change sessions in between.
    pub level_only: bool,
}

/// Rows that must not be, while the table is as far as `events`.
pub struct Stray {
    pub what: &'static str,
    /// A select of them.
    pub sql: &'static str,
}

impl Table {
    /// Columns in the order of the views.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new((self.columns)()))
    }

    /// Columns of the Parquet files. What a file written before a column came into being lacks is read as null.
    pub fn file_schema(&self) -> SchemaRef {
        let schema = self.schema();
        let fields = schema.fields().iter().filter(|field| !PARTITION_COLUMNS.contains(&field.name().as_str()));
        Arc::new(Schema::new(fields.cloned().collect::<Fields>()))
    }

    /// Some columns of the Parquet files.
    ///
    /// # Errors
    /// When there is none of a name.
    pub fn file_columns<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> anyhow::Result<SchemaRef> {
        let schema = self.file_schema();
        let fields = names.into_iter().map(|name| Ok(schema.field_with_name(name)?.clone()));
        Ok(Arc::new(Schema::new(fields.collect::<anyhow::Result<Vec<_>>>()?)))
    }

    /// Column names in the order of the views, for a select list.
    pub fn columns(&self) -> Vec<String> {
        self.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Its place in [`every`].
    pub fn index(&self) -> usize {
        every().position(|table| table == self).expect("it is one of them")
    }

    /// Whether its rows come from another provider's export.
    pub fn is_imported(&self) -> bool {
        matches!(self.rows, Rows::Imported)
    }

    /// Columns of `events` that its walks look at.
    pub fn walked(&self) -> impl Iterator<Item = &'static str> {
        let inputs = match self.rows {
            Rows::OfSessions { inputs, .. } => inputs,
            Rows::Landed { .. } | Rows::Imported => &[][..],
        };
        inputs.iter().flat_map(|input| match input {
            Input::Walk(walk) => (walk.reads)(),
            Input::Touched(_) => Vec::new(),
        })
    }

    /// The other tables that it reads.
    pub fn reads(&self) -> impl Iterator<Item = &'static Table> {
        let inputs = match self.rows {
            Rows::Landed { .. } | Rows::Imported => &[][..],
            Rows::OfSessions { inputs, .. } => inputs,
        };
        inputs.iter().filter_map(|input| match input {
            Input::Touched(table) => Some(*table),
            _ => None,
        })
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Table {}

impl std::fmt::Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

#[cfg(test)]
mod tests;
