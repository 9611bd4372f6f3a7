//! Where and on what something was measured.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;

/// Machine, versions and commit.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub date: String,
    pub commit: String,
    pub cores: usize,
    pub cpu: String,
    pub memory_gib: f64,
    pub kernel: String,
    /// Average number of running processes in the last minute before the report.
    pub load: String,
    pub rust: String,
    pub librdkafka: String,
    /// Versions of the real parts, as `infra/dev` installs them.
    pub parts: Vec<String>,
}

impl Machine {
    /// First lines of a section: the command as Markdown, and the programs that lie in `bin`.
    pub(crate) fn heading(&self, title: &str, command: &str, bin: &Path) -> String {
        let build = bin.file_name().map_or("unknown".into(), |name| name.to_string_lossy());
        format!(
            "## {title}\n\n- date: {}\n- commit: {}\n- command: {command}\n\
             - programs: {build} build\n- machine: {} cores, {}, {:.0} GiB; load average {} at the end\n",
            self.date, self.commit, self.cores, self.cpu, self.memory_gib, self.load
        )
    }

    pub(crate) fn look(parts_program: &Path) -> Self {
        let cpuinfo = read("/proc/cpuinfo");
        let cpu = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let meminfo = read("/proc/meminfo");
        let memory_kib = meminfo
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        let versions = parts_program.parent().map(|folder| folder.join("versions.env")).unwrap_or_default();
        let versions = fs::read_to_string(versions).unwrap_or_default();
        Self {
            date: chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
            commit: commit(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: cpu.map_or("unknown".into(), |(_, model)| model.to_owned()),
            memory_gib: memory_kib.unwrap_or_default() / 1024.0 / 1024.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().into(),
            load: read("/proc/loadavg").split_whitespace().next().unwrap_or("unknown").into(),
            rust: said("rustc", &["--version"]),
            librdkafka: rdkafka::util::get_rdkafka_version().1,
            parts: versions
                .lines()
                .filter(|line| line.contains("_VERSION="))
                .map(|line| line.replace("_VERSION=", " ").to_lowercase())
                .collect(),
        }
    }
}

fn commit() -> String {
    let hash = said("git", &["rev-parse", "--short=12", "HEAD"]);
    match said("git", &["status", "--porcelain", "--untracked-files=no"]).as_str() {
        "" => hash,
        _ => format!("{hash}, with uncommitted changes"),
    }
}

/// What a program prints, `unknown` if it cannot be run.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".into(),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
