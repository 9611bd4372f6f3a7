//! Requests that are answered by their first lines alone: warp's filters expect a path, and one `Host`.

use warp::http::header::HOST;
use warp::http::{Method, Request, Version};

use crate::http::answer::Refusal;

/// What all paths together take.
pub(crate) const METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// The refusal of a request that is for no resource.
pub(crate) fn refusal<B>(request: &Request<B>) -> Option<Refusal> {
    if request.method() == Method::CONNECT {
        return Some(Refusal::MethodNotAllowed { allow: METHODS });
    }
    // `GET host:80`: only CONNECT names a host and no path (RFC 9112, section 3.2.3).
    if request.uri().path_and_query().is_none() {
        return Some(Refusal::BadHead { why: "the request line names no path" });
    }
    // RFC 9112, section 3.2.
    match request.headers().get_all(HOST).iter().count() {
        1 => None,
        0 if request.version() < Version::HTTP_11 => None,
        _ => Some(Refusal::BadHead { why: "an HTTP/1.1 request has exactly one Host header" }),
    }
}
