//! What links do to one session. Somebody waits for it to be shown, and what has landed since the last compaction may be
//! much: so nobody else's rows are read.
//!
//! By the code that computes everybody's sessions, over the rows of the visitor and of the visitor's tabs, whoever sent these: an
//! event is its tab and number.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::TableProvider;
use schemas::landing::{Link, event_fields};
use schemas::session::session_id;
use uuid::Uuid;

use super::derivation::Derivation;
use super::events::Merge;
use super::held::{HeldRows, OrderedTable, Wanted};
use super::visitors::key;
use crate::curated::Version;
use crate::engine::Engine;
use crate::tables::EVENTS;

/// What sessions are computed of.
const KEYS: [&str; 7] = ["session_id", "visitor_id", "tab_id", "seq", "occurred_at", "session_started_at", "type"];
/// And of rows that have landed: whose they are, which of two counts, and what is known to be a repeat.
const KEYS_OF_LANDED: [&str; 4] = ["site_id", "kafka_partition", "kafka_offset", "duplicate"];

/// A session, by who had it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'a> {
    pub site_id: &'a str,
    pub visitor_id: &'a str,
    pub session_id: Uuid,
    /// When it began by the tables, in epoch microseconds, if they know it.
    pub known_start: Option<i64>,
}

/// What becomes of it.
pub(crate) enum Session {
    /// It is as the tables have it.
    Same,
    /// Its events, as rows of `events`; and what follows from them.
    Changed { events: Arc<dyn TableProvider>, derivation: Box<Derivation> },
    /// There is no such session.
    Gone,
}

/// The effect of the links on a session. `events` holds its site alone, and may hold some of the links' rows already; `columns` are
/// those of its events that are wanted.
///
/// The links must have their files: what was sealed is not looked for.
pub(crate) async fn session(
    engine: &Engine,
    (events, links): (&Version, &[Arc<Link>]),
    of: Of<'_>,
    columns: &[&str],
) -> anyhow::Result<Session> {
    let memory = || engine.reserved("a session's events");
    let visitor = key(&[of.site_id, of.visitor_id]);
    let wanted = |name: &str| KEYS.contains(&name) || columns.contains(&name);
    let landed_columns = some(event_fields(), |name| wanted(name) || KEYS_OF_LANDED.contains(&name));

    let mut whose = Wanted::of_visitors([visitor]);
    let read = async |whose: &Wanted, columns: SchemaRef| {
        HeldRows::chosen_of_landed(engine, (links, columns), (whose, of.site_id), memory()).await
    };
    let own = read(&whose, some(event_fields(), |name| ["site_id", "tab_id"].contains(&name))).await?;
    if own.is_empty() {
        return Ok(Session::Same);
    }
    whose.tabs = Arc::new(own.tabs());
    let landed = read(&whose, landed_columns).await?;
    let merge = Merge::plan(engine, events, links, Some(landed)).await?;
    let stretches = merge.sessions().of(visitor).unwrap_or_default();
    let Some(first) = merge.touched().first_reached(visitor, stretches) else { return Ok(Session::Same) };
    if of.known_start.is_some_and(|start| start < first) {
        return Ok(Session::Same);
    }
    let is_it = |start: i64| session_id(of.site_id, of.visitor_id, start) == of.session_id;
    let starts = stretches.iter().map(|stretch| stretch.start);
    let Some(start) = starts.filter(|start| *start >= first).find(|start| is_it(*start)) else {
        return Ok(Session::Gone);
    };
    let before = {
        let columns = some(EVENTS.file_schema().fields().iter().map(|field| field.as_ref().clone()), wanted);
        HeldRows::chosen(engine, (events, columns), start, &Wanted::of_visitors([visitor]), memory()).await?.0
    };
    let ordered = Arc::new(merge.events_of((visitor, start), &before)?);
    let derivation = Box::new(Derivation::of_session(engine, ordered.clone()));
    Ok(Session::Changed { events: OrderedTable::new(ordered), derivation })
}

fn some(fields: impl IntoIterator<Item = Field>, wanted: impl Fn(&str) -> bool) -> SchemaRef {
    Arc::new(Schema::new(fields.into_iter().filter(|field| wanted(field.name())).collect::<Vec<_>>()))
}
