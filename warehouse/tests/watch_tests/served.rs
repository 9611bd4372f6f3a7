//! A server on a store, what lands there, and what is looked for in its answers.

use schemas::session::session_id;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::http::{self, Reply};
use testkit::recorder::Recorder;

use crate::support::server::Server;
use crate::support::{Landing, NOON, SECOND, Tab};

pub(crate) const OTHER: &str = "secretsite";
pub(crate) const NOON_MS: f64 = NOON as f64 / 1_000.0;

/// A server on a store, with what it needs for as long as it runs.
pub(crate) struct Served {
    pub server: Server,
    _temporary: TempDir,
}

impl Served {
    pub(crate) fn of(landing: &Landing, arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let store = format!("file://{}", landing.path().display());
        Self { server: Server::start(&store, temporary.path(), arguments), _temporary: temporary }
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Reply {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let reply = http::call(self.server.address, "GET", path, &headers, b"").await;
        assert!(reply.is_whole, "{path}");
        reply
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let reply = self.get(path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Lines of a page view's frames, all of them JSON.
    pub(crate) async fn frames(&self, recorder: &Recorder, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/replay/{}?{query}", recorder.page_view_id);
        let reply = self.get(&path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
        reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Lands the events of a recorded page view; the session's id.
pub(crate) fn visit(landing: &mut Landing, site: &str, recorder: &Recorder, chunks: f64) -> String {
    let mut tab = Tab::new(&recorder.visitor_id, &recorder.tab_id);
    let page = [
        ("site_id", site),
        ("page_view_id", recorder.page_view_id.as_str()),
        ("page_url", "https://shop.example/boxes"),
    ];
    let mut event = |kind: &str, at: i64| tab.event(kind, at).with(&page);
    let events = [
        event("page_view", NOON),
        event("pointer", NOON + SECOND),
        event("click", NOON + 2 * SECOND),
        event("page_leave", NOON + 60 * SECOND).with_numbers(&[("replay_chunks", chunks)]),
    ];
    landing.land(&events);
    session_id(site, &recorder.visitor_id, NOON).to_string()
}

pub(crate) fn words<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter_map(|line| line.get(name)).collect()
}

pub(crate) fn snapshot(body: Value) -> [(u8, Value); 2] {
    let html = json!({"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": [body]});
    let document = json!({"type": 0, "id": 1, "childNodes": [html]});
    [
        (4, json!({"href": "https://shop.example/", "width": 1280, "height": 720})),
        (2, json!({"node": document, "initialOffset": {"left": 0, "top": 0}})),
    ]
}
