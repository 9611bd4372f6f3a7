//! What was done to a table between two versions, by its log.

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Curated, Version};
use crate::progress::LANDING;

/// What of a line of the log tells a round of compaction from everything else. Names by the Delta protocol.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Line {
    commit_info: Option<Info>,
    txn: Option<Txn>,
    meta_data: Option<IgnoredAny>,
    protocol: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Info {
    operation: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Txn {
    app_id: String,
}

impl Curated {
    /// Whether nothing but rounds of compaction was committed after `base`, until `newest`. Rows that were removed, files that were
    /// put together, another engine's commits, and the commit by which an erasure makes void what is being written are something
    /// else; so is what the log does not say any more.
    pub async fn only_rounds_between(&self, base: &Version, newest: &Version) -> anyhow::Result<bool> {
        for version in base.number + 1..=newest.number {
            if !self.log_entry(version).await?.is_some_and(|lines| is_round(&lines)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// When the last commit until `newest` that is no round was written: whatever was being written then can never be committed,
    /// while a round that others' rounds came before may be. `None` where the log does not say it any more.
    pub async fn fenced_at(&self, newest: &Version) -> anyhow::Result<Option<DateTime<Utc>>> {
        for version in (0..=newest.number).rev() {
            match self.log_entry(version).await? {
                Some(lines) if is_round(&lines) => {}
                Some(_) => return self.committed_at(version).await.map(Some),
                None => break,
            }
        }
        Ok(None)
    }

    async fn log_entry(&self, version: u64) -> anyhow::Result<Option<Bytes>> {
        self.log.read_commit_entry(version).await.with_context(|| self.named("cannot read the log of"))
    }
}

/// Whether a commit is a round of ours.
fn is_round(lines: &[u8]) -> bool {
    let (mut writes, mut takes) = (false, false);
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { return false };
        if line.meta_data.is_some() || line.protocol.is_some() {
            return false;
        }
        writes |= line.commit_info.is_some_and(|info| info.operation.as_deref() == Some("WRITE"));
        takes |= line.txn.is_some_and(|txn| txn.app_id.starts_with(LANDING));
    }
    writes && takes
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: &str = r#"{"commitInfo":{"timestamp":1,"operation":"WRITE"}}"#;
    const TXN: &str = r#"{"txn":{"appId":"landing/telemetry.events/0/3","version":7}}"#;
    const ADD: &str = r#"{"add":{"path":"a","size":1,"partitionValues":{},"modificationTime":1,"dataChange":true}}"#;

    #[test]
    fn a_round_writes_and_says_what_it_took() {
        assert!(is_round([ADD, TXN, WRITE].join("\n").as_bytes()));
        assert!(!is_round([ADD, WRITE].join("\n").as_bytes()), "another engine appends");
        assert!(!is_round([ADD, TXN, WRITE, "{\"metaData\":{}}"].join("\n").as_bytes()), "columns change");
        for other in ["DELETE", "OPTIMIZE", "SET TBLPROPERTIES"] {
            assert!(!is_round([TXN, &WRITE.replace("WRITE", other)].join("\n").as_bytes()), "{other}");
        }
        assert!(!is_round(b"{\"txn\":"), "damage");
    }
}
