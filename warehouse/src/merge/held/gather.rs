//! A column of ordered rows.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray, StringBuilder, TimestampMicrosecondArray,
    new_null_array,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::error::DataFusionError;
use schemas::session::session_id;

use super::Held;
use super::order::{Ordered, Place, Row, places};
use super::pairs::Texts;
use super::read::dictionary;
use crate::curated::writer::Columns;
use crate::tables::Rows;

impl Columns for Ordered {
    fn column(&self, field: &Field, rows: Range<usize>) -> anyhow::Result<ArrayRef> {
        let places = self.places.get_or_init(|| places(&self.rows));
        self.gathered(field, &self.rows[rows.clone()], &places[rows])
    }
}

impl Ordered {
    /// A column of some rows with their places, texts in a dictionary.
    pub(super) fn gathered(&self, field: &Field, rows: &[Row], places: &[Place]) -> anyhow::Result<ArrayRef> {
        match field.name().as_str() {
            "session_id" => self.session_ids(rows),
            "session_started_at" => {
                let starts: TimestampMicrosecondArray = rows.iter().map(|row| Some(row.start)).collect();
                Ok(Arc::new(starts.with_timezone("UTC")))
            }
            name => {
                let parts: Vec<_> = self.held.iter().map(|held| self.part(held, name)).collect();
                match field.data_type() {
                    _ if parts.iter().all(Option::is_none) => Ok(nulls(field.data_type(), rows.len())),
                    DataType::Utf8 => texts(&parts, places),
                    kind => others(kind, (&self.held, &parts), places),
                }
            }
        }
    }

    /// Landed rows know some columns by another name.
    fn part<'b>(&self, held: &'b Held, name: &str) -> Option<&'b ArrayRef> {
        let renamed = match self.table.rows {
            Rows::Landed { renamed, .. } if held.site_id.is_none() => renamed,
            _ => &[],
        };
        let name = renamed.iter().find(|(own, _)| *own == name).map_or(name, |(_, landing)| landing);
        held.rows.column_by_name(name)
    }

    fn computed_session_id(&self, row: &Row) -> String {
        session_id(self.site(row), &self.visitors[row.visitor as usize], row.start).to_string()
    }

    pub(super) fn session_id(&self, row: &Row) -> String {
        match row.computed {
            true => self.computed_session_id(row),
            false => Texts::of(&self.held[row.batch as usize].rows, "session_id").value(row.row as usize).to_owned(),
        }
    }

    /// A session's rows follow each other, as far as visitors do not send at the same time what belongs to different ones.
    fn session_ids(&self, rows: &[Row]) -> anyhow::Result<ArrayRef> {
        let same = |row: &Row| (row.site, row.visitor, row.start, row.computed);
        let old: Vec<Texts<'_>> = self.held.iter().map(|held| Texts::of(&held.rows, "session_id")).collect();
        let (mut keys, mut values) = (Vec::with_capacity(rows.len()), StringBuilder::new());
        for (place, session) in rows.chunk_by(|one, next| same(one) == same(next)).enumerate() {
            let row = &session[0];
            match row.computed {
                true => values.append_value(self.computed_session_id(row)),
                false => values.append_value(old[row.batch as usize].value(row.row as usize)),
            }
            keys.extend(std::iter::repeat_n(i32::try_from(place)?, session.len()));
        }
        Ok(Arc::new(DictionaryArray::try_new(Int32Array::from(keys), Arc::new(values.finish()))?))
    }
}

fn nulls(kind: &DataType, count: usize) -> ArrayRef {
    match kind {
        DataType::Utf8 => new_null_array(&dictionary(), count),
        kind => new_null_array(kind, count),
    }
}

/// A batch's texts, on their way into one dictionary.
struct Part<'a> {
    texts: &'a StringArray,
    keys: &'a [i32],
    nulls: Option<&'a NullBuffer>,
    /// The key of each text in the new dictionary, below 0 for one that it does not have yet.
    known: Vec<i32>,
}

impl<'a> Part<'a> {
    fn of(column: &'a ArrayRef) -> Self {
        let column = column.as_dictionary::<Int32Type>();
        let texts = column.values().as_string::<i32>();
        Self { texts, keys: column.keys().values(), nulls: column.nulls(), known: vec![-1; texts.len()] }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }
}

/// The dictionary holds each text that a row has, in the order of the rows, once for each batch that it comes from.
fn texts(parts: &[Option<&ArrayRef>], places: &[Place]) -> anyhow::Result<ArrayRef> {
    let mut parts: Vec<Option<Part<'_>>> = parts.iter().map(|part| part.map(Part::of)).collect();
    // Most columns have a value in few rows: the others are passed over, 64 at a time.
    let present = BooleanBuffer::collect_bool(places.len(), |at| {
        let (batch, row) = places[at];
        parts[batch].as_ref().is_some_and(|part| part.is_valid(row))
    });
    let (mut values, mut bytes, mut count) = (StringBuilder::new(), 0, 0);
    let mut keys = vec![0; places.len()];
    for at in present.set_indices() {
        let (batch, row) = places[at];
        let Some(part) = &mut parts[batch] else { continue };
        let place = part.keys[row] as usize;
        let key = &mut part.known[place];
        if *key < 0 {
            bytes += part.texts.value_length(place) as usize;
            if i32::try_from(bytes).is_err() {
                return Err(DataFusionError::ResourcesExhausted("texts of a column beyond 2 GiB".into()).into());
            }
            values.append_value(part.texts.value(place));
            *key = count;
            count += 1;
        }
        keys[at] = *key;
    }
    let nulls = Some(NullBuffer::new(present)).filter(|nulls| nulls.null_count() > 0);
    Ok(Arc::new(DictionaryArray::try_new(Int32Array::new(keys.into(), nulls), Arc::new(values.finish()))?))
}

fn others(
    kind: &DataType,
    (held, parts): (&[Arc<Held>], &[Option<&ArrayRef>]),
    places: &[Place],
) -> anyhow::Result<ArrayRef> {
    let some = parts.iter().flatten().next().map_or(kind, |part| part.data_type());
    let arrays = held.iter().zip(parts).map(|(held, part)| match part {
        Some(part) => cast(part, kind),
        None => cast(&new_null_array(some, held.rows.num_rows()), kind),
    });
    let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>()?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    Ok(interleave(&arrays, places)?)
}
