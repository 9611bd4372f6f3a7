//! What the name of a file says of it: BigQuery names tables, and people files, `events_20261120…` and
//! `events_intraday_20261120…`.

use std::path::Path;

use chrono::NaiveDate;

/// A file's day and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub day: Option<NaiveDate>,
    /// The day is not over in it: the daily export replaces it. So it is with Analytics 360's `events_fresh_…`.
    pub intraday: bool,
}

impl Named {
    /// `intraday`: it is, whatever its name.
    pub(crate) fn of(path: &Path, intraday: bool) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let plain = Self { day: None, intraday };
        let Some((_, rest)) = name.rsplit_once("events_") else { return plain };
        let early = rest.strip_prefix("intraday_").or_else(|| rest.strip_prefix("fresh_"));
        let digits = early.unwrap_or(rest).get(..8);
        let day = digits.and_then(day);
        Self { day, intraday: intraday || early.is_some() }
    }
}

/// Of `YYYYMMDD`.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_day_and_kind() {
        let at = NaiveDate::from_ymd_opt(2026, 11, 20);
        for (name, day, intraday) in [
            ("events_20261120", at, false),
            ("events_20261120-000000000003.json.gz", at, false),
            ("my_events_intraday_20261120.parquet", at, true),
            ("events_fresh_20261120.json", at, true),
            ("events_20261320.json", None, false),
            ("events_all.json", None, false),
            ("export.json", None, false),
            ("events_äöüß.json", None, false),
        ] {
            assert_eq!(Named::of(Path::new(name), false), Named { day, intraday }, "{name}");
        }
        assert!(Named::of(Path::new("events_20261120"), true).intraday);
    }
}
