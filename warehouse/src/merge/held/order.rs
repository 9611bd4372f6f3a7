//! The order of a table's rows: by its partition, then by visitor, time, tab and number.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::execution::memory_pool::MemoryReservation;

use super::pairs::Texts;
use super::{Held, HeldRows, Pairs};
use crate::curated::writer::Partition;
use crate::merge::arranged::arranged;
use crate::merge::sessionize::Staying;
use crate::merge::visitors::{Key, Sessions};
use crate::progress::DAY_US;
use crate::tables::{Rows, Table};

/// A row, and all that its place depends on. Sites, visitors and tabs are numbered in the order of their texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub site: u32,
    pub date: i32,
    pub visitor: u32,
    at: i64,
    tab: u32,
    seq: i64,
    /// Where it is held.
    pub batch: u32,
    pub row: u32,
    /// Start of its session, and whether that was computed.
    pub start: i64,
    pub computed: bool,
}

/// Where a row is held: its batch, and its row there.
pub(super) type Place = (usize, usize);

/// Of each row of each batch its place in the order, [`NOWHERE`] if it has none.
pub(super) type Ranks = Vec<Vec<u32>>;

pub(super) const NOWHERE: u32 = u32::MAX;

/// Where ordered rows are held, and the other way round: told once for all columns that are gathered.
#[derive(Debug)]
pub(super) struct Standing {
    pub places: Vec<Place>,
    pub ranks: Ranks,
}

impl Standing {
    pub(super) fn new(held: &[Arc<Held>], rows: &[Row]) -> Self {
        let mut ranks: Ranks = held.iter().map(|held| vec![NOWHERE; held.rows.num_rows()]).collect();
        for (rank, row) in (0..NOWHERE).zip(rows) {
            ranks[row.batch as usize][row.row as usize] = rank;
        }
        Self { places: places(rows), ranks }
    }
}

/// Where each of some rows is held.
pub(super) fn places(rows: &[Row]) -> Vec<Place> {
    rows.iter().map(|row| (row.batch as usize, row.row as usize)).collect()
}

/// The rows of a table that has one for each landed event: new ones, and those of files that are written again.
#[derive(Debug)]
pub(crate) struct Ordered {
    pub(super) table: &'static Table,
    pub(super) held: Vec<Arc<Held>>,
    pub(super) rows: Vec<Row>,
    /// Of `rows`, once they are asked for.
    pub(super) standing: OnceLock<Standing>,
    pub(super) visitors: Vec<String>,
    pub(super) sites: Vec<String>,
    _memory: MemoryReservation,
}

impl Ordered {
    /// Of the `landed` rows those that stay, and `kept` ones with the session that holds their time: all, or those of the
    /// visitors and from the times that are given.
    pub(crate) fn new(
        table: &'static Table,
        landed: &HeldRows,
        staying: &[Staying],
        kept: &HeldRows,
        sessions: &Sessions,
        changed: Option<&HashMap<Key, i64>>,
    ) -> anyhow::Result<Self> {
        let held: Vec<Arc<Held>> = landed.held.iter().chain(&kept.held).cloned().collect();
        let pairs = |column: &str| -> Vec<Pairs<'_>> { held.iter().map(|held| Pairs::of(held, column)).collect() };
        let (visitors, tabs) = (pairs("visitor_id"), pairs("tab_id"));
        let site_ranks = Numbered::of(visitors.iter().flat_map(|of| &of.pairs).map(|(site, _)| *site));
        let visitor_ranks = Numbered::of(visitors.iter().flat_map(|of| &of.pairs).map(|(_, visitor)| *visitor));
        let tab_ranks = Numbered::of(tabs.iter().flat_map(|of| &of.pairs).map(|(_, tab)| *tab));

        let memory = landed.memory.new_empty();
        let kept_rows: usize = kept.held.iter().map(|held| held.rows.num_rows()).sum();
        memory
            .try_grow((staying.len() + kept_rows) * (2 * size_of::<Row>() + size_of::<Place>() + size_of::<u32>()))?;
        let starts = session_starts(landed, staying);
        let mut rows = Vec::with_capacity(staying.len() + kept_rows);
        for (batch, held) in held.iter().enumerate() {
            let visitor: Vec<u32> = visitors[batch].pairs.iter().map(|(_, text)| visitor_ranks.0[text]).collect();
            let site: Vec<u32> = visitors[batch].pairs.iter().map(|(site, _)| site_ranks.0[site]).collect();
            let tab: Vec<u32> = tabs[batch].pairs.iter().map(|(_, text)| tab_ranks.0[text]).collect();
            let keys = visitors[batch].keys();
            let (at, seq) = (held.times("occurred_at")?, held.numbers("seq")?);
            let old = held.times("session_started_at")?;
            let of_type = OfType::new(table, held);
            for row in 0..held.rows.num_rows() {
                let (start, computed) = match starts.get(batch).map(|starts| starts[row]) {
                    Some(None) => continue,
                    Some(Some(start)) => (start, true),
                    None => match sessions.start_of(keys[visitors[batch].of_row[row] as usize], at[row]) {
                        Some(start) => (start, true),
                        None => (old[row], false),
                    },
                };
                let pair = visitors[batch].of_row[row] as usize;
                let stays = changed.is_none_or(|changed| changed.get(&keys[pair]).is_some_and(|first| *first <= start));
                if !stays || !of_type.holds(row) {
                    continue;
                }
                rows.push(Row {
                    site: site[pair],
                    date: i32::try_from(at[row].div_euclid(DAY_US))?,
                    visitor: visitor[pair],
                    at: at[row],
                    tab: tab[tabs[batch].of_row[row] as usize],
                    seq: seq[row],
                    batch: batch as u32,
                    row: row as u32,
                    start,
                    computed,
                });
            }
        }
        let day = |row: &Row| (row.site, row.date, row.visitor);
        let rows = arranged(&rows, day, |day| day, |row| (row.at, row.tab, row.seq));
        let owned = |ranks: &Numbered<'_>| ranks.1.iter().map(|text| (*text).to_owned()).collect();
        let (visitors, sites) = (owned(&visitor_ranks), owned(&site_ranks));
        let standing = OnceLock::new();
        Ok(Self { table, held, rows, standing, visitors, sites, _memory: memory })
    }

