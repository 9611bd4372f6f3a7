//! Recordings over HTTP: what there is of a session, the frames of a page view, assets by their signed addresses.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::DateTime;
use url::form_urlencoded;
use warp::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::State;
use super::media::JSON;
use super::reply::{error, refused, streamed, unauthorized};
use crate::access::Right;
use crate::limits::QUERY_BYTES_MAX;
use crate::query::Failure;
use crate::sql::Form;
use crate::watch::{self, Frames, Key, Signed, Unsigned, Wanted};

/// An asset is a picture, a font or a style sheet, and nothing else: whoever opens one as a page gets one in which nothing runs.
const ASSET_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Everything below `/api/v1/sessions` and `/api/v1/replay`.
pub(super) fn routes(
    with: impl Filter<Extract = (Arc<State>,), Error = Infallible> + Clone + Send + Sync + 'static,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let asked = warp::get().and(with).and(warp::header::headers_cloned()).and(query());
    let session = warp::path!("api" / "v1" / "sessions" / String / "replay").and(asked.clone()).then(
        |id: String, state: Arc<State>, headers: HeaderMap, query: String| async move {
            state.watch(&headers, |_| session(&id, &query)).await
        },
    );
    let frames = warp::path!("api" / "v1" / "replay" / String).and(asked.clone()).then(
        |id: String, state: Arc<State>, headers: HeaderMap, query: String| async move {
            state.watch(&headers, |right| state.frames(&id, &query, right)).await
        },
    );
    let drawn = warp::path!("api" / "v1" / "sessions" / String / String / String).and(asked.clone()).then(
        |session: String, page_view: String, what: String, state: Arc<State>, headers: HeaderMap, _| async move {
            state.drawn(&headers, &session, &page_view, &what).await
        },
    );
    let asset = warp::path!("api" / "v1" / "replay" / "assets" / String).and(asked).then(
        |sha256: String, state: Arc<State>, headers: HeaderMap, query: String| async move {
            state.asset(&headers, &sha256, &query).await
        },
    );
    asset.or(frames).unify().or(session).unify().or(drawn).unify()
}

fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Clone {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

/// The parameters of a query, each of which must be one of these and be given once.
fn parameters(query: &str, known: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |message: String| Failure::theirs("invalid_parameter", message);
    if query.len() > QUERY_BYTES_MAX {
        return Err(wrong(format!("the query is longer than {QUERY_BYTES_MAX} bytes")));
    }
    let mut found = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !known.contains(&&*name) {
            return Err(wrong(format!("{name:?} is none of the parameters {}", known.join(", "))));
        }
        if found.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(wrong(format!("{name} is given twice")));
        }
    }
    Ok(found)
}

/// Epoch milliseconds, or RFC 3339.
fn time(name: &str, text: &str) -> Result<f64, Failure> {
    let ms = text.parse().ok().filter(|ms: &f64| ms.is_finite());
    let of_date = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_micros() as f64 / 1_000.0);
    ms.or_else(of_date).ok_or_else(|| {
        let what = format!("{name} = {text:?}: neither epoch milliseconds nor RFC 3339, such as 2026-11-20T12:00:00Z");
        Failure::theirs("invalid_parameter", what)
    })
}

fn session(id: &str, query: &str) -> Result<Wanted, Failure> {
    parameters(query, &[])?;
    Ok(Wanted::Session { session_id: watch::id("session_id", id)? })
}

impl State {
    fn frames(&self, id: &str, query: &str, right: &Right) -> Result<Wanted, Failure> {
        let mut given = parameters(query, &["from", "at", "until", "after", "site_id", "visitor_id"])?;
        if let Some(from) = given.get("from").filter(|from| *from != "snapshot") {
            let what = format!("from = {from:?}: a page can be shown from a snapshot on only; write from=snapshot");
            return Err(Failure::theirs("invalid_parameter", what));
        }
        let at = |name: &str| given.get(name).map(|text| time(name, text)).transpose();
        let (from, until) = (at("at")?, at("until")?);
        let after = given.get("after").map(|text| {
            let wrong = |_| Failure::theirs("invalid_parameter", format!("after = {text:?}: no number of a chunk"));
            text.parse().map_err(wrong)
        });
        Ok(Wanted::Frames(Frames {
            page_view_id: watch::id("page_view_id", id)?,
            at: from,
            until,
            after: after.transpose()?,
            site_id: given.remove("site_id"),
            visitor_id: given.remove("visitor_id"),
            addresses: self.key(&right.name)?.addresses(SystemTime::now()),
        }))
    }

    /// By which addresses are signed for who has the token of that name.
    fn key(&self, name: &str) -> Result<Key, Failure> {
        let signer = self.access.signer(name);
        let gone = || Failure::theirs("unauthorized", "the token was taken out meanwhile");
        signer.map(|(secret, _)| Key::of(name, &secret)).ok_or_else(gone)
    }

