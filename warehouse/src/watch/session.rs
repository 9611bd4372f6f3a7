//! The page views of a session, and what its events say of its recording: as `page_views` and `events` have them now.
//!
//! Of what has landed only the rows of the session's visitor are read, by the code that computes these tables
//! ([`crate::merge::alone`]). To ask the tables themselves costs the more the more has landed.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::datasource::TableProvider;
use schemas::landing::Link;
use uuid::Uuid;

use super::unread;
use crate::books::date;
use crate::curated::Version;
use crate::curated::scan::Scan;
use crate::engine::inputs::text;
use crate::lake::Lake;
use crate::limits::SESSION_ROWS_MAX;
use crate::merge::Part;
use crate::merge::alone::{Of, Session, session};
use crate::progress::{DAY_US, quoted};
use crate::query::{self, Asking, Failure, Limits, Scope};
use crate::tables::{EVENTS, PAGE_VIEWS};

/// What `said.sql` asks of events, besides who and when.
const SAID: [&str; 2] = ["replay_chunks", "degraded_what"];

/// What there is of a session. No page views: there is no such session.
#[derive(Default)]
pub(super) struct Seen {
    pub views: Vec<Told>,
    pub said: Vec<Told>,
}

/// A row of `session.sql` or `said.sql`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    pub what: String,
    pub site_id: String,
    pub visitor_id: String,
    pub tab_id: String,
    pub page_view_id: String,
    pub page_url: Option<String>,
    pub page_title: Option<String>,
    /// Epoch microseconds, as all times here.
    pub began_us: Option<i64>,
    pub ended_us: Option<i64>,
    pub chunks: Option<i64>,
    pub degraded: Option<String>,
    pub session_us: Option<i64>,
}

/// Of one that the scope holds.
pub(super) async fn seen(lake: &Lake, id: Uuid, scope: &Scope) -> Result<Seen, Failure> {
    match alone(lake, id, scope).await.map_err(unread)? {
        Some(seen) => Ok(seen),
        None => of_tables(lake, id, scope).await,
    }
}

/// None where no row tells whose it is: it may come of what landed late, before or between the events of others.
async fn alone(lake: &Lake, id: Uuid, scope: &Scope) -> anyhow::Result<Option<Seen>> {
    // `events` is read last, so that it is at least as far; the links after both, so that no row falls between.
    let page_views = lake.table(&PAGE_VIEWS).newest().await?;
    let events = lake.table(&EVENTS).newest().await?;
    let mut links = lake.links_after(&page_views.progress.least(&events.progress)).await?;
    if links.iter().any(|link| link.files.is_empty() && link.counts.events > 0) {
        return Ok(None);
    }
    links.retain(|link| !link.files.is_empty());

    let files: Vec<_> = page_views.files.iter().filter(|file| scope.holds(&file.site_id)).collect();
    let known = told(lake, ("page_views", Scan::answering(&page_views, &files)), &views_of(id)).await?;
    let owner = match known.first() {
        Some(view) => Some((view.site_id.clone(), view.visitor_id.clone())),
        None => owner(lake, &links, id, scope).await?,
    };
    let Some((site_id, visitor_id)) = owner else { return Ok(None) };
    let events = events.of_site(&site_id);
    let known_start = known.first().and_then(|view| view.session_us);
    let of = Of { site_id: &site_id, visitor_id: &visitor_id, session_id: id, known_start };
    match changed(lake, (&events, &links), of).await? {
        Session::Same if known.is_empty() => Ok(None),
        Session::Same => {
            let files: Vec<_> = events.files.iter().collect();
            let said = told(lake, ("events", Scan::answering(&events, &files)), &said(id, &known)).await?;
            Ok(Some(Seen { views: known, said }))
        }
        Session::Changed { events, derivation } => {
            let rows = derivation.new_rows(&page_views, &Vec::new(), Part::WHOLE).await?.into_view();
            let views = told(lake, ("page_views", rows), &views_of(id)).await?;
            let said = told(lake, ("events", events), &said(id, &views)).await?;
            Ok(Some(Seen { views, said }))
        }
        Session::Gone => Ok(Some(Seen::default())),
    }
}

async fn changed(lake: &Lake, (events, links): (&Version, &[Arc<Link>]), of: Of<'_>) -> anyhow::Result<Session> {
    let columns: Vec<&str> = PAGE_VIEWS.walked().chain(SAID).collect();
    session(&lake.engine, (events, links), of, &columns).await
}

