//! The studio's page: a few files in the binary, with headers that let nothing else run.

use warp::http::{Response, StatusCode};

/// No inline script, no foreign host, no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 9] = [
    ("/", "text/html; charset=utf-8", include_str!("../../../web/studio/index.html")),
    ("/studio.css", "text/css; charset=utf-8", include_str!("../../../web/studio/studio.css")),
    ("/studio.js", "text/javascript; charset=utf-8", include_str!("../../../web/studio/studio.js")),
    ("/dom.js", "text/javascript; charset=utf-8", include_str!("../../../web/studio/dom.js")),
    ("/server.js", "text/javascript; charset=utf-8", include_str!("../../../web/studio/server.js")),
    ("/live.js", "text/javascript; charset=utf-8", include_str!("../../../web/studio/live.js")),
    ("/answer.js", "text/javascript; charset=utf-8", include_str!("../../../web/studio/answer.js")),
    ("/ask.js", "text/javascript; charset=utf-8", include_str!("../../../web/studio/ask.js")),
    ("/icon.svg", "image/svg+xml", include_str!("../../../web/studio/icon.svg")),
];

/// The file at a path of the studio.
pub(super) fn file(path: &str) -> Response<Vec<u8>> {
    let found = FILES.iter().find(|(name, _, _)| *name == path);
    let (status, kind, body) = match found {
        Some((_, kind, body)) => (StatusCode::OK, *kind, *body),
        None => (
            StatusCode::NOT_FOUND,
            "application/json",
            r#"{"code":"not_found","message":"there is nothing at this path"}"#,
        ),
    };
    let built = Response::builder()
        .status(status)
        .header("content-type", kind)
        .header("content-security-policy", POLICY)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("cache-control", "no-cache")
        .body(body.as_bytes().to_vec());
    built.expect("the headers are constants")
}
