//! How long events took from the collector to the landing zone: the time that their link carries, less the time at which
//! they were received.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::system::{Row, Warehouse};

/// One link's records.
struct Landed {
    partition: i64,
    offsets: std::ops::RangeInclusive<i64>,
    written_at_us: i64,
}

/// Seconds for each of the events, sorted.
pub(crate) fn landing_seconds(
    warehouse: &Warehouse,
    data_dir: &Path,
    events: &BTreeSet<(String, i64)>,
) -> Result<Vec<f64>, String> {
    let links = links(&data_dir.join("store/landing/commits/telemetry.events"))?;
    let tabs: BTreeSet<String> = events.iter().map(|(tab, _)| format!("'{tab}'")).collect();
    let tabs: Vec<String> = tabs.into_iter().collect();
    let rows = warehouse.try_sql(&format!(
        "select kafka_partition as p, kafka_offset as o, arrow_cast(min(received_at), 'Int64') as at, count(*) as n \
         from events where tab_id in ({}) group by 1, 2",
        tabs.join(", ")
    ))?;
    let mut seconds = Vec::new();
    for row in &rows {
        let (partition, offset, received_us, count) =
            (number(row, "p")?, number(row, "o")?, number(row, "at")?, number(row, "n")?);
        let link = links
            .iter()
            .find(|link| link.partition == partition && link.offsets.contains(&offset))
            .ok_or_else(|| format!("offset {offset} of partition {partition} stands in no link"))?;
        let took = (link.written_at_us - received_us) as f64 / 1e6;
        seconds.extend(std::iter::repeat_n(took, usize::try_from(count).unwrap_or(0)));
    }
    seconds.sort_by(f64::total_cmp);
    if seconds.is_empty() { Err("no event has landed".to_owned()) } else { Ok(seconds) }
}

fn links(folder: &Path) -> Result<Vec<Landed>, String> {
    let mut links = Vec::new();
    for partition in std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
        let number = partition.file_name().to_string_lossy().parse().map_err(|_| format!("{partition:?}"))?;
        for file in std::fs::read_dir(partition.path()).into_iter().flatten().flatten() {
            let text = std::fs::read(file.path()).map_err(|error| error.to_string())?;
            let link: Value = serde_json::from_slice(&text).map_err(|error| format!("{:?}: {error}", file.path()))?;
            let field = |name: &str| link[name].as_i64().ok_or_else(|| format!("a link without {name}: {link}"));
            links.push(Landed {
                partition: number,
                offsets: field("start")?..=field("end")?,
                written_at_us: field("written_at")?,
            });
        }
    }
    Ok(links)
}

fn number(row: &Row, name: &str) -> Result<i64, String> {
    row[name].as_i64().ok_or_else(|| format!("no {name} in {row:?}"))
}
