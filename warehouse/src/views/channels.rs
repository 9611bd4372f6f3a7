//! The view `channels`: the click ids come from the contracts' list.

use schemas::campaign::{UTM_COLUMNS, columns};

pub(super) fn sql() -> String {
    let click_ids = &columns()[UTM_COLUMNS..];
    let names = click_ids.iter().map(|name| format!("when {name} is not null then '{name}'"));
    let names = names.collect::<Vec<_>>().join(" ");
    include_str!("channels.sql")
        .replace("{click_id_name}", &format!("case {names} end"))
        .replace("{click_id}", &format!("coalesce({})", click_ids.join(", ")))
}
