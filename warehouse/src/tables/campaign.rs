//! The campaign columns in SQL. They come from the contract's list, so no SQL text names them one by one.

use schemas::campaign::columns;

/// Writes out what stands in braces: `{campaign}`, all columns as one value; `{has_campaign}`, whether one of them has a
/// value; `{campaign_columns}`, the parts of `s.campaign` under their own names.
pub fn written_out(sql: &str) -> String {
    let each = |part: &dyn Fn(&str) -> String| columns().iter().map(|name| part(name)).collect::<Vec<_>>().join(", ");
    sql.replace("{campaign}", &format!("named_struct({})", each(&|name| format!("'{name}', {name}"))))
        .replace("{has_campaign}", &format!("coalesce({}) is not null", columns().join(", ")))
        .replace("{campaign_columns}", &each(&|name| format!("s.campaign['{name}'] as {name}")))
}
