//! Object keys below the store's root. All of them are relative and use `/`.

use uuid::Uuid;

use super::StateKind;

/// Folder of a topic's data files.
pub fn data_prefix(topic: &str) -> String {
    format!("landing/data/{topic}")
}

/// Key of a new data file; `date` is the day of writing, `YYYY-MM-DD`.
pub fn data_key(topic: &str, partition: i32, date: &str, file: Uuid) -> String {
    format!("landing/data/{topic}/p={partition}/dt={date}/{file}.parquet")
}

/// Folder of a partition's state files.
pub fn state_prefix(topic: &str, partition: i32) -> String {
    format!("landing/state/{topic}/p={partition}")
}

/// Key of a state file written with the link that ends at `end`. The writer's id keeps a zombie from overwriting
/// what the winner's link names.
pub fn state_key(topic: &str, partition: i32, end: i64, writer: Uuid, kind: StateKind) -> String {
    let kind = match kind {
        StateKind::Snapshot => "snapshot",
        StateKind::Delta => "delta",
    };
    format!("landing/state/{topic}/p={partition}/{end:020}.{writer}.{kind}")
}

/// Folder of a partition's links, in the order of their start offsets.
pub fn commits_prefix(topic: &str, partition: i32) -> String {
    format!("landing/commits/{topic}/{partition}")
}

/// Key of the link that starts at `start`.
pub fn link_key(topic: &str, partition: i32, start: i64) -> String {
    format!("landing/commits/{topic}/{partition}/{start:020}.json")
}

/// The start offset that a link's key names; `None` for any other key.
pub fn link_start(key: &str) -> Option<i64> {
    let digits = key.rsplit('/').next()?.strip_suffix(".json")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_keys_sort_by_offset_and_parse_back() {
        let keys = [9, 10, 1_000_000_000_000].map(|start| link_key("telemetry.events", 3, start));
        assert_eq!(keys[0], "landing/commits/telemetry.events/3/00000000000000000009.json");
        assert!(keys.is_sorted());
        assert_eq!(link_start(&keys[2]), Some(1_000_000_000_000));
        assert_eq!(link_start("landing/commits/telemetry.events/3/x.json"), None);
    }
}
