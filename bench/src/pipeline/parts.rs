//! Kafka, registry and S3 server, started by `infra/dev/parts` and stopped when this goes out of scope.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The slowest to start first, while nothing else runs.
const NAMES: [&str; 3] = ["registry", "kafka", "s3"];
/// On a loaded machine a part may miss the time that it has to answer, and make it the next time.
const START_ATTEMPTS_MAX: usize = 3;

/// DIR/parts.json.
#[derive(Debug, Deserialize)]
pub(crate) struct Addresses {
    pub kafka_bootstrap: String,
    pub registry_url: String,
    pub s3_endpoint: String,
    pub s3_bucket: String,
    pub s3_access_key: String,
    pub s3_secret_key: String,
    pub s3_region: String,
    pub pids: BTreeMap<String, u32>,
}

pub(crate) struct Parts {
    program: PathBuf,
    folder: PathBuf,
    pub at: Addresses,
}

impl Parts {
    /// Starts fresh ones in `folder`, Kafka with its full compiler.
    pub(crate) fn start(program: &Path, folder: &Path) -> Result<Self> {
        for name in NAMES {
            if let Err(error) = start_one(program, folder, name) {
                stop(program, folder);
                return Err(error);
            }
        }
        let file = folder.join("parts.json");
        let text = fs::read_to_string(&file).with_context(|| format!("{} is missing", file.display()))?;
        let at = serde_json::from_str(&text).with_context(|| format!("{} is not as expected", file.display()))?;
        Ok(Self { program: program.into(), folder: folder.into(), at })
    }

    pub(crate) fn pid(&self, part: &str) -> Result<u32> {
        self.at.pids.get(part).copied().with_context(|| format!("{part} does not run"))
    }

    /// The variables by which an S3 client finds the server.
    pub(crate) fn store_environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", self.at.s3_endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", self.at.s3_access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.at.s3_secret_key.clone()),
            ("AWS_REGION", self.at.s3_region.clone()),
            ("AWS_ALLOW_HTTP", "true".into()),
        ]
    }

    pub(crate) fn store_url(&self) -> String {
        format!("s3://{}/lake", self.at.s3_bucket)
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        stop(&self.program, &self.folder);
    }
}

/// One after the other: on a loaded machine three that start at once may all come too late.
fn start_one(program: &Path, folder: &Path, name: &str) -> Result<()> {
    let start = || run(Command::new(program).args(["start", name, "--bench", "--fresh", "--dir"]).arg(folder));
    (1..START_ATTEMPTS_MAX).find_map(|_| start().ok()).map_or_else(start, Ok)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{command:?} cannot be started"))?;
    if !status.success() {
        bail!("{command:?} failed ({status}); its reason stands above");
    }
    Ok(())
}

fn stop(program: &Path, folder: &Path) {
    if let Err(error) = run(Command::new(program).arg("stop").arg("--dir").arg(folder).stderr(Stdio::null())) {
        eprintln!("the parts of {} may still run: {error:#}", folder.display());
    }
}
