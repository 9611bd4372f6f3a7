//! A column of ordered rows.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBufferBuilder, DictionaryArray, Int32Array, StringArray, StringBuilder,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::compute::{cast, interleave, take};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::error::DataFusionError;
use schemas::session::session_id;

use super::Held;
use super::order::{Ordered, Place, Ranks, Row, Standing};
use super::pairs::Texts;
use super::read::dictionary;
use crate::curated::writer::Columns;
use crate::tables::Rows;

/// A column of which fewer than one held row in so many has a value is gathered from these, and not row by row.
const FEW: usize = 8;

impl Columns for Ordered {
    fn column(&self, field: &Field, rows: Range<usize>) -> anyhow::Result<ArrayRef> {
        let Standing { places, ranks } = self.standing.get_or_init(|| Standing::new(&self.held, &self.rows));
        self.gathered(field, &self.rows[rows.clone()], &places[rows.clone()], Some((ranks, rows)))
    }
}

impl Ordered {
    /// A column of some rows with their places, texts in a dictionary. `ranks`: of all held rows, and the range of these.
    pub(super) fn gathered(
        &self,
        field: &Field,
        rows: &[Row],
        places: &[Place],
        ranks: Option<(&Ranks, Range<usize>)>,
    ) -> anyhow::Result<ArrayRef> {
        match field.name().as_str() {
            "session_id" => self.session_ids(rows),
            "session_started_at" => {
                let starts: TimestampMicrosecondArray = rows.iter().map(|row| Some(row.start)).collect();
                Ok(Arc::new(starts.with_timezone("UTC")))
            }
            name => {
                let parts: Vec<_> = self.held.iter().map(|held| self.part(held, name)).collect();
                let few = ranks.filter(|_| self.has_few(&parts)).map(|(ranks, range)| few(&parts, ranks, &range));
                match (field.data_type(), few) {
                    (kind, None) if parts.iter().all(Option::is_none) => Ok(nulls(kind, rows.len())),
                    (kind, Some(few)) if few.is_empty() => Ok(nulls(kind, rows.len())),
                    (DataType::Utf8, Some(few)) => texts(Part::of_all(&parts), bits(&few, rows.len()), few.into_iter()),
                    (DataType::Utf8, None) => all_texts(Part::of_all(&parts), places),
                    (kind, Some(few)) => spread(kind, (&self.held, &parts), &few, rows.len()),
                    (kind, None) => others(kind, (&self.held, &parts), places),
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

    fn has_few(&self, parts: &[Option<&ArrayRef>]) -> bool {
        let values: usize = parts.iter().flatten().map(|part| part.len() - part.null_count()).sum();
        values * FEW < self.rows.len()
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

    fn of_all(columns: &[Option<&'a ArrayRef>]) -> Vec<Option<Self>> {
        columns.iter().map(|column| column.map(Self::of)).collect()
    }

    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }
}

/// The values of a column in a range of the rows: where each stands in it, and where it is held. In the order of the rows.
fn few(parts: &[Option<&ArrayRef>], ranks: &Ranks, range: &Range<usize>) -> Vec<(usize, Place)> {
    let mut found = Vec::new();
    for (batch, part) in parts.iter().enumerate() {
        let Some(part) = part else { continue };
        let mut add = |row: usize| {
            let rank = ranks[batch][row] as usize;
            if range.contains(&rank) {
                found.push((rank - range.start, (batch, row)));
            }
        };
        match part.nulls() {
            Some(nulls) => nulls.valid_indices().for_each(&mut add),
            None => (0..part.len()).for_each(&mut add),
        }
    }
    found.sort_unstable();
    found
}

/// Which of so many rows have one.
fn bits(few: &[(usize, Place)], count: usize) -> BooleanBuffer {
    let mut bits = BooleanBufferBuilder::new(count);
    bits.append_n(count, false);
    few.iter().for_each(|(at, _)| bits.set_bit(*at, true));
    bits.finish()
}

fn all_texts(parts: Vec<Option<Part<'_>>>, places: &[Place]) -> anyhow::Result<ArrayRef> {
    // Passed over 64 at a time where there is none.
    let present = BooleanBuffer::collect_bool(places.len(), |at| {
        let (batch, row) = places[at];
        parts[batch].as_ref().is_some_and(|part| part.is_valid(row))
    });
    let chosen = present.clone();
    texts(parts, present, chosen.set_indices().map(|at| (at, places[at])))
}

/// The dictionary holds each text that a row has, in the order of the rows, once for each batch that it comes from. `chosen`: the
/// rows that are present, each with its place.
fn texts(
    mut parts: Vec<Option<Part<'_>>>,
    present: BooleanBuffer,
    chosen: impl Iterator<Item = (usize, Place)>,
) -> anyhow::Result<ArrayRef> {
    let (mut values, mut bytes, mut count) = (StringBuilder::new(), 0, 0);
    let mut keys = vec![0; present.len()];
    for (at, (batch, row)) in chosen {
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

/// Few values among so many rows.
fn spread(
    kind: &DataType,
    of: (&[Arc<Held>], &[Option<&ArrayRef>]),
    few: &[(usize, Place)],
    count: usize,
) -> anyhow::Result<ArrayRef> {
    let places: Vec<Place> = few.iter().map(|(_, place)| *place).collect();
    let mut indices = vec![0; count];
    for (place, (at, _)) in few.iter().enumerate() {
        indices[*at] = u32::try_from(place)?;
    }
    let indices = UInt32Array::new(indices.into(), Some(NullBuffer::new(bits(few, count))));
    Ok(take(&others(kind, of, &places)?, &indices, None)?)
}
