//! Which pages may read the answers: the origins of the key, never credentials.

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use warp::http::{Response, StatusCode};

use crate::answer::{Answer, Refusal};
use crate::sites::Sites;

const METHODS: HeaderValue = HeaderValue::from_static("POST");
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, content-encoding");
/// What the SDK reads beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after");
/// Longest that Chromium keeps a preflight.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// Lets the page of `origin` read the answer.
pub fn allow(answer: &mut Answer, origin: Option<String>) {
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::try_from(origin).ok()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Answers a preflight request. It does not carry the key, so any site's origin may go on; the key is checked with the
/// request itself.
pub fn preflight(sites: &Sites, headers: &HeaderMap) -> Answer {
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !sites.any_allows(origin) {
        let mut refused = Refusal::OriginNotAllowed { origin: origin.to_owned() }.answer();
        allow(&mut refused, None);
        return refused;
    }
    let mut answer = Response::new(bytes::Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    allow(&mut answer, Some(origin.to_owned()));
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    answer
}
