//! Every landed event stands in `events` exactly once, nothing else does, and its session is the right one.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use schemas::landing::Link;
use schemas::session::{continues, session_id};

use super::places::check_places;
use super::{Report, key_count};
use crate::books::Books;
use crate::books::compare::{EXAMPLES_MAX, Few, compare, names};
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::{Inputs, text, time};
use crate::lake::Lake;
use crate::limits::BATCH_ROWS;

/// `links` are those whose landing files are at hand; the books hold the rest.
pub(super) async fn check(
    lake: &Lake,
    version: &Version,
    sound: &[CuratedFile],
    (links, books): (&[Arc<Link>], &Books),
    report: &mut Report,
) -> anyhow::Result<()> {
    let taken = links.iter().filter(|link| version.progress.covers(link) && !books.is_sealed(link));
    let landing = Scan::landing(taken);
    let curated = Scan::some(version, &sound.iter().collect::<Vec<_>>());
    let compared = compare(&lake.engine, landing.clone(), curated.clone()).await?;
    let inputs = lake.engine.inputs_that_spill(1, BATCH_ROWS);
    let inputs = inputs.table("landing", landing)?.table("curated", curated)?;
    tell(&inputs, "landing", &compared.lost, "landed, but missing in it", report).await?;
    tell(&inputs, "curated", &compared.doubled, "in it more than once", report).await?;
    let unknown = check_places(("events", "event"), &compared, books, report);
    tell(&inputs, "curated", &unknown, "in it, but in no landing file of the chain", report).await?;
    check_sessions(&inputs, report).await
}

async fn tell(inputs: &Inputs, input: &str, found: &Few, text: &str, report: &mut Report) -> anyhow::Result<()> {
    if found.count == 0 {
        return Ok(());
    }
    let names = names(inputs, input, &found.keys).await?;
    let more = if found.count as usize > names.len() { ", …" } else { "" };
    let events = key_count(found.count, "event");
    report.problem(format!("table events: {events} {text}: {}{more}", names.join(", ")));
    Ok(())
}

/// The sessions, computed again: a visitor's events in the order of their times, one after another.
async fn check_sessions(inputs: &Inputs, report: &mut Report) -> anyhow::Result<()> {
    let sql = "select site_id, visitor_id, occurred_at, session_started_at, session_id from curated \
               order by site_id, visitor_id, occurred_at";
    let (mut open, mut told) = (None::<Open>, None::<Told>);
    let (mut elsewhere, mut wrong) = (0, Vec::new());
    let mut wrong_count = 0;
    inputs
        .each(sql, |batch, row| {
            let (at, start) = (time(batch, 2, row), time(batch, 3, row));
            let own = Open::after(open.take(), batch, row, at);
            elsewhere += u64::from(own.start != start);
            open = Some(own);
            let (site, visitor, id) = (text(batch, 0, row), text(batch, 1, row), text(batch, 4, row));
            if told.as_ref().is_some_and(|told| told.is(site, visitor, start, id)) {
                return;
            }
            if session_id(site, visitor, start).to_string() != id {
                wrong_count += 1;
                if wrong.len() < EXAMPLES_MAX && !wrong.iter().any(|known| known == id) {
                    wrong.push(id.to_owned());
                }
            }
            let [site, visitor, id] = [site, visitor, id].map(str::to_owned);
            told = Some(Told { site, visitor, start, id });
        })
        .await?;
    if elsewhere > 0 {
        let events = key_count(elsewhere, "event");
        report.problem(format!("table events: {events} whose session starts elsewhere than the session rule says"));
    }
    if wrong_count > 0 {
        let ids = key_count(wrong_count, "session id");
        report.problem(format!("table events: {ids} that do not follow from visitor and start: {}", wrong.join(", ")));
    }
    Ok(())
}

/// A visitor's session that the next event may continue.
struct Open {
    site: String,
    visitor: String,
    start: i64,
    end: i64,
}

impl Open {
    /// With the event of a row in it, or a new one.
    fn after(open: Option<Self>, batch: &RecordBatch, row: usize, at: i64) -> Self {
        let (site, visitor) = (text(batch, 0, row), text(batch, 1, row));
        match open.filter(|open| open.site == site && open.visitor == visitor) {
            Some(open) if continues(open.start, open.end, at) => Self { end: at, ..open },
            Some(open) => Self { start: at, end: at, ..open },
            None => Self { site: site.to_owned(), visitor: visitor.to_owned(), start: at, end: at },
        }
    }
}

/// The session that a row names.
struct Told {
    site: String,
    visitor: String,
    start: i64,
    id: String,
}

impl Told {
    fn is(&self, site: &str, visitor: &str, start: i64, id: &str) -> bool {
        self.id == id && self.start == start && self.visitor == visitor && self.site == site
    }
}
