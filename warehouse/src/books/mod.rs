//! The books: what stands in `events`, and in the tables of recordings, without a landing file that could prove it, and what
//! was removed of it.
//!
//! A landing file may go when its events are compacted. Before it goes its link is *sealed*: its rows are compared with the
//! table, event by event, and counted here by partition and day, with the sum of their keys. From then on the table must hold
//! exactly that many events with exactly that sum; whatever is lost, doubled or invented changes one of the two. Rows that are
//! removed on purpose (expired, erased) are taken off in the commit that removes them.
//!
//! The books are a file for each generation, and the newest commit of the table says which one belongs to it: a process that
//! is killed between the two leaves a file that nothing names. They hold no id, and what they count is not told by visitor.
//! Each table of recordings has books of its own, since none follows from another; what they count are frames.

pub(crate) mod compare;
mod sealed;

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use landing::Store;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, PutMode, PutOptions};
use schemas::landing::Link;
use serde::{Deserialize, Serialize};

use sealed::Sealed;

use crate::tables::{EVENTS, Table};

const FOLDER: &str = "warehouse/_books";

/// Where the books of a table lie.
fn folder(table: &Table) -> String {
    match *table == EVENTS {
        true => FOLDER.to_owned(),
        false => format!("{FOLDER}_{}", table.name),
    }
}

/// Partition of the topic, and day of the events (since the epoch).
pub(crate) type Place = (i32, i32);

/// Some events: how many, and the sum of their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub events: u64,
    /// Modulo 2¹²⁸, so that events come and go in any order.
    pub sum: u128,
}

impl Cell {
    pub(crate) fn add(&mut self, key: u128) {
        self.events += 1;
        self.sum = self.sum.wrapping_add(key);
    }
}

/// Events by place.
pub(crate) type Cells = BTreeMap<Place, Cell>;

/// One generation of the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Books {
    sealed: Sealed,
    cells: Cells,
    /// Events that were removed from the table.
    pub removed: u64,
}

impl Books {
    /// Those of a generation; empty ones of generation 0.
    pub(crate) async fn load(store: &Store, table: &Table, generation: i64) -> anyhow::Result<Self> {
        if generation == 0 {
            return Ok(Self::default());
        }
        let key = key(table, generation);
        let read = async {
            let bytes = store.objects().get(&Path::from(key.as_str())).await?.bytes().await?;
            Self::from_written(serde_json::from_slice(&bytes)?)
        };
        read.await.with_context(|| format!("the books of the table {table:?} cannot be read: {key}"))
    }

    /// Writes a generation after `generation`, and gives its number. It counts when a commit of the table names it.
    pub(crate) async fn store(&self, store: &Store, table: &Table, generation: i64) -> anyhow::Result<i64> {
        let known = generations(store, table).await?.into_iter().map(|(known, _)| known);
        let mut next = known.max().unwrap_or_default().max(generation) + 1;
        let bytes = Bytes::from(serde_json::to_vec(&self.written()).context("the books")?);
        loop {
            let key = Path::from(key(table, next));
            let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match store.objects().put_opts(&key, bytes.clone().into(), create).await {
                Ok(_) => return Ok(next),
                // Another's, or our own whose answer was lost: the next one is surely ours.
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => next += 1,
                Err(error) => return Err(error).with_context(|| format!("cannot write {key}")),
            }
        }
    }

    pub(crate) fn is_sealed(&self, link: &Link) -> bool {
        self.sealed.holds(link)
    }

    pub(crate) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Takes in links whose events stand in the table.
    pub(crate) fn seal<'a>(&mut self, links: impl IntoIterator<Item = &'a Link>, events: &Cells) {
        links.into_iter().for_each(|link| self.sealed.add(link));
        for (place, cell) in events {
            let own = self.cells.entry(*place).or_default();
            own.events += cell.events;
            own.sum = own.sum.wrapping_add(cell.sum);
        }
    }

    /// Takes off events that are removed from the table. Fails when they hold fewer: then the table is wrong.
    pub(crate) fn take_off(&mut self, events: &Cells) -> anyhow::Result<()> {
        for ((partition, day), cell) in events {
            let own = self.cells.entry((*partition, *day)).or_default();
            ensure!(
                own.events >= cell.events,
                "of partition {partition} on {} the books hold {} events, the table {}: see `warehouse verify`",
                date(*day),
                own.events,
                cell.events
            );
            own.events -= cell.events;
            own.sum = own.sum.wrapping_sub(cell.sum);
            self.removed += cell.events;
        }
        self.cells.retain(|_, cell| *cell != Cell::default());
        Ok(())
    }
}

