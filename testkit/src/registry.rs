//! A schema registry (Confluent's endpoints) that takes every schema and knows some by their ids.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::TcpListener;
use warp::Filter;
use warp::http::StatusCode;
use warp::reply::{Response, json, with_status};
use warp::{Reply, path, post};

/// Ids that subjects get: those of events, and all others.
const EVENTS_ID: u32 = 11;
const OTHER_ID: u32 = 12;

/// A running registry. It serves until the test's runtime ends.
pub struct Registry {
    at: SocketAddr,
    status: Arc<AtomicU16>,
}

impl Registry {
    /// Starts one on a free port that knows `schemas` by their ids.
    pub async fn start(schemas: &[(u32, &str)]) -> Self {
        let status = Arc::new(AtomicU16::new(StatusCode::OK.as_u16()));
        let schemas: Vec<(u32, String)> = schemas.iter().map(|(id, schema)| (*id, (*schema).to_owned())).collect();
        let by_id =
            path!("schemas" / "ids" / u32).map(move |id: u32| match schemas.iter().find(|(known, _)| *known == id) {
                Some((_, schema)) => json(&serde_json::json!({"schema": schema})).into_response(),
                None => refusal(StatusCode::NOT_FOUND, 40403, "Schema not found"),
            });
        let register = path!("subjects" / String / "versions").and(post()).map(|subject: String| {
            let id = if subject.starts_with("telemetry.events") { EVENTS_ID } else { OTHER_ID };
            json(&serde_json::json!({"id": id})).into_response()
        });
        let latest = path!("subjects" / String / "versions" / "latest").map(|subject: String| {
            let schema = r#""registered-schema""#;
            json(&serde_json::json!({"subject": subject, "version": 1, "id": 7, "schema": schema})).into_response()
        });
        let told = Arc::clone(&status);
        let asked = by_id.or(register).unify().map(move |answer: Response| {
            match StatusCode::from_u16(told.load(Ordering::Relaxed)) {
                Ok(StatusCode::OK) => answer,
                status => {
                    let status = status.expect("a test tells a status of HTTP");
                    refusal(status, status.as_u16().into(), &format!("told to say {}", status.as_u16()))
                }
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        tokio::spawn(warp::serve(asked.or(latest)).incoming(listener).run());
        Self { at, status }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// From now on it answers who registers a schema, or asks for one by its id, with this status; 200: as usual.
    pub fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }
}

fn refusal(status: StatusCode, code: u32, message: &str) -> Response {
    with_status(json(&serde_json::json!({"error_code": code, "message": message})), status).into_response()
}
