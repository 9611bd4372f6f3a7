//! Who is measured, each in a process of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use url::Url;

use super::CompactionArguments;

const DUCKDB: &str = include_str!("duckdb.py");
const SPARK: &str = include_str!("spark.py");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contender {
    Ours,
    Floor,
    DuckDb,
    Spark,
}

impl Contender {
    pub(super) const ALL: [Self; 4] = [Self::Ours, Self::Floor, Self::DuckDb, Self::Spark];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "compact",
            Self::Floor => "floor",
            Self::DuckDb => "duckdb",
            Self::Spark => "spark",
        }
    }

    /// For people.
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Ours => "`warehouse compact`, all tables",
            Self::Floor => "read, order and write once: `events` and `pointer`, one thread",
            Self::DuckDb => "DuckDB, six of the tables, the derived ones with fewer columns",
            Self::Spark => "Spark, the same as DuckDB; Java's start is in it",
        }
    }

    /// Why it cannot be measured here, for people.
    pub(super) fn missing(self) -> Option<&'static str> {
        let is_missing = self == Self::Spark && testkit::readers::engines().is_none();
        is_missing.then_some("left out: it is not installed, which `infra/dev/setup.sh --engines` does")
    }

    /// Below its work folder, where its tables are.
    pub(super) fn output(self) -> &'static str {
        match self {
            Self::Ours => "warehouse",
            Self::Floor | Self::DuckDb | Self::Spark => "out",
        }
    }

    pub(super) fn command(
        self,
        arguments: &CompactionArguments,
        own: &Path,
        bin: &Path,
        landing: &Path,
        work: &Path,
    ) -> Result<Command> {
        let out = work.join(self.output());
        let mut command = match self {
            Self::Ours => {
                link_all(landing, &work.join("landing"))?;
                return warehouse(bin, work, "compact");
            }
            Self::Floor => {
                let mut command = Command::new(own);
                command.arg("compaction-floor");
                command
            }
            Self::DuckDb => {
                let mut command = Command::new(testkit::readers::python());
                command.args(["-c", DUCKDB, &arguments.threads.to_string(), &arguments.memory]);
                command
            }
            Self::Spark => {
                let mut command = Command::new(testkit::readers::engines().context("Spark is not installed")?);
                command.args(["-c", SPARK, &arguments.threads.to_string(), &arguments.memory]);
                command
            }
        };
        fs::create_dir_all(&out)?;
        command.arg(landing).arg(out);
        Ok(command)
    }
}

/// A command of `warehouse` on the store in a folder.
pub(super) fn warehouse(bin: &Path, work: &Path, what: &str) -> Result<Command> {
    let mut command = Command::new(bin.join("warehouse"));
    command.args(["--store", store_url(work)?.as_str(), what]);
    Ok(command)
}

pub(super) fn store_url(work: &Path) -> Result<Url> {
    Url::from_directory_path(work).ok().context("the work folder has no address")
}

/// Has `verify` prove that each event is there once.
pub(super) fn verified(bin: &Path, work: &Path) -> Result<()> {
    let verify = warehouse(bin, work, "verify")?.output()?;
    let (found, failed) = (String::from_utf8_lossy(&verify.stdout), String::from_utf8_lossy(&verify.stderr));
    ensure!(verify.status.success(), "verify: {}{}", found, failed);
    Ok(())
}

/// The files of a folder under other names, in another one: compaction reads them and changes none.
pub(super) fn link_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { link_all(&path, &copy)? } else { link_file(&path, &copy)? }
    }
    Ok(())
}

/// The same file under another name.
pub(super) fn link_file(file: &Path, copy: &Path) -> Result<()> {
    fs::create_dir_all(copy.parent().context("a file lies in a folder")?)?;
    fs::hard_link(file, copy).or_else(|_| fs::copy(file, copy).map(drop))?;
    Ok(())
}
