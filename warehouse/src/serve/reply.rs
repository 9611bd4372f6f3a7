//! What is sent back: an answer as it comes from its worker, or why there is none.

use bytes::Bytes;
use futures::stream;
use serde_json::json;
use warp::Reply;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_LENGTH, HeaderValue};
use warp::reply::Response;

use crate::limits::BODY_BYTES_MAX;
use crate::query::{Blame, Failure};
use crate::sql::{self, Form};
use crate::watch::NOT_FOUND;

/// The answer as it comes from the worker. One that breaks off breaks the connection, so that nobody takes it for whole; JSON lines
/// say why in a last line before.
pub(super) fn streamed(content_type: &'static str, form: &'static Form, reply: sql::Reply) -> Response {
    let bytes = reply.bytes;
    let pieces = stream::unfold(Sending::Answer(reply), move |sending| next(sending, form));
    let mut response = with_headers(content_type, warp::reply::stream(pieces).into_response());
    if let Some(bytes) = bytes {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    response
}

/// How far an answer is.
enum Sending {
    Answer(sql::Reply),
    /// With the reason, which is the last that is sent.
    Broken(Failure),
    Over,
}

async fn next(sending: Sending, form: &Form) -> Option<(Result<Bytes, Failure>, Sending)> {
    match sending {
        Sending::Answer(mut reply) => match reply.next().await {
            Ok(piece) => piece.map(|piece| (Ok(piece), Sending::Answer(reply))),
            Err(failure) => {
                tracing::warn!("an answer broke off: {failure} ({})", failure.detail().unwrap_or("-"));
                // Within a length that was told, it would pass for rows.
                let reason = if reply.bytes.is_none() { reason(form, &failure) } else { Bytes::new() };
                Some((Ok(reason), Sending::Broken(failure)))
            }
        },
        Sending::Broken(failure) => {
            // The server writes what it has only when there is nothing to be had for a moment, and nothing more after an error.
            tokio::task::yield_now().await;
            Some((Err(failure), Sending::Over))
        }
        Sending::Over => None,
    }
}

/// What stands behind the rows of an answer that broke off. The line before may be cut.
fn reason(form: &Form, failure: &Failure) -> Bytes {
    match form {
        Form::JsonLines => format!("\n{}\n", json!({"error": told(failure)})).into(),
        _ => Bytes::new(),
    }
}

/// Logs what is ours to mend, and what ended a worker, once.
pub(super) fn refused(failure: &Failure) -> Response {
    match (failure.blame(), failure.detail()) {
        (Blame::Us, detail) => tracing::error!("a statement failed: {failure} ({})", detail.unwrap_or("-")),
        (_, Some(detail)) => tracing::warn!("a statement ended its worker: {failure} ({detail})"),
        _ => {}
    }
    let status = match failure.blame() {
        Blame::Asker if failure.code() == NOT_FOUND => StatusCode::NOT_FOUND,
        Blame::Asker => StatusCode::BAD_REQUEST,
        Blame::Load => StatusCode::TOO_MANY_REQUESTS,
        Blame::Stop => StatusCode::SERVICE_UNAVAILABLE,
        Blame::Us => StatusCode::INTERNAL_SERVER_ERROR,
    };
    json_answer(status, &told(failure))
}

fn told(failure: &Failure) -> serde_json::Value {
    json!({"code": failure.code(), "message": failure.to_string()})
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    json_answer(status, &json!({"code": code, "message": message}))
}

pub(super) fn unauthorized() -> Response {
    error(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "this address asks for Authorization: Bearer TOKEN; without a token only its own pages may ask",
    )
}

pub(super) fn too_large() -> Response {
    error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &format!("the body is larger than {BODY_BYTES_MAX} bytes"))
}

pub(super) fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = with_headers("application/json", Response::new(body.to_string().into()));
    *response.status_mut() = status;
    response
}

fn with_headers(kind: &'static str, mut response: Response) -> Response {
    let headers = [
        ("content-type", kind),
        ("cache-control", "no-store"),
        ("vary", "accept, authorization"),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