    /// The same rows session by session, by tab and number within: as the selects of derived tables go through them.
    #[must_use]
    pub(crate) fn by_session(mut self) -> Self {
        // Those of a visitor's day follow each other, and mostly those of a session: each stretch is looked up once.
        let session = |row: &Row| (row.site, row.visitor, row.start);
        let mut ids: HashMap<(u32, u32, i64), String> = HashMap::new();
        for rows in self.rows.chunk_by(|one, next| session(one) == session(next)) {
            ids.entry(session(&rows[0])).or_insert_with(|| self.session_id(&rows[0]));
        }
        let mut sorted: Vec<(String, (u32, u32, i64))> = ids.into_iter().map(|(session, id)| (id, session)).collect();
        sorted.sort_unstable();
        let ranks: HashMap<(u32, u32, i64), u32> =
            sorted.into_iter().zip(0..).map(|((_, of), rank)| (of, rank)).collect();
        self.rows = arranged(&self.rows, session, |of| (of.0, ranks[&of]), |row| (row.tab, row.seq));
        self.standing = OnceLock::new();
        self
    }

    /// The rows of the sessions that began at that time.
    #[must_use]
    pub(crate) fn of_session(mut self, start: i64) -> Self {
        self.rows.retain(|row| row.start == start);
        self.standing = OnceLock::new();
        self
    }

    /// The partitions, in order.
    pub(crate) fn partitions(&self) -> Vec<Partition> {
        let mut partitions = Vec::new();
        let mut from = 0;
        for rows in self.rows.chunk_by(|one, next| (one.site, one.date) == (next.site, next.date)) {
            let site_id = self.site(&rows[0]).to_owned();
            partitions.push(Partition { site_id, event_date: rows[0].date, rows: from..from + rows.len() });
            from += rows.len();
        }
        partitions
    }

    pub(super) fn site(&self, row: &Row) -> &str {
        &self.sites[row.site as usize]
    }
}

/// The rows tab by tab of each visitor, by number within.
pub(super) fn by_tab(rows: &[Row]) -> Vec<Row> {
    arranged(rows, |row| (row.site, row.visitor), |visitor| visitor, |row| (row.tab, row.seq))
}

/// Start of the session of each row that stays, by batch of the landed rows.
pub(super) fn session_starts(landed: &HeldRows, staying: &[Staying]) -> Vec<Vec<Option<i64>>> {
    let mut starts: Vec<Vec<Option<i64>>> = landed.held.iter().map(|held| vec![None; held.rows.num_rows()]).collect();
    let ends: Vec<usize> = landed
        .held
        .iter()
        .scan(0, |end, held| {
            *end += held.rows.num_rows();
            Some(*end)
        })
        .collect();
    for Staying { row, start } in staying {
        let row = *row as usize;
        let batch = ends.partition_point(|end| *end <= row);
        let first = if batch == 0 { 0 } else { ends[batch - 1] };
        starts[batch][row - first] = Some(*start);
    }
    starts
}

/// Texts in their order, each with its place.
struct Numbered<'a>(HashMap<&'a str, u32>, Vec<&'a str>);

impl<'a> Numbered<'a> {
    fn of(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: Vec<&str> = texts.collect();
        texts.sort_unstable();
        texts.dedup();
        Self(texts.iter().zip(0..).map(|(text, rank)| (*text, rank)).collect(), texts)
    }
}

/// Whether a row is of the type that the table is about.
struct OfType<'a>(Option<(&'static str, Texts<'a>)>);

impl<'a> OfType<'a> {
    fn new(table: &'static Table, held: &'a Held) -> Self {
        match table.rows {
            Rows::Landed { only_type: Some(kind), .. } if held.site_id.is_none() => {
                Self(Some((kind, Texts::of(&held.rows, "type"))))
            }
            _ => Self(None),
        }
    }

    fn holds(&self, row: usize) -> bool {
        self.0.as_ref().is_none_or(|(kind, types)| types.value(row) == *kind)
    }
}

impl Held {
    /// A column of numbers that every row has.
    pub(crate) fn numbers(&self, column: &str) -> anyhow::Result<&[i64]> {
        let found = self.rows.column_by_name(column).filter(|column| *column.data_type() == DataType::Int64);
        let found = found.map(|column| column.as_primitive::<Int64Type>().values().as_ref());
        self.one_each(found, column)
    }

    /// A column of times that every row has, in epoch microseconds.
    pub(crate) fn times(&self, column: &str) -> anyhow::Result<&[i64]> {
        let found = self.rows.column_by_name(column);
        let found = found.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        self.one_each(found.map(|column| column.values().as_ref()), column)
    }

    fn one_each<'b>(&self, found: Option<&'b [i64]>, column: &str) -> anyhow::Result<&'b [i64]> {
        match found {
            Some(values) => Ok(values),
            None if self.rows.num_rows() == 0 => Ok(&[]),
            None => anyhow::bail!("rows without {column}"),
        }
    }
}
