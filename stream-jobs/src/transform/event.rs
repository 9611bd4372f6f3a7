//! Columns of the events themselves: the nested records of the package's events, flattened.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray, StringBuilder, StructArray};
use arrow::compute::kernels::cmp::neq;
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Int32Type};
use schemas::ingest::EventType;

use super::lift;
use super::scrub::{AllowedQueryKeys, scrub, scrub_text};
use crate::events::Columns;

/// `(landing column, record within the event or "" for the event itself, field)`.
const TEXTS: [(&str, &str, &str); 19] = [
    ("element_path", "element", "path"),
    ("element_tag", "element", "tag"),
    ("element_id", "element", "id"),
    ("element_name", "element", "name"),
    ("element_role", "element", "role"),
    ("element_text", "element", "text"),
    ("input_kind", "input", "kind"),
    ("input_value", "input", "value"),
    ("change_label", "change", "label"),
    ("key_class", "", "key_class"),
    ("clipboard_kind", "clipboard", "kind"),
    ("request_method", "request", "method"),
    ("request_initiator", "request", "initiator"),
    ("vital_name", "vital", "name"),
    ("degraded_what", "degraded", "what"),
    ("custom_name", "", "custom_name"),
    ("custom", "", "custom_properties"),
    ("pointer_type", "", "pointer_type"),
    ("effect_kind", "details", "effect_kind"),
];

const NUMBERS: [(&str, &str, &str); 14] = [
    ("x", "", "x"),
    ("y", "", "y"),
    ("duration_ms", "", "duration_ms"),
    ("viewport_width", "viewport", "width"),
    ("viewport_height", "viewport", "height"),
    ("request_duration_ms", "request", "duration_ms"),
    ("vital_value", "vital", "value"),
    ("degraded_rate_hz", "degraded", "rate_hz"),
    ("effect_after_ms", "details", "effect_after_ms"),
    ("media_position_s", "details", "media_position_s"),
    ("frame_blocking_ms", "details", "frame_blocking_ms"),
    ("scroll_page_height", "details", "scroll_page_height"),
    ("scroll_depth", "details", "scroll_depth"),
    ("field_hesitation_ms", "details", "field_hesitation_ms"),
];

const INTS: [(&str, &str, &str); 12] = [
    ("button", "", "button"),
    ("input_length", "input", "length"),
    ("change_index", "change", "index"),
    ("clipboard_length", "clipboard", "length"),
    ("request_status", "request", "status"),
    ("request_bytes", "request", "bytes"),
    ("error_line", "error", "line"),
    ("error_column", "error", "column"),
    ("effect_of_seq", "details", "effect_of_seq"),
    ("field_corrections", "details", "field_corrections"),
    ("field_refills", "details", "field_refills"),
    ("replay_chunks", "details", "replay_chunks"),
];

const RECT: [(&str, &str); 4] =
    [("element_x", "x"), ("element_y", "y"), ("element_width", "width"), ("element_height", "height")];

const TRAIL: [(&str, &str); 3] = [("trail_dt", "dt"), ("trail_x", "x"), ("trail_y", "y")];

/// Adds every column of the events but `seq` and the times. `trail_type` is the landing type of a trail column.
pub(super) fn add(
    columns: &mut Columns,
    events: &StructArray,
    trail_type: &DataType,
    allowed: &AllowedQueryKeys,
) -> Result<()> {
    let mut records: HashMap<&str, StructArray> = HashMap::from([("", events.clone())]);
    for name in
        ["element", "input", "change", "viewport", "clipboard", "request", "error", "vital", "degraded", "trail"]
    {
        records.insert(name, lift::child_struct(events, name)?);
    }
    records.insert("details", lift::child_optional(events, "details")?);
    let (types, states) = (lift::child(events, "type")?, lift::child_text(events, "state")?);
    columns.insert("visibility_state", of_type(EventType::Visibility, &types, &states)?);
    columns.insert("type", types);
    columns.insert("state", Arc::new(states));
    for (column, record, field) in TEXTS {
        columns.insert(column, Arc::new(lift::child_text(&records[record], field)?));
    }
    for (column, record, field) in NUMBERS {
        columns.insert(column, Arc::new(lift::child_number(&records[record], field)?));
    }
    for (column, record, field) in INTS {
        columns.insert(column, Arc::new(lift::child_int(&records[record], field)?));
    }
    columns.insert("change_checked", lift::child(&records["change"], "checked")?);
    let rect = lift::child_struct(&records["element"], "rect")?;
    for (column, field) in RECT {
        columns.insert(column, Arc::new(lift::child_number(&rect, field)?));
    }
    for (column, field) in TRAIL {
        columns.insert(column, lift::child_list(&records["trail"], field, trail_type)?);
    }
    let (error, details) = (&records["error"], &records["details"]);
    columns.insert("request_url", rewritten(&lift::child_text(&records["request"], "url")?, |url| scrub(url, allowed)));
    columns.insert("error_source", rewritten(&lift::child_text(error, "source")?, |url| scrub(url, allowed)));
    columns.insert("error_message", rewritten(&lift::child_text(error, "message")?, |text| scrub_text(text, allowed)));
    columns.insert("error_stack", rewritten(&lift::child_text(error, "stack")?, |text| scrub_text(text, allowed)));
    let (script, invoker) = (lift::child_text(details, "frame_script")?, lift::child_text(details, "frame_invoker")?);
    columns.insert("frame_script", rewritten(&script, |url| scrub(url, allowed)));
    columns.insert("frame_invoker", rewritten(&invoker, |text| scrub_text(text, allowed)));
    Ok(())
}

/// The texts of the events of one type alone. `types` is as Avro's enum is decoded: keys are the symbols' places.
fn of_type(kind: EventType, types: &ArrayRef, texts: &StringArray) -> Result<ArrayRef> {
    if texts.null_count() == texts.len() {
        return Ok(Arc::new(texts.clone()));
    }
    let types = types.as_dictionary_opt::<Int32Type>().context("the field type is no enum")?;
    let others = neq(types.keys(), &Int32Array::new_scalar(kind as i32))?;
    Ok(nullif(texts, &others)?)
}

/// Each distinct text rewritten once.
fn rewritten(texts: &StringArray, rewrite: impl Fn(&str) -> String) -> ArrayRef {
    if texts.null_count() == texts.len() {
        return Arc::new(texts.clone());
    }
    let mut known: HashMap<&str, String> = HashMap::new();
    let mut values = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
    for text in texts {
        match text {
            None => values.append_null(),
            Some(text) => values.append_value(known.entry(text).or_insert_with(|| rewrite(text))),
        }
    }
    Arc::new(values.finish())
}
