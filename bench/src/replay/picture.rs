//! The player in Chromium (`web/e2e/first_picture.mjs`): from the navigation until the recorded page is seen, and from a choice of
//! another time until that is.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::json;

use super::reading::Watched;
use crate::post::bar;

const SCRIPT: &str = "web/e2e/first_picture.mjs";

#[derive(Debug, Default)]
pub(super) struct Pictures {
    pub browser: String,
    pub first: Vec<Duration>,
    pub seek: Vec<Duration>,
}

/// A line that the script prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Browser { browser: String },
    Seen { picture_ms: f64, seek_ms: f64 },
}

/// Opens each of them in a fresh profile.
pub(super) fn look(address: SocketAddr, token: &str, watched: &[Watched], folder: &Path) -> Result<Pictures> {
    let file = folder.join("watched.json");
    let views = watched
        .iter()
        .map(|one| json!({"session": one.session_id, "page_view": one.page_view_id, "length_ms": one.length_ms}));
    let order = json!({"url": format!("http://{address}"), "token": token, "views": views.collect::<Vec<_>>()});
    fs::write(&file, order.to_string()).with_context(|| format!("{} cannot be written", file.display()))?;
    let mut command = Command::new("node");
    command.arg(SCRIPT).arg(&file).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut script = command.spawn().context("node cannot be started")?;
    let progress = bar(watched.len() as u64, "pictures", "sessions");
    let mut pictures = Pictures::default();
    for line in BufReader::new(script.stdout.take().context("its output")?).lines() {
        let line = line?;
        match serde_json::from_str(&line).with_context(|| format!("{SCRIPT} says {line:?}"))? {
            Line::Browser { browser } => pictures.browser = browser,
            Line::Seen { picture_ms, seek_ms } => {
                let time = |ms: f64| Duration::from_secs_f64((ms / 1_000.0).max(0.0));
                pictures.first.push(time(picture_ms));
                pictures.seek.push(time(seek_ms));
                progress.inc(1);
            }
        }
    }
    progress.finish_and_clear();
    let status = script.wait()?;
    ensure!(status.success(), "{SCRIPT} ended with {status}; its reason stands above");
    ensure!(pictures.first.len() == watched.len(), "{} of {} sessions were seen", pictures.first.len(), watched.len());
    Ok(pictures)
}
