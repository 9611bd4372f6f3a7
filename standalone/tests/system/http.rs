//! Blocking HTTP/1.1 for tests: one connection a call, no redirects, every status is an answer.

use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than any answer of ours may take; a call that hangs fails the test instead of blocking it.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// What came back, and how long it took.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: String,
    pub took: Duration,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {} {}", self.status, self.body))
    }
}

/// `Err` is the text of a network error: refused, reset, timed out.
pub(crate) fn get(url: &str) -> Result<Answer, String> {
    let began = Instant::now();
    answer(began, agent().get(url).call())
}

/// Posts JSON, with a bearer token where one is given.
pub(crate) fn post(url: &str, token: Option<&str>, body: &str) -> Result<Answer, String> {
    let began = Instant::now();
    let mut request = agent().post(url).header("Content-Type", "application/json").header("Connection", "close");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    answer(began, request.send(body))
}

/// Posts any bytes.
pub(crate) fn post_bytes(url: &str, token: &str, content_type: &str, body: &[u8]) -> Result<Answer, String> {
    let began = Instant::now();
    let request = agent().post(url).header("Content-Type", content_type).header("Connection", "close");
    answer(began, request.header("Authorization", format!("Bearer {token}")).send(body))
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(CALL_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        // a proxy of the environment has no business with loopback
        .proxy(None)
        .build();
    config.into()
}

fn answer(began: Instant, result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
    let mut response = result.map_err(|error| error.to_string())?;
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok(Answer { status: response.status().as_u16(), retry_after, body, took: began.elapsed() })
}
