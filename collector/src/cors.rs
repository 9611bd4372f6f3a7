//! Which pages may read the answers: the origins of the key, never credentials.
//!
//! An answer that a page may not read is a network error to it, and it would send the same batch for ever. So every
//! answer names the page's origin when the key allows it, and also when no site is known by the request's key: there is
//! nothing of anybody's in such an answer. A known key's answers stay closed to other origins.

use bytes::Bytes;
use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use warp::http::{Response, StatusCode};

use crate::http::answer::{Answer, Refusal};
use crate::sites::{Key, Sites};

const METHODS: HeaderValue = HeaderValue::from_static("POST");
/// What the SDK sends.
const OWN_HEADERS: &str = "authorization, content-type, content-encoding";
/// What the SDK reads beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after");
/// Longest that Chromium keeps a preflight.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// Headers that tracing tools of the page add to every request that it makes; refusing one would stop all batches.
/// W3C trace context, Sentry, Zipkin, New Relic, Jaeger, Google, AWS, Azure, Elastic, Dynatrace.
const TRACING_HEADERS: [&str; 17] = [
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "b3",
    "newrelic",
    "uber-trace-id",
    "x-cloud-trace-context",
    "x-amzn-trace-id",
    "request-id",
    "request-context",
    "x-request-id",
    "x-correlation-id",
    "elastic-apm-traceparent",
    "x-dtpc",
    "x-dtc",
    "x-dynatrace",
];
/// Zipkin, Datadog, New Relic, Instana, OpenTracing, Honeycomb.
const TRACING_PREFIXES: [&str; 6] = ["x-b3-", "x-datadog-", "x-newrelic-", "x-instana-", "ot-tracer-", "x-honeycomb-"];
/// Most of them in one preflight; a page with every tool at once has about ten.
const TRACING_HEADERS_MAX: usize = 32;

/// The origin whose page may read the answer to this request.
pub(crate) fn reader(key: &Key, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let allowed = match key {
        Key::Of(site) => origin.to_str().is_ok_and(|origin| site.allows(origin)),
        Key::Unknown | Key::Missing => true,
    };
    allowed.then(|| origin.clone())
}

/// Lets the page of `origin` read the answer, unless it is one for all pages (the SDK's files).
pub(crate) fn allow(answer: &mut Answer, origin: Option<HeaderValue>) {
    let headers = answer.headers_mut();
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    headers.entry(VARY).or_insert(HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Answers a preflight request, and says who may read that. Its headers do not carry the key: then any site's origin
/// may go on, and the key is checked with the request itself. In the query the key may be: then its own origins may go
/// on, and those who have a key of no site, so that they are told.
pub(crate) fn preflight(sites: &Sites, key: &Key, headers: &HeaderMap) -> (Answer, Option<HeaderValue>) {
    let Some(origin) = headers.get(ORIGIN) else { return (no_content(), None) };
    let allowed = match key {
        Key::Missing => origin.to_str().is_ok_and(|origin| sites.any_allows(origin)),
        Key::Of(_) | Key::Unknown => reader(key, headers).is_some(),
    };
    if !allowed {
        let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        return (Refusal::OriginNotAllowed { origin }.answer(), None);
    }
    let mut answer = no_content();
    let answer_headers = answer.headers_mut();
    answer_headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer_headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(headers));
    answer_headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    answer_headers.insert(VARY, HeaderValue::from_static("origin, access-control-request-headers"));
    (answer, Some(origin.clone()))
}

fn no_content() -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    answer
}

/// The SDK's own headers, and of those that the page asks for the ones of tracing tools.
fn allowed_headers(headers: &HeaderMap) -> HeaderValue {
    let lines = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let asked = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let tracing = asked.map(|name| name.trim().to_ascii_lowercase()).filter(|name| is_tracing(name));
    let allowed = tracing.take(TRACING_HEADERS_MAX).fold(OWN_HEADERS.to_owned(), |list, name| list + ", " + &name);
    HeaderValue::try_from(allowed).unwrap_or(HeaderValue::from_static(OWN_HEADERS))
}

/// `name` is in lower case. What stands behind a prefix is a header's name too, so that the answer is a list of names.
fn is_tracing(name: &str) -> bool {
    let is_name = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    TRACING_HEADERS.contains(&name)
        || TRACING_PREFIXES.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_all_pages_stays_so_and_caches_keep_one_copy() {
        let mut answer = Answer::default();
        answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let before = answer.headers().clone();
        allow(&mut answer, Some(HeaderValue::from_static("https://shop.example")));
        assert_eq!(answer.headers(), &before);
    }

    #[test]
    fn tracing_tools_may_add_their_headers_and_nobody_else() {
        let allowed = |asked: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_str(asked).expect("a value"));
            allowed_headers(&headers).to_str().expect("ASCII").to_owned()
        };
        for name in ["traceparent", "tracestate", "baggage", "sentry-trace", "b3", "x-b3-traceid", "x-datadog-origin"] {
            assert_eq!(allowed(&format!("Content-Type,{}", name.to_uppercase())), format!("{OWN_HEADERS}, {name}"));
        }
        for name in ["cookie", "x-api-key", "x-b3", "x-b3-a b", "", ",,,", "*"] {
            assert_eq!(allowed(name), OWN_HEADERS, "{name}");
        }
        assert!(allowed(&"b3,".repeat(5_000)).len() < 1_000);
    }
}
