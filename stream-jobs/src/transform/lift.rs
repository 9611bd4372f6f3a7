//! Arrow helpers: named children of structs, lifted out with the struct's own nulls.

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, ListArray, StringArray, StructArray,
    new_null_array,
};
use arrow::compute::{cast, nullif, take};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

/// A child of a struct, null wherever the struct is.
pub(crate) fn child(parent: &StructArray, name: &str) -> Result<ArrayRef> {
    let child = parent.column_by_name(name).with_context(|| format!("the package has no field {name}"))?;
    match parent.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => Ok(child.clone()),
        Some(nulls) => Ok(nullif(child, &BooleanArray::new(!nulls.inner(), None))?),
    }
}

/// A child that is a struct itself.
pub(crate) fn child_struct(parent: &StructArray, name: &str) -> Result<StructArray> {
    let child = child(parent, name)?;
    child.as_struct_opt().cloned().with_context(|| format!("the field {name} is no record"))
}

/// A child that is a list of one record or none: its first record, all of whose fields are null where there is none.
pub(crate) fn child_optional(parent: &StructArray, name: &str) -> Result<StructArray> {
    let child = child(parent, name)?;
    let list: &ListArray = child.as_list_opt().with_context(|| format!("the field {name} is no list"))?;
    let records = list.values().as_struct_opt().with_context(|| format!("{name} holds no records"))?;
    let rows: Int32Array = list.offsets().windows(2).map(|ends| (ends[0] < ends[1]).then_some(ends[0])).collect();
    let spread = |column: &ArrayRef| match column.null_count() == column.len() {
        // Cheap to make, and known as empty to whoever writes it.
        true => Ok(new_null_array(column.data_type(), rows.len())),
        false => take(column, &rows, None),
    };
    let columns = records.columns().iter().map(spread).collect::<Result<Vec<_>, _>>()?;
    Ok(StructArray::try_new_with_length(records.fields().clone(), columns, None, rows.len())?)
}

/// A child of text.
pub(crate) fn child_text(parent: &StructArray, name: &str) -> Result<StringArray> {
    let child = child(parent, name)?;
    child.as_string_opt::<i32>().cloned().with_context(|| format!("the field {name} is no text"))
}

/// A child of numbers; what is no finite number is null, since neither JSON nor a sum can hold it.
pub(crate) fn child_number(parent: &StructArray, name: &str) -> Result<Float64Array> {
    Ok(finite(&raw_numbers(parent, name)?))
}

/// A child of numbers, as they came.
pub(crate) fn raw_numbers(parent: &StructArray, name: &str) -> Result<Float64Array> {
    let child = child(parent, name)?;
    child.as_primitive_opt().cloned().with_context(|| format!("the field {name} is no number"))
}

fn finite(numbers: &Float64Array) -> Float64Array {
    if numbers.values().iter().all(|number| number.is_finite()) {
        return numbers.clone();
    }
    numbers.iter().map(|number| number.filter(|number| number.is_finite())).collect()
}

/// A child of whole numbers, widened to 64 bits.
pub(crate) fn child_int(parent: &StructArray, name: &str) -> Result<arrow::array::Int64Array> {
    let child = cast(&child(parent, name)?, &DataType::Int64)?;
    child.as_primitive_opt::<Int64Type>().cloned().with_context(|| format!("the field {name} is no whole number"))
}

/// A child that is a list of numbers, with the element field that the landing columns have.
pub(crate) fn child_list(parent: &StructArray, name: &str, data_type: &DataType) -> Result<ArrayRef> {
    let child = child(parent, name)?;
    let list: &ListArray = child.as_list_opt().with_context(|| format!("the field {name} is no list"))?;
    let DataType::List(element) = data_type else { anyhow::bail!("{name}: {data_type} is no list") };
    let (_, offsets, values, nulls) = list.clone().into_parts();
    let values = finite(values.as_primitive_opt::<Float64Type>().with_context(|| format!("{name} holds no numbers"))?);
    Ok(Arc::new(ListArray::try_new(element.clone(), offsets, Arc::new(values), nulls)?))
}
