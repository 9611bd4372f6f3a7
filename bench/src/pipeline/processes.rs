//! Collector and stream job, started on the real parts.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;

use super::parts::Parts;
use super::server::Server;
use crate::load::Site;

pub(crate) const PARTITIONS: i32 = 4;
/// Without a newly landed row for this long something is stuck.
const LANDING_SILENCE_MAX: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A collector for these sites, and its address.
pub(crate) async fn start_collector(
    bin: &Path,
    parts: &Parts,
    folder: &Path,
    sites: &[Site],
) -> Result<(Server, String)> {
    let (public, internal) = (free_port()?, free_port()?);
    let mut config = format!("listen = \"127.0.0.1:{public}\"\ninternal_listen = \"127.0.0.1:{internal}\"\n\n");
    for Site { site_id, write_key } in sites {
        write!(config, "[[sites]]\nsite_id = \"{site_id}\"\nwrite_key = \"{write_key}\"\n\n")?;
    }
    // Rates off: all of this traffic comes from one address with few keys.
    write!(
        config,
        "[rates]\nkey_requests_per_s = 0\naddress_requests_per_s = 0\n\n[kafka]\nbootstrap = \"{}\"\ncreate_topics_partitions = {PARTITIONS}\n\n\
         [registry]\nurl = \"{}\"\n",
        parts.at.kafka_bootstrap, parts.at.registry_url
    )?;
    let file = folder.join("collector.toml");
    fs::write(&file, config).with_context(|| format!("{} cannot be written", file.display()))?;
    let mut command = Command::new(bin.join("collector"));
    command.arg("--config").arg(&file);
    let server = Server::start("collector", command, format!("127.0.0.1:{internal}"), folder).await?;
    Ok((server, format!("http://127.0.0.1:{public}")))
}

pub(crate) async fn start_stream_jobs(bin: &Path, parts: &Parts, folder: &Path) -> Result<Server> {
    let internal = format!("127.0.0.1:{}", free_port()?);
    let mut command = Command::new(bin.join("stream-jobs"));
    command
        .args(["run", "--brokers", &parts.at.kafka_bootstrap, "--registry", &parts.at.registry_url])
        .args(["--store", &parts.store_url(), "--internal-address", &internal])
        .envs(parts.store_environment());
    Server::start("stream-jobs", command, internal, folder).await
}

/// Until so many rows stand in links of the landing zone, by the stream job's own count of that name (`verify` checks it
/// later).
pub(crate) async fn wait_landed(stream: &Server, metric: &str, rows: u64, progress: &ProgressBar) -> Result<()> {
    let (mut landed, mut moved) = (0, Instant::now());
    while landed < rows {
        tokio::time::sleep(POLL_INTERVAL).await;
        let now = stream.metric(metric).await? as u64;
        if now > landed {
            (landed, moved) = (now, Instant::now());
            progress.set_position(landed);
        } else if moved.elapsed() > LANDING_SILENCE_MAX {
            bail!("{landed} of {rows} rows are landed by {metric}, and none more since {LANDING_SILENCE_MAX:?}");
        }
    }
    progress.finish_and_clear();
    Ok(())
}

fn free_port() -> Result<u16> {
    testkit::ports::free_port().context("no port is free")
}
