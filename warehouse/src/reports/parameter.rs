//! A parameter of a report: a line of its comment, such as
//!
//! ```text
//! -- $rows integer(1..1000) = 50: so many elements, the worst first
//! -- $site text = null: only this site
//! -- $from date = 7 days ago: from this day on, in UTC
//! -- $by text(page|browser|day): what they are told apart by
//! ```
//!
//! One without a default must be given; one with `null` may be left out, and is null then.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::format::postgres;
use crate::limits::REPORT_VALUE_BYTES_MAX;
use crate::query::{Failure, cut};

/// So many days ago is long before there was anything.
const DAYS_AGO_MAX: u64 = 36_500;
const NAME_BYTES_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    kind: Kind,
    /// As it was written; none for one that must be given.
    default: Option<String>,
    /// In words.
    meaning: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// Any, or one of these.
    Text(Vec<String>),
    /// From and to.
    Integer(i64, i64),
    Number(f64, f64),
    Boolean,
    /// A day, `today`, `yesterday` or `7 days ago`.
    Date,
    /// An instant (RFC 3339), or a day's first one.
    Time,
}

impl Parameter {
    /// Of its line, from the dollar on.
    pub(super) fn read(line: &str) -> anyhow::Result<Self> {
        const SHAPE: &str = "write it as $name type: meaning, or $name type = default: meaning";
        let (head, meaning) = line.split_once(':').with_context(|| format!("{line:?}: {SHAPE}"))?;
        let (head, default) = match head.split_once('=') {
            Some((head, default)) => (head, Some(default.trim().to_owned())),
            None => (head, None),
        };
        let (name, kind) =
            head.trim().trim_start_matches('$').split_once(' ').with_context(|| format!("{line:?}: {SHAPE}"))?;
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        ensure!(
            (1..=NAME_BYTES_MAX).contains(&name.len())
                && name.chars().all(plain)
                && !name.starts_with(|first: char| first.is_ascii_digit()),
            "${name} is no name of a parameter: 1 to {NAME_BYTES_MAX} of a–z, 0–9, _, a letter first"
        );
        let parameter = Self {
            name: name.to_owned(),
            kind: Kind::read(kind.trim()).with_context(|| format!("${name}"))?,
            default: default.filter(|default| !default.is_empty()),
            meaning: meaning.trim().to_owned(),
        };
        ensure!(!parameter.meaning.is_empty(), "${name} has no meaning: {SHAPE}");
        if let Some(default) = parameter.default.as_deref().filter(|default| *default != NULL) {
            let allowed = parameter.kind.to_string();
            parameter.kind.value(default, NaiveDate::MIN).with_context(|| format!("${name} = {default}: {allowed}"))?;
        }
        Ok(parameter)
    }

    /// The value that is bound, none for null.
    pub(super) fn value(&self, given: Option<&str>, today: NaiveDate) -> Result<Option<String>, Failure> {
        let name = &self.name;
        let Some(value) = given.or(self.default.as_deref()) else {
            let text = format!("{name} is missing: {}, {}", self.kind, self.meaning);
            return Err(Failure::theirs("missing_parameter", text));
        };
        if given.is_none() && value == NULL {
            return Ok(None);
        }
        self.kind.value(value, today).map(Some).ok_or_else(|| {
            Failure::theirs("invalid_parameter", format!("{name} = {:?}: allowed is {}", cut(value), self.kind))
        })
    }

    /// Object identifier of its type in PostgreSQL, as which it is bound.
    pub(super) fn oid(&self) -> u32 {
        let kind = match self.kind {
            Kind::Text(_) => postgres::Kind::Text,
            Kind::Integer(..) => postgres::Kind::Int8,
            Kind::Number(..) => postgres::Kind::Float8,
            Kind::Boolean => postgres::Kind::Bool,
            Kind::Date => postgres::Kind::Date,
            Kind::Time => postgres::Kind::TimestampTz,
        };
        kind.oid()
    }

    /// As it is listed over HTTP.
    pub(super) fn listed(&self) -> Value {
        let mut listed = json!({
            "name": self.name, "type": self.kind.name(), "meaning": self.meaning, "allowed": self.kind.to_string(),
            "required": self.default.is_none(), "default": self.default.as_deref().filter(|default| *default != NULL)
        });
        if let Kind::Text(choices) = &self.kind
            && !choices.is_empty()
        {
            listed["choices"] = json!(choices);
        }
        listed
    }
}

