//! What is asked over HTTP: a statement, or a report with its values.

use serde::Deserialize;
use url::form_urlencoded;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use super::State;
use super::body::Body;
use super::media::{Media, Unknown};
use super::reply::{error, refused, streamed, unauthorized};
use crate::access::Right;
use crate::query::{Parameter, cut};
use crate::sql::Question;

#[derive(Deserialize)]
struct Ask {
    sql: String,
}

impl State {
    /// `POST /api/v1/sql`
    pub(super) async fn sql(&self, headers: &HeaderMap, query: &str, body: Body) -> Response {
        let Some(right) = self.right(headers) else {
            body.leave().await;
            return unauthorized();
        };
        let body = match body.whole().await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        let query = pairs(query);
        if let Some((name, value)) = query.iter().find(|(name, _)| name != FORMAT) {
            let text =
                format!("{} = {:?}: allowed is {FORMAT}; the statement stands in the body", cut(name), cut(value));
            return error(StatusCode::BAD_REQUEST, "unknown_parameter", &text);
        }
        let media = match wanted(&query, headers) {
            Ok(media) => media,
            Err(unknown) => return no_format(&unknown),
        };
        match serde_json::from_slice(&body) {
            Ok(Ask { sql }) => self.answer(right, media, sql, Vec::new()).await,
            Err(cause) => {
                let text = format!("the body is not {{\"sql\": \"…\"}}: {cause}");
                error(StatusCode::BAD_REQUEST, "malformed_json", &text)
            }
        }
    }

    /// `GET /api/v1/reports/{name}`
    pub(super) async fn report(&self, name: &str, headers: &HeaderMap, query: &str) -> Response {
        let Some(right) = self.right(headers) else { return unauthorized() };
        let report = match self.reports.named(name) {
            Ok(report) => report,
            Err(failure) => return error(StatusCode::NOT_FOUND, failure.code(), &failure.to_string()),
        };
        let query = pairs(query);
        let media = match wanted(&query, headers) {
            Ok(media) => media,
            Err(unknown) => return no_format(&unknown),
        };
        let given: Vec<(String, String)> = query.into_iter().filter(|(name, _)| name != FORMAT).collect();
        match report.asked(&given, chrono::Utc::now().date_naive()) {
            Ok((sql, parameters)) => self.answer(right, media, sql, parameters).await,
            Err(failure) => refused(&failure),
        }
    }

    pub(super) async fn answer(
        &self,
        right: Right,
        media: &'static Media,
        sql: String,
        parameters: Vec<Parameter>,
    ) -> Response {
        let question = Question {
            asker: right.name,
            sql,
            scope: right.scope,
            form: media.form.clone(),
            parameters,
            limits: media.limits(),
            held_bytes_max: media.held_bytes_max(),
        };
        match self.pool.ask(&question).await {
            Ok(reply) => streamed(media.content_type, &media.form, reply),
            Err(failure) => refused(&failure),
        }
    }
}

/// Names the format in a query string.
const FORMAT: &str = "format";

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn wanted(query: &[(String, String)], headers: &HeaderMap) -> Result<&'static Media, Unknown> {
    let mut formats = query.iter().filter(|(name, _)| name == FORMAT).map(|(_, value)| value.as_str());
    let format = formats.next();
    match formats.next() {
        Some(_) => Err(Unknown::Twice),
        None => Media::wanted(format, headers),
    }
}

fn no_format(unknown: &Unknown) -> Response {
    let (status, code) = match unknown {
        Unknown::Format(_) => (StatusCode::BAD_REQUEST, "unknown_format"),
        Unknown::Accept(_) => (StatusCode::NOT_ACCEPTABLE, "not_acceptable"),
        Unknown::Twice => (StatusCode::BAD_REQUEST, "invalid_parameter"),
    };
    error(status, code, &unknown.to_string())
}
