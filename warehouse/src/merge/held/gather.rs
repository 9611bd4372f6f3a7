//! A column of ordered rows.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, NullBufferBuilder, StringArray, StringBuilder,
    TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::error::DataFusionError;
use schemas::session::session_id;

use super::Held;
use super::order::{Ordered, Row};
use super::pairs::Texts;
use super::read::dictionary;
use crate::curated::writer::Columns;
use crate::tables::Rows;

impl Columns for Ordered {
    fn column(&self, field: &Field, rows: Range<usize>) -> anyhow::Result<ArrayRef> {
        self.gathered(field, &self.rows[rows])
    }
}

impl Ordered {
    /// A column of some rows, texts in a dictionary.
    pub(super) fn gathered(&self, field: &Field, rows: &[Row]) -> anyhow::Result<ArrayRef> {
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
                    DataType::Utf8 => texts(&parts, rows),
                    kind => others(kind, &parts, rows),
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

/// The dictionary holds each text that a row has, in the order of the rows, once for each batch that it comes from.
fn texts(parts: &[Option<&ArrayRef>], rows: &[Row]) -> anyhow::Result<ArrayRef> {
    let parts: Vec<Option<(&DictionaryArray<Int32Type>, &StringArray)>> = parts
        .iter()
        .map(|part| part.map(|part| part.as_dictionary::<Int32Type>()))
        .map(|part| part.map(|part| (part, part.values().as_string::<i32>())))
        .collect();
    let mut places: Vec<Vec<i32>> =
        parts.iter().map(|part| vec![-1; part.map_or(0, |(_, values)| values.len())]).collect();
    let (mut values, mut bytes, mut count) = (StringBuilder::new(), 0, 0);
    let (mut keys, mut present) = (Vec::with_capacity(rows.len()), NullBufferBuilder::new(rows.len()));
    for row in rows {
        let part = parts[row.batch as usize].filter(|(part, _)| part.is_valid(row.row as usize));
        let Some((part, known)) = part else {
            keys.push(0);
            present.append_null();
            continue;
        };
        let key = part.keys().value(row.row as usize) as usize;
        let place = &mut places[row.batch as usize][key];
        if *place < 0 {
            bytes += known.value_length(key) as usize;
            if i32::try_from(bytes).is_err() {
                return Err(DataFusionError::ResourcesExhausted("texts of a column beyond 2 GiB".into()).into());
            }
            values.append_value(known.value(key));
            *place = count;
            count += 1;
        }
        keys.push(*place);
        present.append_non_null();
    }
    let keys = Int32Array::new(keys.into(), present.finish());
    Ok(Arc::new(DictionaryArray::try_new(keys, Arc::new(values.finish()))?))
}

fn others(kind: &DataType, parts: &[Option<&ArrayRef>], rows: &[Row]) -> anyhow::Result<ArrayRef> {
    let some = parts.iter().flatten().next().map_or(kind, |part| part.data_type());
    let none = new_null_array(some, 1);
    let arrays: Vec<ArrayRef> = parts.iter().map(|part| part.map_or_else(|| none.clone(), Clone::clone)).collect();
    let arrays: Result<Vec<ArrayRef>, _> = arrays.iter().map(|array| cast(array, kind)).collect();
    let arrays = arrays?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    let places = rows.iter().map(|row| {
        let batch = row.batch as usize;
        (batch, if parts[batch].is_some() { row.row as usize } else { 0 })
    });
    Ok(interleave(&arrays, &places.collect::<Vec<_>>())?)
}
