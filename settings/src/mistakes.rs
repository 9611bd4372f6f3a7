//! Everything that is wrong with the settings.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::process::ExitCode;

use thiserror::Error;

/// Exit code of a process whose settings are wrong.
const WRONG_SETTING: u8 = 2;

/// Collects what is wrong, one line each.
#[derive(Debug, Default)]
pub struct Mistakes {
    /// Where a setting's value was given; keys as they are written, with dots between tables.
    origins: BTreeMap<String, String>,
    lines: Vec<String>,
}

/// Settings that are wrong, one line for each mistake.
#[derive(Debug, Error)]
#[error("{}", .0.join("\n"))]
pub struct Wrong(Vec<String>);

impl Mistakes {
    pub(crate) fn new(origins: BTreeMap<String, String>, lines: Vec<String>) -> Self {
        Self { origins, lines }
    }

    /// Notes what is wrong with the setting `key`; `what` follows the key (` = 7: at least 8`).
    pub fn at(&mut self, key: &str, what: impl Display) {
        let line = match self.origin(key) {
            Some(origin) => format!("{origin}: {key}{what}"),
            None => format!("{key}{what}"),
        };
        self.lines.push(line);
    }

    /// Where the value of `key`, or of the nearest table or list around it, was given; `None` for a default.
    pub fn origin(&self, key: &str) -> Option<&str> {
        let around = key.rmatch_indices('.').map(|(dot, _)| &key[..dot]);
        std::iter::once(key).chain(around).find_map(|key| self.origins.get(key)).map(String::as_str)
    }

    /// The value, when nothing is wrong.
    pub fn none<T>(self, value: T) -> Result<T, Wrong> {
        if self.lines.is_empty() { Ok(value) } else { Err(Wrong(self.lines)) }
    }
}

impl Wrong {
    /// Settings that are wrong for one reason.
    pub fn because(reason: impl Display) -> Self {
        Self(vec![reason.to_string()])
    }

    /// Tells standard error and gives the code to exit with.
    pub fn exit(&self) -> ExitCode {
        eprintln!("{self}");
        ExitCode::from(WRONG_SETTING)
    }
}
