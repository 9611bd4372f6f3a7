//! Serves the demo shop that the SDK watches: its pages, the SDK's files beside them (a worker must be of the same
//! origin), and the two calls that the shop makes.

use std::borrow::Cow;
use std::time::Duration;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::http::{Response, StatusCode, header};
use warp::hyper::body::Bytes;
use warp::{Filter, Rejection, Reply};

#[derive(RustEmbed)]
#[folder = "../web/shop/dist"]
#[allow_missing = true]
struct ShopFiles;

#[derive(RustEmbed)]
#[folder = "../web/sdk/dist"]
#[allow_missing = true]
struct SdkFiles;

/// What the shop's pages need to know, as `/shop-config.json`.
#[derive(Clone, Debug, Serialize)]
pub struct ShopConfig {
    pub collector_url: String,
    pub write_key: String,
    /// Where to look at what was captured; absent when nothing serves it.
    pub studio_url: Option<String>,
}

#[derive(Deserialize)]
struct Quote {
    #[serde(default)]
    size: String,
    #[serde(default = "one_day")]
    days: u32,
}

/// The slow quote takes this long for the first day and as much again for a month, so that a visitor notices it.
const QUOTE_MS_MIN: u64 = 300;
const QUOTE_MS_PER_DAY: u64 = 10;
const QUOTE_MS_MAX: u64 = 1_500;

/// The shop's endpoints.
pub fn routes(config: ShopConfig) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let policy = content_security_policy(&config);
    let settings =
        warp::get().and(warp::path!("shop-config.json")).map(move || warp::reply::json(&config).into_response());
    let quote =
        warp::get().and(warp::path!("api" / "quote")).and(warp::query::<Quote>()).then(|quote: Quote| async move {
            tokio::time::sleep(quote.delay()).await;
            warp::reply::json(&json!({ "price": quote.price(), "currency": "EUR" })).into_response()
        });
    let order = warp::post().and(warp::path!("api" / "order")).map(|| StatusCode::NO_CONTENT.into_response());
    let files = warp::get().and(warp::path::full()).map(|path: warp::path::FullPath| file(path.as_str()));
    settings
        .or(quote)
        .unify()
        .or(order)
        .unify()
        .or(files)
        .unify()
        .map(move |reply| warp::reply::with_header(reply, header::CONTENT_SECURITY_POLICY, policy.clone()))
}

impl Quote {
    fn delay(&self) -> Duration {
        let days = u64::from(self.days);
        Duration::from_millis((QUOTE_MS_MIN + days.saturating_mul(QUOTE_MS_PER_DAY)).min(QUOTE_MS_MAX))
    }

    fn price(&self) -> f64 {
        let per_day = match self.size.as_str() {
            "s" => 0.9,
            "m" => 1.4,
            "l" => 2.2,
            _ => 3.1,
        };
        (per_day * f64::from(self.days) * 100.0).round() / 100.0
    }
}

fn one_day() -> u32 {
    1
}

/// The strict policy that the SDK must be able to live under.
fn content_security_policy(config: &ShopConfig) -> String {
    format!(
        "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' {}; img-src 'self' data:; \
         style-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        config.collector_url
    )
}

fn file(path: &str) -> warp::reply::Response {
    let path = path.trim_start_matches('/');
    let found = match path.strip_prefix("telemetry/") {
        Some(name) => SdkFiles::get(name).map(|file| (name, file)),
        None => candidates(path).find_map(|name| ShopFiles::get(&name).map(|file| (path, file))),
    };
    let Some((name, file)) = found else {
        let hint = if ShopFiles::iter().next().is_none() {
            "the shop is not built: run `npm ci && npm run build` in web/"
        } else {
            "no such page"
        };
        return warp::reply::with_status(hint, StatusCode::NOT_FOUND).into_response();
    };
    // a path without an ending is a page
    let kind = mime_guess::from_path(name).first_or(mime_guess::mime::TEXT_HTML).to_string();
    let body = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Response::builder()
        .header(header::CONTENT_TYPE, with_charset(kind))
        .header(header::CACHE_CONTROL, "no-cache")
        .body(body)
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), Reply::into_response)
}

/// `/` and `/boxes/m` are pages: the file itself, then an index, then the page's `.html`, then the shop's own router.
fn candidates(path: &str) -> impl Iterator<Item = String> {
    let folder = path.trim_end_matches('/');
    let index = if folder.is_empty() { "index.html".to_owned() } else { format!("{folder}/index.html") };
    let page = !path.contains('.');
    [path.to_owned(), index, format!("{folder}.html")]
        .into_iter()
        .chain(page.then(|| "index.html".to_owned()))
        .filter(|name| !name.is_empty())
}

fn with_charset(kind: String) -> String {
    if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind }
}

#[cfg(test)]
mod tests;
