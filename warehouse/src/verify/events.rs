//! Every landed event stands in `events` exactly once, nothing else does, and its session is the right one.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use schemas::landing::Link;
use schemas::session::session_id;

use super::{EXAMPLES_MAX, Report, key_count};
use crate::curated::scan::Scan;
use crate::curated::{CuratedFile, Version};
use crate::engine::inputs::{Inputs, number, text, time};
use crate::lake::Lake;
use crate::merge::sessionize::{EventKey, Origin, sessionize};
use crate::merge::visitors::{Key, key};

const KEYS: &str = "site_id, tab_id, seq";

pub(super) async fn check(
    lake: &Lake,
    version: &Version,
    sound: &[CuratedFile],
    links: &[Arc<Link>],
    report: &mut Report,
) -> anyhow::Result<()> {
    let taken: Vec<Arc<Link>> = links.iter().filter(|link| version.progress.covers(link)).cloned().collect();
    let files: Vec<&CuratedFile> = sound.iter().collect();
    let inputs = lake.engine.inputs().table("landing", Scan::landing(&taken))?;
    let inputs = inputs.table("curated", Scan::some(version, &files))?;
    check_keys(&inputs, report).await?;
    check_sessions(&inputs, report).await
}

/// Names of things, a few of them, and how many there are.
#[derive(Default)]
struct Examples {
    count: u64,
    names: Vec<String>,
}

impl Examples {
    fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < EXAMPLES_MAX {
            self.names.push(name());
        }
    }

    fn report(&self, report: &mut Report, text: &str) {
        if self.count > 0 {
            let more = if self.count as usize > self.names.len() { ", …" } else { "" };
            let events = key_count(self.count, "event");
            report.problem(format!("table events: {events} {text}: {}{more}", self.names.join(", ")));
        }
    }
}

async fn check_keys(inputs: &Inputs, report: &mut Report) -> anyhow::Result<()> {
    // Landed events, and whether they were met in the table.
    let mut landed: HashMap<Key, bool> = HashMap::new();
    let sql = format!("select {KEYS} from landing where not duplicate");
    inputs
        .each(&sql, |batch, row| {
            landed.insert(event_key(batch, row), false);
        })
        .await?;

    let (mut doubled, mut unknown) = (Examples::default(), Examples::default());
    inputs
        .each(&format!("select {KEYS} from curated"), |batch, row| match landed.get_mut(&event_key(batch, row)) {
            Some(met) if *met => doubled.add(|| event_name(batch, row)),
            Some(met) => *met = true,
            None => unknown.add(|| event_name(batch, row)),
        })
        .await?;

    let mut lost = Examples::default();
    if landed.values().any(|met| !met) {
        inputs
            .each(&sql, |batch, row| {
                if let Some(met) = landed.get_mut(&event_key(batch, row)).filter(|met| !**met) {
                    *met = true;
                    lost.add(|| event_name(batch, row));
                }
            })
            .await?;
    }
    lost.report(report, "landed, but missing in it");
    doubled.report(report, "in it more than once");
    unknown.report(report, "in it, but in no landing file of the chain");
    Ok(())
}

/// The sessions, computed again from all events.
async fn check_sessions(inputs: &Inputs, report: &mut Report) -> anyhow::Result<()> {
    let mut events = Vec::new();
    let sql = format!("select {KEYS}, visitor_id, occurred_at, session_started_at from curated");
    inputs
        .each(&sql, |batch, row| {
            let site = text(batch, 0, row);
            events.push(EventKey {
                visitor: key(&[site, text(batch, 3, row)]),
                tab: key(&[site, text(batch, 1, row)]),
                seq: number(batch, 2, row),
                at: time(batch, 4, row),
                session_start: time(batch, 5, row),
                origin: Origin::Landed { partition: 0, offset: 0, row: 0 },
            });
        })
        .await?;
    let outcome = sessionize(events);
    if outcome.disagreements > 0 {
        let events = key_count(outcome.disagreements, "event");
        report.problem(format!("table events: {events} whose session starts elsewhere than the session rule says"));
    }

    let mut wrong = Examples::default();
    let sql = "select site_id, visitor_id, session_id, session_started_at from curated group by 1, 2, 3, 4";
    inputs
        .each(sql, |batch, row| {
            let made = session_id(text(batch, 0, row), text(batch, 1, row), time(batch, 3, row)).to_string();
            if made != text(batch, 2, row) {
                wrong.add(|| text(batch, 2, row).to_owned());
            }
        })
        .await?;
    if wrong.count > 0 {
        let ids = key_count(wrong.count, "session id");
        report.problem(format!(
            "table events: {ids} that do not follow from visitor and start: {}",
            wrong.names.join(", ")
        ));
    }
    Ok(())
}

fn event_key(batch: &RecordBatch, row: usize) -> Key {
    key(&[text(batch, 0, row), text(batch, 1, row), &number(batch, 2, row).to_string()])
}

fn event_name(batch: &RecordBatch, row: usize) -> String {
    format!("site {:?} tab {} seq {}", text(batch, 0, row), text(batch, 1, row), number(batch, 2, row))
}