    /// For who may; what is wanted is only made out then.
    async fn watch(&self, headers: &HeaderMap, wanted: impl FnOnce(&Right) -> Result<Wanted, Failure>) -> Response {
        let Some(right) = self.right(headers) else { return unauthorized() };
        let reply = match wanted(&right) {
            Ok(wanted) => self.pool.watch(wanted, right.scope, &right.name).await,
            Err(failure) => Err(failure),
        };
        match reply {
            Ok(reply) => streamed(kind(reply.kind.as_deref()), &Form::Json, reply),
            Err(failure) => refused(&failure),
        }
    }

    /// What a player draws over the page: `pointer`, `marks` or `friction`.
    async fn drawn(&self, headers: &HeaderMap, session: &str, page_view: &str, what: &str) -> Response {
        let Some(right) = self.right(headers) else { return unauthorized() };
        let statement = match what {
            "pointer" => watch::pointer,
            "marks" => watch::marks,
            "friction" => watch::friction,
            _ => return error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"),
        };
        let ids = (watch::id("session_id", session), watch::id("page_view_id", page_view));
        let sql = match ids {
            (Ok(session), Ok(page_view)) => statement(session, page_view),
            (Err(failure), _) | (_, Err(failure)) => return refused(&failure),
        };
        self.answer(right, &JSON, sql, Vec::new()).await
    }

    /// Who has the address may have what it names, while the token holds for which it was signed: a browser asks without one.
    async fn asset(&self, headers: &HeaderMap, sha256: &str, query: &str) -> Response {
        let given = match parameters(query, &["site", "until", "by", "sig"]) {
            Ok(given) => given,
            Err(failure) => return refused(&failure),
        };
        let part = |name: &str| given.get(name).map_or("", String::as_str);
        let signed = Signed { site_id: part("site"), sha256, until: part("until"), sig: part("sig") };
        let checked = match self.access.signer(part("by")) {
            Some((secret, right)) if right.scope.holds(signed.site_id) && self.is_near(headers) => {
                Key::of(part("by"), &secret).check(signed, SystemTime::now())
            }
            _ => Err(Unsigned::Forged),
        };
        let (addresses, left) = match checked {
            Ok(checked) => checked,
            Err(Unsigned::Forged) => {
                let what = "the address of an asset comes with its recording, signed; this one is not";
                return error(StatusCode::FORBIDDEN, "not_signed", what);
            }
            Err(Unsigned::Expired) => {
                return error(
                    StatusCode::GONE,
                    "address_expired",
                    "the address held for an hour; open the recording again",
                );
            }
        };
        let (site_id, sha256) = (part("site").to_owned(), sha256.to_owned());
        let scope = crate::query::Scope::of([site_id.as_str()]);
        let reply = match self.pool.watch(Wanted::Asset { site_id, sha256, addresses }, scope, part("by")).await {
            Ok(reply) => reply,
            Err(failure) => return refused(&failure),
        };
        let mut response = streamed(kind(reply.kind.as_deref()), &Form::Json, reply);
        let headers = response.headers_mut();
        let cached = format!("private, max-age={}, immutable", left.as_secs());
        headers.insert(CACHE_CONTROL, HeaderValue::from_str(&cached).expect("letters and digits"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(ASSET_POLICY));
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

/// The media types that recordings have; any other is bytes.
fn kind(told: Option<&str>) -> &'static str {
    const KNOWN: [&str; 10] = [
        "application/json",
        "application/x-ndjson",
        "text/css; charset=utf-8",
        "font/woff2",
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/avif",
        "image/svg+xml",
        "image/gif",
    ];
    KNOWN.into_iter().find(|known| told == Some(known)).unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_or_dates_and_nothing_else() {
        assert_eq!(time("at", "1795176000000.5").unwrap(), 1_795_176_000_000.5);
        assert_eq!(time("at", "2026-11-20T12:00:00.25Z").unwrap(), 1_795_176_000_250.0);
        for wrong in ["", "now", "NaN", "inf", "2026-11-20"] {
            let told = time("at", wrong).unwrap_err().to_string();
            assert!(told.starts_with(&format!("at = {wrong:?}: ")), "{told}");
        }
    }

    #[test]
    fn parameters_are_known_and_given_once() {
        assert!(parameters("", &[]).unwrap().is_empty());
        assert_eq!(parameters("at=1&site_id=a%26b", &["at", "site_id"]).unwrap()["site_id"], "a&b");
        for (query, words) in [("att=1", "\"att\" is none of"), ("at=1&at=2", "at is given twice")] {
            let told = parameters(query, &["at"]).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
        assert!(parameters(&"a".repeat(QUERY_BYTES_MAX + 1), &[]).is_err());
    }
}
