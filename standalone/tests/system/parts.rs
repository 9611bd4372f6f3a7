//! The real servers: `infra/dev/parts` starts and breaks them, in the run's own folder and on free ports.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{Run, clone_root};

/// Kafka, the registry, the S3 server and HAProxy of one run; they end with it.
pub(crate) struct Parts {
    folder: PathBuf,
}

impl Parts {
    /// Starts Kafka, the registry and the S3 server, and returns when each answers.
    pub(crate) fn start(run: &Run) -> Self {
        let parts = Self { folder: run.folder().join("parts") };
        parts.command(&["start", "kafka", "registry", "s3"]);
        parts
    }

    /// Starts HAProxy in front of the addresses (`host:port`); returns its URL.
    pub(crate) fn balance(&self, backends: &[String]) -> String {
        // in turns, so that both collectors get work however quick they answer
        self.command(&["start", "haproxy", "--balance", "roundrobin", "--backend", &backends.join(",")]);
        self.address("haproxy_url")
    }

    pub(crate) fn create_topic(&self, name: &str, partitions: u32) {
        self.command(&["topic", "create", name, "--partitions", &partitions.to_string()]);
    }

    pub(crate) fn delete_topic(&self, name: &str) {
        self.command(&["topic", "delete", name]);
    }

    /// Removes all records, as retention would; offsets go on.
    pub(crate) fn empty_topic(&self, name: &str) {
        self.command(&["topic", "empty", name]);
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&self, name: &str) {
        self.command(&["stop", name]);
    }

    /// SIGKILL.
    pub(crate) fn kill(&self, name: &str) {
        self.command(&["kill", name]);
    }

    /// The same port and data again; returns when it answers.
    pub(crate) fn restart(&self, name: &str) {
        self.command(&["restart", name]);
    }

    /// An entry of `parts.json`, such as `kafka_bootstrap`.
    pub(crate) fn address(&self, key: &str) -> String {
        let path = self.folder.join("parts.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let addresses: Value = serde_json::from_str(&text).expect("parts.json is JSON");
        addresses[key].as_str().unwrap_or_else(|| panic!("{} names no {key}: {text}", path.display())).to_owned()
    }

    fn command(&self, arguments: &[&str]) {
        let parts = clone_root().join("infra/dev/parts");
        let done = Command::new(&parts)
            .args(arguments)
            .arg("--dir")
            .arg(&self.folder)
            .output()
            .unwrap_or_else(|error| panic!("{} does not run: {error}; it needs python3", parts.display()));
        assert!(done.status.success(), "parts {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        // no panic while panicking: whatever is left shows in `parts status --dir`
        let _ = Command::new(clone_root().join("infra/dev/parts")).arg("stop").arg("--dir").arg(&self.folder).output();
    }
}
