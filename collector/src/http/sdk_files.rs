//! The SDK's files, served by the collector so that one host name is enough for a page (and its worker, which must come
//! from the page's own origin when a proxy puts both there).

use rust_embed::RustEmbed;
use warp::http::HeaderMap;
use warp::http::StatusCode;
use warp::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};

use crate::http::answer::{Answer, Refusal, text};

/// What `npm run build` in `web/` makes; a checkout without it builds, and answers 404 with the way out.
#[derive(RustEmbed)]
#[folder = "../web/sdk/dist"]
#[allow_missing = true]
struct Files;

/// Short enough that a new release reaches pages within the hour, long enough to save most requests.
const CACHE: &str = "public, max-age=3600";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const CONTENT_TYPE_OPTIONS: HeaderName = HeaderName::from_static("x-content-type-options");

/// The file of that name.
pub(crate) fn answer(name: &str, headers: &HeaderMap) -> Answer {
    let Some(file) = Files::get(name) else {
        return Refusal::SdkNotBuilt { file: name.to_owned() }.answer();
    };
    let tag = entity_tag(&file.metadata.sha256_hash());
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if known {
        text(StatusCode::NOT_MODIFIED, content_type(name), bytes::Bytes::new())
    } else {
        text(StatusCode::OK, content_type(name), file.data.into_owned())
    };
    let answer_headers = answer.headers_mut();
    answer_headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    answer_headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer_headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    answer_headers.insert(CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer_headers.insert(ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes"));
    answer
}

fn entity_tag(hash: &[u8; 32]) -> String {
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("map" | "json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// With rust-embed's `debug-embed` off, a debug build reads the folder of the clone that built it: owned bytes.
    #[test]
    fn the_files_are_in_the_binary_in_every_build() {
        #[derive(RustEmbed)]
        #[folder = "src"]
        struct Own;
        assert!(matches!(Own::get("http/sdk_files.rs").unwrap().data, Cow::Borrowed(_)));
        assert!(Files::iter().filter_map(|name| Files::get(&name)).all(|file| matches!(file.data, Cow::Borrowed(_))));
    }
}
