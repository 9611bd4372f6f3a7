//! Walks over the events of whole sessions, in order, that end in a few rows: what a select could only learn by windows and
//! aggregates over every event. The select of a table goes on from these rows.
//!
//! Compaction walks over rows in memory, the live view over the rows of a select: both by the same code.

mod cursor;
mod elements;
mod events;
mod made;
mod picks;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use schemas::ingest::EventType;

pub use cursor::{Cursor, Turn};
pub use elements::Elements;
pub use events::{Column, Events, Texts, as_in_events, value};
pub use made::{Cell, Held, Made};
pub use picks::{First, Last};

/// A walk: over what, in which order, and what comes of it.
pub struct Walk {
    /// Of its rows, in the select that reads them.
    pub name: &'static str,
    pub order: Order,
    /// Types of the events that it looks at; of all of them if none is named.
    pub types: &'static [EventType],
    /// Columns of `events` that it looks at, those of the order included.
    pub reads: fn() -> Vec<&'static str>,
    /// Columns of its rows.
    pub gives: fn() -> Vec<Field>,
    /// Whether it asks for what was before.
    pub asks_past: bool,
    pub begin: fn(&Arc<dyn Past>) -> Box<dyn Walker>,
}

/// In which order the events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Session by session, within one by tab and number.
    Sessions,
    /// Tab by tab of each visitor, whatever its sessions are.
    Tabs,
}

/// Somebody who walks.
pub trait Walker: Send {
    /// Goes on over the next events, which may end in the midst of a session.
    fn walk(&mut self, events: &Events<'_>, rows: &mut Made) -> anyhow::Result<()>;

    /// All events have come.
    fn end(&mut self, rows: &mut Made) -> anyhow::Result<()>;
}

/// What is known beside the events.
pub trait Past: Debug + Send + Sync {
    /// What the table's own rows say of a visitor's tab, of its sessions that stay as they are; none when there are none.
    fn before(&self, site_id: &str, visitor_id: &str, tab_id: &str) -> Option<Before>;

    /// How often an event came again.
    fn repeats(&self, site_id: &str, tab_id: &str, seq: i64) -> i64;
}

/// Where a tab's earlier sessions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    pub last_seq: i64,
    pub last_batch_seq: i64,
    /// Of the newest of them, in epoch microseconds.
    pub session_started_at: i64,
}

impl Walk {
    /// Columns of its rows, texts as views.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new((self.gives)()))
    }

    /// A select of what it reads, in its order.
    pub fn select(&self, events: &str) -> String {
        let types: Vec<String> = self.types.iter().map(|kind| format!("'{}'", kind.name())).collect();
        let of_types = match types.is_empty() {
            true => String::new(),
            false => format!(" where type in ({})", types.join(", ")),
        };
        let (columns, order) = ((self.reads)().join(", "), self.order.columns().join(", "));
        format!("select {columns} from {events}{of_types} order by {order}")
    }
}

impl Debug for Walk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Order {
    /// Its columns.
    pub fn columns(self) -> [&'static str; 4] {
        match self {
            Self::Sessions => ["site_id", "session_id", "tab_id", "seq"],
            Self::Tabs => ["site_id", "visitor_id", "tab_id", "seq"],
        }
    }
}

#[cfg(test)]
mod tests;
