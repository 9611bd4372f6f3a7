//! Rows that could not be read: counted, the first ones named, and kept as they were.

use serde_json::json;

use crate::limits::{REJECTED_KEPT_BYTES_MAX, REJECTED_NAMED_MAX, REJECTED_ROW_BYTES_MAX};

/// Of one import.
#[derive(Debug, Default)]
pub(super) struct Rejects {
    pub count: u64,
    /// `FILE:LINE: reason` of the first ones.
    pub named: Vec<String>,
    /// Lines of JSON: `file`, `line`, `reason` and `row`. The first ones, as many as have room.
    pub kept: Vec<u8>,
    /// How many these are.
    pub kept_count: u64,
}

impl Rejects {
    pub(super) fn add(&mut self, file: &str, line: u64, reason: &str, row: &[u8]) {
        self.count += 1;
        if self.named.len() < REJECTED_NAMED_MAX {
            self.named.push(format!("{}:{line}: {}", printable(file), printable(reason)));
        }
        if self.kept_count + 1 < self.count {
            return;
        }
        let row = String::from_utf8_lossy(&row[..row.len().min(REJECTED_ROW_BYTES_MAX)]);
        let entry = json!({"file": file, "line": line, "reason": reason, "row": row}).to_string();
        if self.kept.len() + entry.len() < REJECTED_KEPT_BYTES_MAX {
            self.kept.extend_from_slice(entry.as_bytes());
            self.kept.push(b'\n');
            self.kept_count += 1;
        }
    }
}

/// On one line, and nothing in it that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_few_are_named_and_what_is_kept_is_bounded() {
        let mut rejects = Rejects::default();
        for line in 1..=5_000 {
            rejects.add("a.json", line, "is \u{1b}[2J nothing", &vec![b'x'; 2 * REJECTED_ROW_BYTES_MAX]);
        }
        assert_eq!((rejects.count, rejects.named.len()), (5_000, REJECTED_NAMED_MAX));
        assert_eq!(rejects.named[0], "a.json:1: is \u{fffd}[2J nothing");
        assert!(rejects.kept.len() < REJECTED_KEPT_BYTES_MAX && rejects.kept_count < 5_000);
        let lines = String::from_utf8(rejects.kept).unwrap();
        assert_eq!(lines.lines().count() as u64, rejects.kept_count);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!((&first["line"], &first["reason"]), (&json!(1), &json!("is \u{1b}[2J nothing")));
    }
}
