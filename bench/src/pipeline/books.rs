//! What stands on disk after a run: the chain's links must hold every event exactly once, and how many bytes it takes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use landing::check_chain;
use schemas::landing::Link;
use schemas::topics;

/// Checks that the links of every partition have neither gap nor overlap and together hold the events, none twice.
pub(super) fn check_links(lake: &Path, events: u64) -> Result<()> {
    let (mut held, mut duplicates) = (0, 0);
    let commits = lake.join("landing/commits").join(topics::EVENTS);
    for partition in fs::read_dir(&commits).with_context(|| format!("{} cannot be read", commits.display()))? {
        let mut paths = fs::read_dir(partition?.path())?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        // Their names are start offsets of one length.
        paths.sort();
        let links = paths.iter().map(|path| read_link(path)).collect::<Result<Vec<_>>>()?;
        let wrong = check_chain(&links);
        ensure!(
            wrong.is_empty(),
            "the chain is not whole: {}",
            wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        );
        held += links.iter().map(|link| link.counts.events).sum::<u64>();
        duplicates += links.iter().map(|link| link.counts.duplicates).sum::<u64>();
    }
    ensure!(
        held == events && duplicates == 0,
        "{events} events were answered 200; the links hold {held}, {duplicates} of them duplicates"
    );
    Ok(())
}

fn read_link(path: &Path) -> Result<Link> {
    let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no link", path.display()))
}

/// Bytes of the events' log in Kafka.
pub(super) fn kafka_bytes(parts_folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(parts_folder.join("kafka/data"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(topics::EVENTS) {
            bytes += bytes_below(&entry.path(), |name| name.ends_with(".log"))?;
        }
    }
    Ok(bytes)
}

/// Bytes of all Parquet files below a folder; 0 if there is none.
pub(super) fn parquet_bytes(folder: &Path) -> Result<u64> {
    bytes_below(folder, |name| name.ends_with(".parquet"))
}

fn bytes_below(folder: &Path, wanted: fn(&str) -> bool) -> Result<u64> {
    let mut bytes = 0;
    if !folder.exists() {
        return Ok(0);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            bytes += bytes_below(&entry.path(), wanted)?;
        } else if wanted(&entry.file_name().to_string_lossy()) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_event_and_a_missing_link_are_found() {
        let lake = std::env::temp_dir().join(format!("bench-books-{}", std::process::id()));
        let commits = lake.join("landing/commits").join(topics::EVENTS).join("0");
        fs::create_dir_all(&commits).unwrap();
        let link = |sequence: u64, start: i64, end: i64, events: u64| {
            let text = format!(
                r#"{{"topic":"telemetry.events","partition":0,"incarnation":0,"sequence":{sequence},"start":{start},"end":{end},"files":[],
                "counts":{{"records":1,"events":{events},"late":0,"duplicates":0,"rejected":0}},"watermark":null,"state":[],
                "writer":"00000000-0000-0000-0000-000000000000","written_at":0}}"#
            );
            fs::write(commits.join(format!("{start:020}.json")), text).unwrap();
        };
        link(0, 0, 4, 100);
        link(1, 5, 9, 50);
        assert!(check_links(&lake, 150).is_ok());
        assert!(check_links(&lake, 151).unwrap_err().to_string().contains("hold 150"));
        link(3, 12, 15, 1);
        assert!(check_links(&lake, 151).unwrap_err().to_string().contains("missing"));
        fs::remove_dir_all(&lake).unwrap();
    }
}