impl std::fmt::Display for Parameter {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let default = match self.default.as_deref() {
            None => "must be given".to_owned(),
            Some(NULL) => "may be left out".to_owned(),
            Some(default) => format!("default {default}"),
        };
        write!(text, "{:<14} {} ({}; {default})", self.name, self.meaning, self.kind)
    }
}

/// The default of one that may be left out.
const NULL: &str = "null";

impl Kind {
    fn read(text: &str) -> anyhow::Result<Self> {
        let (name, bounds) = match text.split_once('(') {
            Some((name, bounds)) => (name.trim(), Some(bounds.strip_suffix(')').context("the ) is missing")?)),
            None => (text, None),
        };
        let range = || -> anyhow::Result<Option<(&str, &str)>> {
            let Some(bounds) = bounds else { return Ok(None) };
            bounds.split_once("..").map(Some).with_context(|| format!("({bounds}): write a range as (1..1000)"))
        };
        let kind = match name {
            "text" => Self::Text(
                bounds.map_or(Vec::new(), |choices| choices.split('|').map(|one| one.trim().to_owned()).collect()),
            ),
            "integer" => match range()? {
                Some((least, most)) => Self::Integer(least.trim().parse()?, most.trim().parse()?),
                None => Self::Integer(i64::MIN, i64::MAX),
            },
            "number" => match range()? {
                Some((least, most)) => Self::Number(least.trim().parse()?, most.trim().parse()?),
                None => Self::Number(f64::MIN, f64::MAX),
            },
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "time" => Self::Time,
            other => bail!("{other:?} is no type; there are text, integer, number, boolean, date, time"),
        };
        ensure!(bounds.is_none() || !matches!(kind, Self::Boolean | Self::Date | Self::Time), "a {name} has no bounds");
        Ok(kind)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(..) => "integer",
            Self::Number(..) => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
        }
    }

    /// The value in the words of PostgreSQL; none for what is not allowed.
    fn value(&self, text: &str, today: NaiveDate) -> Option<String> {
        match self {
            Self::Text(choices) => {
                let allowed = text.len() <= REPORT_VALUE_BYTES_MAX
                    && (choices.is_empty() || choices.iter().any(|one| one == text));
                allowed.then(|| text.to_owned())
            }
            Self::Integer(least, most) => {
                let number: i64 = text.trim().parse().ok()?;
                (*least..=*most).contains(&number).then(|| number.to_string())
            }
            Self::Number(least, most) => {
                let number: f64 = text.trim().parse().ok()?;
                (number.is_finite() && (*least..=*most).contains(&number)).then(|| number.to_string())
            }
            Self::Boolean => match text.trim() {
                "true" | "yes" | "1" => Some("true".to_owned()),
                "false" | "no" | "0" => Some("false".to_owned()),
                _ => None,
            },
            Self::Date => Some(day(text.trim(), today)?.to_string()),
            Self::Time => Some(instant(text.trim(), today)?.to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

/// What is allowed, in words.
impl std::fmt::Display for Kind {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(choices) if choices.is_empty() => {
                write!(text, "a text of {REPORT_VALUE_BYTES_MAX} bytes at most")
            }
            Self::Text(choices) => write!(text, "one of {}", choices.join(", ")),
            Self::Integer(i64::MIN, i64::MAX) => text.write_str("a whole number"),
            Self::Integer(least, most) => write!(text, "a whole number from {least} to {most}"),
            Self::Number(f64::MIN, f64::MAX) => text.write_str("a number"),
            Self::Number(least, most) => write!(text, "a number from {least} to {most}"),
            Self::Boolean => text.write_str("true or false"),
            Self::Date => text.write_str("a day such as 2026-11-20, today, yesterday or 7 days ago"),
            Self::Time => text.write_str("a time such as 2026-11-20T12:00:00Z, or a day"),
        }
    }
}

fn day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let ago = match text {
        "today" => 0,
        "yesterday" => 1,
        _ => match text.strip_suffix(" days ago").or_else(|| text.strip_suffix(" day ago")) {
            Some(days) => days.trim().parse().ok().filter(|days| *days <= DAYS_AGO_MAX)?,
            // Years of four digits: with more or less, the day is none that was meant.
            None => return (text.len() == "2026-11-20".len()).then(|| text.parse().ok())?,
        },
    };
    // The first day that there is, where a default is only tried.
    Some(today.checked_sub_days(Days::new(ago)).unwrap_or(today))
}

fn instant(text: &str, today: NaiveDate) -> Option<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    if let Ok(plain) = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S") {
        return Some(plain.and_utc());
    }
    Some(day(text, today)?.and_hms_opt(0, 0, 0)?.and_utc())
}
