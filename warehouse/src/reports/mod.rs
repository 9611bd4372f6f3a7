//! Named reports: statements that somebody wrote once, for others to run with values of their own.
//!
//! A report is a file of SQL, called `NAME.sql`. Its first lines are a comment: what it says, in the words of those who will read
//! it, and its parameters ([`parameter`]), which stand in the SQL as `$name`. Values are bound: they never become part of the
//! text. A statement of a report goes the way of every other one, so that it sees what its asker may see, within the same limits.

mod file;
mod parameter;

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

pub use file::Report;

use crate::limits::{REPORT_BYTES_MAX, REPORTS_MAX};
use crate::query::{Failure, cut};

const BUILT_IN: [(&str, &str); 9] = [
    ("errors", include_str!("built_in/errors.sql")),
    ("form_funnel", include_str!("built_in/form_funnel.sql")),
    ("friction_by_page", include_str!("built_in/friction_by_page.sql")),
    ("page_view_trail", include_str!("built_in/page_view_trail.sql")),
    ("pages", include_str!("built_in/pages.sql")),
    ("rage_clicks", include_str!("built_in/rage_clicks.sql")),
    ("session_in_order", include_str!("built_in/session_in_order.sql")),
    ("sessions_of", include_str!("built_in/sessions_of.sql")),
    ("slowest_requests", include_str!("built_in/slowest_requests.sql")),
];

static BUILT_IN_READ: LazyLock<Vec<Report>> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| Report::read(name, text).expect("a test reads every built-in report");
    BUILT_IN.iter().map(read).collect()
});

/// The reports that there are, by their names.
#[derive(Clone, Debug)]
pub struct Reports(Vec<Report>);

impl Default for Reports {
    /// Those that are built in.
    fn default() -> Self {
        Self(BUILT_IN_READ.clone())
    }
}

impl Reports {
    /// Those that are built in, and those of a folder; one of the folder takes the place of a built-in one of the same name.
    ///
    /// # Errors
    /// When the folder cannot be read, or files in it are no reports: all of them, each with what is wrong.
    pub fn with_folder(folder: &Path) -> anyhow::Result<Self> {
        let mut reports = Self::default();
        let mut wrong = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(|| format!("the folder of reports {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "sql") {
                continue;
            }
            match read_file(&path) {
                Ok(report) => {
                    reports.0.retain(|known| known.name != report.name);
                    reports.0.push(report);
                }
                Err(error) => wrong.push(format!("{}: {error:#}", path.display())),
            }
        }
        wrong.sort();
        if !wrong.is_empty() {
            bail!("{}", wrong.join("; "));
        }
        let count = reports.0.len();
        ensure!(count <= REPORTS_MAX, "{}: {count} reports, more than {REPORTS_MAX}", folder.display());
        reports.0.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(reports)
    }

    /// The report of a name.
    ///
    /// # Errors
    /// When there is none: with those that there are.
    pub fn named(&self, name: &str) -> Result<&Report, Failure> {
        self.0.iter().find(|report| report.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.iter().map(|report| report.name.as_str()).collect();
            Failure::theirs(
                "unknown_report",
                format!("there is no report {:?}; there are {}", cut(name), names.join(", ")),
            )
        })
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Report> {
        self.0.iter()
    }

    /// As they are listed over HTTP.
    pub fn listed(&self) -> Value {
        json!({"reports": self.iter().map(Report::listed).collect::<Vec<_>>()})
    }
}

fn read_file(path: &Path) -> anyhow::Result<Report> {
    let bytes = std::fs::metadata(path)?.len();
    ensure!(bytes <= REPORT_BYTES_MAX, "{bytes} bytes are more than {REPORT_BYTES_MAX}");
    let name = path.file_stem().and_then(|name| name.to_str()).context("its name is not UTF-8")?;
    Report::read(name, &std::fs::read_to_string(path)?)
}

#[cfg(test)]
mod tests;