/// Files of the books of a table, with their generations.
pub(crate) async fn generations(store: &Store, table: &Table) -> anyhow::Result<Vec<(i64, ObjectMeta)>> {
    let folder = folder(table);
    let listed: Result<Vec<ObjectMeta>, _> =
        store.objects().list(Some(&Path::from(folder.as_str()))).try_collect().await;
    let listed = listed.with_context(|| format!("cannot list {folder}"))?;
    let generation = |file: &ObjectMeta| file.location.filename()?.strip_suffix(".json")?.parse().ok();
    Ok(listed.into_iter().filter_map(|file| Some((generation(&file)?, file))).collect())
}

fn key(table: &Table, generation: i64) -> String {
    format!("{}/{generation:020}.json", folder(table))
}

/// A day for people.
pub(crate) fn date(day: i32) -> String {
    chrono::NaiveDate::from_epoch_days(day).map_or_else(|| format!("day {day}"), |date| date.to_string())
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Written {
    sealed: Sealed,
    events: Vec<WrittenCell>,
    removed: u64,
}

#[derive(Serialize, Deserialize)]
struct WrittenCell {
    partition: i32,
    date: chrono::NaiveDate,
    events: u64,
    /// 32 hexadecimal digits.
    sum: String,
}

impl Books {
    fn written(&self) -> Written {
        let cells = self.cells.iter().filter_map(|((partition, day), cell)| {
            let date = chrono::NaiveDate::from_epoch_days(*day)?;
            Some(WrittenCell { partition: *partition, date, events: cell.events, sum: format!("{:032x}", cell.sum) })
        });
        Written { sealed: self.sealed.clone(), events: cells.collect(), removed: self.removed }
    }

    fn from_written(written: Written) -> anyhow::Result<Self> {
        let cells = written.events.into_iter().map(|cell| {
            let sum = u128::from_str_radix(&cell.sum, 16).with_context(|| format!("sum {:?}", cell.sum))?;
            Ok(((cell.partition, cell.date.to_epoch_days()), Cell { events: cell.events, sum }))
        });
        let cells = cells.collect::<anyhow::Result<Cells>>()?;
        Ok(Self { sealed: written.sealed, cells, removed: written.removed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(of: &[(Place, u64, u128)]) -> Cells {
        of.iter().map(|(place, events, sum)| (*place, Cell { events: *events, sum: *sum })).collect()
    }

    #[test]
    fn what_is_sealed_and_taken_off_adds_up_and_reads_back() {
        let mut books = Books::default();
        let link = testkit::link::link("t", 3, 0, 10..=19);
        books.seal([&link], &cells(&[((3, 20_000), 5, u128::MAX), ((3, 20_001), 2, 7)]));
        books.seal([], &cells(&[((3, 20_000), 1, 4)]));
        books.take_off(&cells(&[((3, 20_001), 2, 7), ((3, 20_000), 1, u128::MAX)])).unwrap();
        assert_eq!(*books.cells(), cells(&[((3, 20_000), 5, 4)]));
        assert_eq!(books.removed, 3);
        assert!(books.is_sealed(&link));
        let text = serde_json::to_string(&books.written()).unwrap();
        assert_eq!(Books::from_written(serde_json::from_str(&text).unwrap()).unwrap(), books);
        let refused = books.take_off(&cells(&[((3, 20_000), 6, 4)])).unwrap_err().to_string();
        assert!(refused.contains("partition 3 on 2024-10-04"), "{refused}");
    }
}
