//! In which format an answer is sent: what `?format=` says, or else `Accept`.

use warp::http::HeaderMap;
use warp::http::header::ACCEPT;

use crate::limits::ANSWER_HELD_BYTES_MAX;
use crate::query::{Limits, cut};
use crate::sql::Form;

/// A format of answers over HTTP.
#[derive(Debug)]
pub(super) struct Media {
    /// In `?format=`.
    pub name: &'static str,
    /// In `Content-Type`.
    pub content_type: &'static str,
    /// In `Accept`, the usual one first.
    pub types: &'static [&'static str],
    pub form: Form,
}

pub(super) const JSON: Media =
    Media { name: "json", content_type: "application/json", types: &["application/json"], form: Form::Json };

/// All formats; the first is for who does not say.
pub(super) const ALL: [Media; 5] = [
    JSON,
    Media {
        name: "jsonl",
        content_type: "application/x-ndjson",
        types: &["application/x-ndjson", "application/jsonl", "application/jsonlines", "application/ndjson"],
        form: Form::JsonLines,
    },
    Media { name: "csv", content_type: "text/csv; charset=utf-8", types: &["text/csv"], form: Form::Csv },
    Media {
        name: "arrow",
        content_type: "application/vnd.apache.arrow.stream",
        types: &["application/vnd.apache.arrow.stream"],
        form: Form::Arrow,
    },
    Media {
        name: "parquet",
        content_type: "application/vnd.apache.parquet",
        types: &["application/vnd.apache.parquet", "application/x-parquet"],
        form: Form::Parquet,
    },
];

/// Why there is no format.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// What `?format=` says.
    Format(String),
    /// What `Accept` says.
    Accept(String),
    /// `?format=` and another one.
    Twice,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = ALL.each_ref().map(|media| media.name).join(", ");
        match self {
            Self::Format(given) => write!(text, "format = {:?}: allowed are {names}", cut(given)),
            Self::Twice => text.write_str("format is given twice"),
            Self::Accept(given) => {
                let types = ALL.each_ref().map(|media| media.types[0]).join(", ");
                write!(text, "Accept: {:?}: answers are {types}; or say ?format= with one of {names}", cut(given))
            }
        }
    }
}

impl Media {
    /// What is wanted.
    ///
    /// # Errors
    /// A format that there is not, by its name.
    pub(super) fn wanted(format: Option<&str>, headers: &HeaderMap) -> Result<&'static Self, Unknown> {
        if let Some(given) = format {
            let found = ALL.iter().find(|media| media.name == given);
            return found.ok_or_else(|| Unknown::Format(given.to_owned()));
        }
        let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let accept = accept.join(",");
        if accept.trim().is_empty() {
            return Ok(&ALL[0]);
        }
        by_accept(&accept).ok_or(Unknown::Accept(accept))
    }

    /// Limits of an answer.
    pub(super) fn limits(&self) -> Limits {
        if self.is_one_piece() { Limits::answer() } else { Limits::streamed() }
    }

    /// What is held before the answer begins (Arrow). One piece of JSON is worth nothing before its end: all rows are there, and
    /// within their limits, when it begins.
    pub(super) fn held_bytes_max(&self) -> usize {
        if self.is_one_piece() { usize::MAX } else { ANSWER_HELD_BYTES_MAX }
    }

    fn is_one_piece(&self) -> bool {
        self.form == Form::Json
    }
}

/// The format that is liked most (RFC 9110, 12.5.1), of those liked alike the one that is named first.
fn by_accept(accept: &str) -> Option<&'static Media> {
    let mut best: Option<(&'static Media, f32)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
        let found = ALL.iter().find(|media| media.types.iter().any(|known| fits(known, &kind)));
        if let Some(media) = found
            && weight > best.map_or(0.0, |(_, weight)| weight)
        {
            best = Some((media, weight));
        }
    }
    best.map(|(media, _)| media)
}

fn fits(kind: &str, range: &str) -> bool {
    range == "*/*" || range == kind || range.strip_suffix('*').is_some_and(|group| kind.starts_with(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(format: Option<&str>, accept: &str) -> Result<&'static str, Unknown> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, accept.parse().unwrap());
        }
        Media::wanted(format, &headers).map(|media| media.name)
    }

    #[test]
    fn the_format_is_what_is_asked_for_and_json_for_who_does_not_ask() {
        for (accept, name) in [
            ("", "json"),
            ("*/*", "json"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
            ("application/vnd.apache.arrow.stream", "arrow"),
            ("TEXT/CSV", "csv"),
            ("text/*", "csv"),
            ("application/json;q=0.1, application/jsonl", "jsonl"),
            ("application/vnd.apache.parquet;q=0.5, text/csv; q=0.4", "parquet"),
            ("text/csv;q=0, application/json", "json"),
        ] {
            assert_eq!(wanted(None, accept), Ok(name), "{accept}");
            assert_eq!(wanted(Some("csv"), accept), Ok("csv"), "{accept}");
        }
        assert_eq!(wanted(Some("xml"), ""), Err(Unknown::Format("xml".into())));
        assert_eq!(wanted(None, "image/png, text/csv;q=0"), Err(Unknown::Accept("image/png, text/csv;q=0".into())));
        let told = wanted(Some("xml"), "").unwrap_err().to_string();
        assert!(told.contains("\"xml\"") && told.contains("json, jsonl, csv, arrow, parquet"), "{told}");
    }
}
