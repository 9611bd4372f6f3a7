//! Columns of the events themselves: the nested records of the package's events, flattened.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{Array, ArrayRef, StringArray, StringBuilder, StructArray};
use arrow::datatypes::DataType;

use super::scrub::{AllowedQueryKeys, scrub, scrub_text};
use super::{Columns, lift};

/// `(landing column, record within the event or "" for the event itself, field)`.
const TEXTS: [(&str, &str, &str); 18] = [
    ("element_path", "element", "path"),
    ("element_tag", "element", "tag"),
    ("element_id", "element", "id"),
    ("element_name", "element", "name"),
    ("element_role", "element", "role"),
    ("element_text", "element", "text"),
    ("visibility_state", "", "state"),
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
];

const NUMBERS: [(&str, &str, &str); 8] = [
    ("x", "", "x"),
    ("y", "", "y"),
    ("duration_ms", "", "duration_ms"),
    ("viewport_width", "viewport", "width"),
    ("viewport_height", "viewport", "height"),
    ("request_duration_ms", "request", "duration_ms"),
    ("vital_value", "vital", "value"),
    ("degraded_rate_hz", "degraded", "rate_hz"),
];

const INTS: [(&str, &str, &str); 8] = [
    ("button", "", "button"),
    ("input_length", "input", "length"),
    ("change_index", "change", "index"),
    ("clipboard_length", "clipboard", "length"),
    ("request_status", "request", "status"),
    ("request_bytes", "request", "bytes"),
    ("error_line", "error", "line"),
    ("error_column", "error", "column"),
];

const RECT: [(&str, &str); 4] =
    [("element_x", "x"), ("element_y", "y"), ("element_width", "width"), ("element_height", "height")];

const TRAIL: [(&str, &str); 3] = [("trail_dt", "dt"), ("trail_x", "x"), ("trail_y", "y")];

/// Adds every column of the events but `seq` and the times. `trail_type` is the landing type of a trail column.
pub fn add(
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
    columns.insert("type", lift::child(events, "type")?);
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
    let error = &records["error"];
    columns.insert("request_url", rewritten(&lift::child_text(&records["request"], "url")?, |url| scrub(url, allowed)));
    columns.insert("error_source", rewritten(&lift::child_text(error, "source")?, |url| scrub(url, allowed)));
    columns.insert("error_message", rewritten(&lift::child_text(error, "message")?, |text| scrub_text(text, allowed)));
    columns.insert("error_stack", rewritten(&lift::child_text(error, "stack")?, |text| scrub_text(text, allowed)));
    Ok(())
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
