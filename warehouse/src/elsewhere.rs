//! What a cluster computes instead of this process: the command is handed over, as it is, to a program of its own that knows the
//! cluster's engine, as git and cargo do with commands that they do not know. So nobody builds that engine who does not want it.

use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// The program, beside this one or on PATH.
pub const PROGRAM: &str = "warehouse-cluster";
/// Its command that takes ours.
pub const ASK: &str = "ask";

/// Where a cluster is: `ballista://HOST:PORT`, of its scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Engine {
    pub host: String,
    pub port: u16,
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "ballista");
        let place = url.as_ref().and_then(|url| Some((url.host_str()?.to_owned(), url.port()?)));
        match place {
            Some((host, port)) => Ok(Self { host, port }),
            None => Err(format!("no address such as ballista://127.0.0.1:50050, of a cluster's scheduler: {text:?}")),
        }
    }
}

impl TryFrom<String> for Engine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Engine> for String {
    fn from(engine: Engine) -> Self {
        engine.to_string()
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ballista://{}:{}", self.host, self.port)
    }
}

/// Becomes the program, with this process's own arguments; comes back only with why it could not.
pub fn hand_over(engine: &Engine) -> String {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROGRAM)));
    // A name without a folder is looked for on PATH.
    let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(PROGRAM));
    let error = Command::new(&program).arg(ASK).args(std::env::args_os().skip(1)).exec();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "engine = {engine}: the program {PROGRAM} is neither beside this one nor on PATH; `make cluster` in the source builds \
             it, or leave --engine out to compute here (docs/cluster.md)"
        ),
        _ => format!("engine = {engine}: cannot start {}: {error}", program.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_a_host_and_a_port() {
        let engine: Engine = "ballista://10.0.0.7:50050".parse().unwrap();
        assert_eq!((engine.host.as_str(), engine.port), ("10.0.0.7", 50050));
        assert_eq!(engine.to_string(), "ballista://10.0.0.7:50050");
        for wrong in ["", "ballista", "10.0.0.7:50050", "ballista://10.0.0.7", "http://10.0.0.7:50050", "ballista://:1"]
        {
            assert!(wrong.parse::<Engine>().is_err(), "{wrong}");
        }
    }
}
