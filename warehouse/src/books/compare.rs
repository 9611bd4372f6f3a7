//! Landing files and the table that was made of them, row by row, in memory that does not grow with them: both are sorted by
//! the rows' keys, which spills to disk, and gone through side by side.

use std::sync::Arc;

use anyhow::Context;
use datafusion::arrow::array::{Array, AsArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::datasource::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use xxhash_rust::xxh3::Xxh3;

use super::{Cells, Place};
use crate::engine::Engine;
use crate::engine::inputs::{Inputs, number, text};
use crate::limits::BATCH_ROWS;

/// Examples named of one kind of difference; the count is always whole.
pub(crate) const EXAMPLES_MAX: usize = 3;

const KEY_BYTES: i32 = 16;

/// An event of a site by its tab and number.
pub(crate) fn event_key(site_id: &str, tab_id: &str, seq: i64) -> u128 {
    let mut hasher = hasher(&[site_id, tab_id]);
    hasher.update(&seq.to_le_bytes());
    hasher.digest128()
}

/// What names a row for ever, in the landing files as in the table, and what its content is told by.
pub(crate) struct Identity {
    /// SQL of the name, which is unique within a site, for people as well. It must stay as it is: the books hold sums of it.
    pub name: &'static str,
    /// SQL of a number that changes with the row's content.
    pub mark: &'static str,
    /// A condition on the landed rows that the table takes.
    pub landed: &'static str,
}

impl Identity {
    /// SQL of the key.
    fn key(&self) -> String {
        format!("row_key(site_id, {})", self.name)
    }
}

/// Key of a row by its [`Identity`].
pub(crate) fn row_key(site_id: &str, name: &str) -> u128 {
    hasher(&[site_id, name]).digest128()
}

fn hasher(parts: &[&str]) -> Xxh3 {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher
}

/// What the books count of a row.
pub(crate) fn counted(key: u128, mark: i64) -> u128 {
    key ^ u128::from(mark.cast_unsigned())
}

/// Rows of one kind, and the keys of a few.
#[derive(Debug, Default)]
pub(crate) struct Few {
    pub count: u64,
    pub keys: Vec<u128>,
}

impl Few {
    fn add(&mut self, key: u128) {
        self.count += 1;
        if self.keys.len() < EXAMPLES_MAX {
            self.keys.push(key);
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Landed, and nowhere in the table.
    pub lost: Few,
    /// Rows of the table beyond a key's first.
    pub doubled: Few,
    /// Rows of the table whose landing row has another mark.
    pub altered: Few,
    /// Rows of the table whose landing row is at hand.
    pub own: Cells,
    /// Rows of the table whose landing row is not.
    pub elsewhere: Cells,
    /// Keys of a few of them, with their places.
    pub elsewhere_keys: Vec<(Place, u128)>,
}

/// Compares landed events with rows of `events`. Marked duplicates are left out.
pub(crate) async fn compare(
    engine: &Engine,
    landing: Arc<dyn TableProvider>,
    events: Arc<dyn TableProvider>,
) -> anyhow::Result<Compared> {
    let inputs = engine.inputs_that_spill(SIDES, BATCH_ROWS).function(key_function());
    let key = ("event_key(site_id, tab_id, seq)", "cast(0 as bigint)", "not duplicate");
    side_by_side(inputs.table("landing", landing)?.table("curated", events)?, key).await
}

/// Compares landed rows with those of a table that has them by an identity.
pub(crate) async fn compare_rows(
    engine: &Engine,
    identity: &Identity,
    landing: Arc<dyn TableProvider>,
    rows: Arc<dyn TableProvider>,
) -> anyhow::Result<Compared> {
    let inputs = engine.inputs_that_spill(SIDES, BATCH_ROWS).function(row_key_function());
    let key = identity.key();
    let key = (key.as_str(), identity.mark, identity.landed);
    side_by_side(inputs.table("landing", landing)?.table("curated", rows)?, key).await
}

/// Each side of the union is sorted by itself.
const SIDES: usize = 2;

async fn side_by_side(inputs: Inputs, (key, mark, landed): (&str, &str, &str)) -> anyhow::Result<Compared> {
    let columns = format!("{key} as key, kafka_partition, kafka_offset");
    let sql = format!(
        "select * from (\
           select {columns}, cast(null as date) as event_date, {mark} as mark from landing where {landed} \
           union all select {columns}, event_date, {mark} as mark from curated\
         ) order by key, kafka_partition, kafka_offset, event_date nulls first"
    );
    let mut run = Run::default();
    inputs
        .each_batch(&sql, |batch| {
            let keys = batch.column(0).as_fixed_size_binary();
            for row in 0..batch.num_rows() {
                run.add(Row::of(keys, batch, row)?);
            }
            Ok(())
        })
        .await?;
    run.end();
    Ok(run.compared)
}

/// Names of rows by their keys, found in those of `input` that meet a condition.
pub(crate) async fn row_names(
    inputs: Inputs,
    (input, condition): (&str, &str),
    identity: &Identity,
    keys: &[u128],
) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let sql = format!("select site_id, {} from {input} where {condition}", identity.name);
    inputs
        .each(&sql, |batch, row| {
            let (site, name) = (text(batch, 0, row), text(batch, 1, row));
            if names.len() < keys.len() && keys.contains(&row_key(site, name)) && !names.iter().any(|own| own == name) {
                names.push(name.to_owned());
            }
        })
        .await?;
    Ok(names)
}

/// Names of events by their keys, found in the rows of `input`.
pub(crate) async fn names(inputs: &Inputs, input: &str, keys: &[u128]) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    inputs
        .each(&format!("select site_id, tab_id, seq from {input}"), |batch, row| {
            let (site, tab, seq) = (text(batch, 0, row), text(batch, 1, row), number(batch, 2, row));
            if names.len() < keys.len() && keys.contains(&event_key(site, tab, seq)) {
                let name = format!("site {site:?} tab {tab} seq {seq}");
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        })
        .await?;
    Ok(names)
}

struct Row {
    key: u128,
    partition: i64,
    offset: i64,
    /// Of a row of the table.
    day: Option<i32>,
    mark: i64,
}

impl Row {
    fn of(keys: &FixedSizeBinaryArray, batch: &RecordBatch, row: usize) -> anyhow::Result<Self> {
        let key = keys.value(row).try_into().context("a key")?;
        let days = batch.column(3).as_primitive::<Date32Type>();
        Ok(Self {
            key: u128::from_be_bytes(key),
            partition: number(batch, 1, row),
            offset: number(batch, 2, row),
            day: days.is_valid(row).then(|| days.value(row)),
            mark: number(batch, 4, row),
        })
    }

    fn place(&self, day: i32) -> Place {
        (i32::try_from(self.partition).unwrap_or(i32::MAX), day)
    }
}

/// The rows of one key, as they come.
#[derive(Default)]
struct Run {
    compared: Compared,
    key: Option<u128>,
    /// Where the last landed row of the key stands, and its mark.
    landed: Option<(i64, i64, i64)>,
    /// Rows of the table.
    rows: u64,
}

impl Run {
    fn add(&mut self, row: Row) {
        if self.key != Some(row.key) {
            self.end();
            self.key = Some(row.key);
        }
        let Some(day) = row.day else {
            self.landed = Some((row.partition, row.offset, row.mark));
            return;
        };
        self.rows += 1;
        if self.rows > 1 {
            self.compared.doubled.add(row.key);
            return;
        }
        let (place, counted) = (row.place(day), counted(row.key, row.mark));
        // A landed row comes before the row of the table that was made of it.
        if let Some((partition, offset, mark)) = self.landed
            && (partition, offset) == (row.partition, row.offset)
        {
            if mark != row.mark {
                self.compared.altered.add(row.key);
            }
            self.compared.own.entry(place).or_default().add(counted);
            return;
        }
        self.compared.elsewhere.entry(place).or_default().add(counted);
        if self.compared.elsewhere_keys.iter().filter(|(known, _)| *known == place).count() < EXAMPLES_MAX
            && self.compared.elsewhere_keys.len() < EXAMPLES_MAX * EXAMPLES_MAX
        {
            self.compared.elsewhere_keys.push((place, row.key));
        }
    }

    fn end(&mut self) {
        let (landed, rows) = (self.landed.take(), std::mem::take(&mut self.rows));
        if let (Some(key), Some(_), 0) = (self.key.take(), landed, rows) {
            self.compared.lost.add(key);
        }
    }
}

/// `event_key(site_id, tab_id, seq)`, most significant byte first.
fn key_function() -> ScalarUDF {
    let inputs = vec![DataType::Utf8View, DataType::Utf8View, DataType::Int64];
    let call = |arguments: &[ColumnarValue]| -> datafusion::common::Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let (sites, tabs) = (arrays[0].as_string_view(), arrays[1].as_string_view());
        let numbers = arrays[2].as_primitive::<Int64Type>();
        let mut keys = FixedSizeBinaryBuilder::with_capacity(numbers.len(), KEY_BYTES);
        for row in 0..numbers.len() {
            let key = event_key(sites.value(row), tabs.value(row), numbers.value(row));
            keys.append_value(key.to_be_bytes()).map_err(DataFusionError::from)?;
        }
        Ok(ColumnarValue::Array(Arc::new(keys.finish())))
    };
    create_udf("event_key", inputs, DataType::FixedSizeBinary(KEY_BYTES), Volatility::Immutable, Arc::new(call))
}

/// `row_key(site_id, name)`: [`row_key`], most significant byte first.
fn row_key_function() -> ScalarUDF {
    let inputs = vec![DataType::Utf8View, DataType::Utf8View];
    let call = |arguments: &[ColumnarValue]| -> datafusion::common::Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let (sites, names) = (arrays[0].as_string_view(), arrays[1].as_string_view());
        let mut keys = FixedSizeBinaryBuilder::with_capacity(sites.len(), KEY_BYTES);
        for row in 0..sites.len() {
            let key = row_key(sites.value(row), names.value(row));
            keys.append_value(key.to_be_bytes()).map_err(DataFusionError::from)?;
        }
        Ok(ColumnarValue::Array(Arc::new(keys.finish())))
    };
    create_udf("row_key", inputs, DataType::FixedSizeBinary(KEY_BYTES), Volatility::Immutable, Arc::new(call))
}