/// Site and visitor of a session of which only landed rows are there.
async fn owner(lake: &Lake, links: &[Arc<Link>], id: Uuid, scope: &Scope) -> anyhow::Result<Option<(String, String)>> {
    let mut owner = None;
    if !links.is_empty() {
        let sql = format!("select site_id, visitor_id from landing where session_id = '{id}' limit 1");
        let inputs = lake.engine.inputs().table("landing", Scan::landing(links))?;
        inputs
            .each(&sql, |batch, row| owner = Some((text(batch, 0, row).to_owned(), text(batch, 1, row).to_owned())))
            .await?;
    }
    Ok(owner.filter(|(site_id, _)| scope.holds(site_id)))
}

async fn told(lake: &Lake, (name, rows): (&str, Arc<dyn TableProvider>), sql: &str) -> anyhow::Result<Vec<Told>> {
    let mut found = Vec::new();
    let inputs = lake.engine.inputs().table(name, rows)?;
    inputs.each(sql, |batch, row| found.push(Told::of(batch, row))).await?;
    Ok(found)
}

/// The same, asked of the tables.
async fn of_tables(lake: &Lake, id: Uuid, scope: &Scope) -> Result<Seen, Failure> {
    let views = asked(lake, &views_of(id), scope).await?;
    let said = if views.is_empty() { Vec::new() } else { asked(lake, &said(id, &views), scope).await? };
    Ok(Seen { views, said })
}

async fn asked(lake: &Lake, sql: &str, scope: &Scope) -> Result<Vec<Told>, Failure> {
    let asking = Asking { scope, of_postgresql: false, parameters: &[] };
    let mut rows = query::open(lake, sql, Limits::answer(), &asking).await?;
    let mut found = Vec::new();
    while let Some(batch) = rows.next().await? {
        found.extend((0..batch.num_rows()).map(|row| Told::of(&batch, row)));
    }
    Ok(found)
}

fn of_session(sql: &str, id: Uuid) -> String {
    sql.replace("$session_id", &format!("'{id}'")).replace("$rows_max", &SESSION_ROWS_MAX.to_string())
}

fn views_of(id: Uuid) -> String {
    of_session(include_str!("session.sql"), id)
}

/// What is asked of the events of a session with these page views.
fn said(id: Uuid, views: &[Told]) -> String {
    // An event may stand outside of its page view, but hardly by a day.
    let day = |us: Option<i64>, more: i64| {
        let days = us.unwrap_or_default().div_euclid(DAY_US) + more;
        format!("'{}'", date(i32::try_from(days).unwrap_or_default()))
    };
    let first = views.iter().filter_map(|view| view.began_us).min();
    let last = views.iter().filter_map(|view| view.ended_us.or(view.began_us)).max();
    let sql = of_session(include_str!("said.sql"), id);
    let sql = sql.replace("$first_day", &day(first, -1)).replace("$last_day", &day(last, 1));
    sql.replace("$site_id", &quoted(views.first().map_or("", |view| &view.site_id)))
}

impl Told {
    /// Columns are in the order of the fields; one that is null in every row has no type.
    fn of(batch: &RecordBatch, row: usize) -> Self {
        let text = |column: usize| {
            let column = batch.column(column).as_ref();
            let there = column.is_valid(row);
            let view = column.as_string_view_opt().filter(|_| there).map(|texts| texts.value(row));
            view.or_else(|| column.as_string_opt::<i32>().filter(|_| there).map(|texts| texts.value(row)))
                .map(str::to_owned)
        };
        let number = |column: usize| {
            let numbers = batch.column(column).as_primitive_opt::<Int64Type>();
            numbers.filter(|numbers| numbers.is_valid(row)).map(|numbers| numbers.value(row))
        };
        let required = |column: usize| text(column).unwrap_or_default();
        Self {
            what: required(0),
            site_id: required(1),
            visitor_id: required(2),
            tab_id: required(3),
            page_view_id: required(4),
            page_url: text(5),
            page_title: text(6),
            began_us: number(7),
            ended_us: number(8),
            chunks: number(9),
            degraded: text(10),
            session_us: number(11),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_events_say_is_looked_for_on_one_site_and_few_days() {
        let view = |began_us, ended_us| Told {
            site_id: "o'shop".into(),
            began_us: Some(began_us),
            ended_us,
            ..Told::default()
        };
        let noon_us = 1_795_176_000_000_000;
        let views = [view(noon_us, None), view(noon_us - DAY_US, Some(noon_us + DAY_US))];
        let sql = said(Uuid::nil(), &views);
        assert!(
            sql.contains("site_id = 'o''shop' and event_date between date '2026-11-18' and date '2026-11-22'"),
            "{sql}"
        );
        assert!(!sql.contains('$'), "{sql}");
    }
}
