//! The statement of a command that asks one, whoever answers it.

use std::io::Read;

use anyhow::Context;

use crate::config::{Command, Config, Format};
use crate::query::Parameter;
use crate::{friction, views};

/// A statement, and how its answer is shown.
#[derive(Clone, Debug)]
pub struct Asked {
    pub sql: String,
    /// Values of `$1`, `$2` …
    pub parameters: Vec<Parameter>,
    pub format: Format,
}

/// What the command asks; nothing when it asks nothing. The statement `-` is read from standard input.
///
/// # Errors
/// When there is no such report, or what was given for it does not fit.
pub fn asked(command: &Command, config: &Config) -> anyhow::Result<Option<Asked>> {
    let (sql, parameters, format) = match command {
        Command::Sql { sql: Some(sql), format } if sql == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
            (text, Vec::new(), format)
        }
        Command::Sql { sql: Some(sql), format } => (sql.clone(), Vec::new(), format),
        Command::Report { name: Some(name), param, explain: false, format, .. } => {
            let (sql, parameters) = of_report(config, name, param)?;
            (sql, parameters, format)
        }
        Command::Friction { set, bots, format, .. } => {
            (friction::report(&friction::Settings::parse(set)?, *bots), Vec::new(), format)
        }
        Command::Coverage { provider, by, bots, format } => {
            (views::coverage(provider.name(), *by, *bots), Vec::new(), format)
        }
        _ => return Ok(None),
    };
    Ok(Some(Asked { sql, parameters, format: *format }))
}

fn of_report(config: &Config, name: &str, param: &[String]) -> anyhow::Result<(String, Vec<Parameter>)> {
    let reports = config.reports()?;
    let report = reports.named(name)?;
    let given = param.iter().map(|text| {
        let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.with_context(|| format!("--param {text:?}: write it as name=value, for example {}", report.example()))
    });
    let given = given.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(report.asked(&given, chrono::Utc::now().date_naive())?)
}
