//! What is asked, and what it costs.

use schemas::session::session_id;
use serde_json::json;
use warehouse::compact::compact;

use crate::served::{NOON_MS, Served, snapshot, visit, words};
use crate::support::recordings::{Recordings, recorder};
use crate::support::server::Server;
use crate::support::{self, Landing, NOON, SECOND, SITE, Tab};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_events_of_another_day_say_is_told_too() {
    let mut landing = Landing::new();
    let mut own = recorder(1);
    let midnight = NOON + 12 * 3_600 * SECOND;
    let began = midnight - 10 * SECOND;
    let mut tab = Tab::new(&own.visitor_id, &own.tab_id);
    let page = ("page_view_id", own.page_view_id.as_str());
    let mut event = |kind: &str, at: i64| tab.event(kind, at).with(&[page]);
    let events = [
        event("page_view", began),
        event("capture_degraded", midnight + SECOND).with(&[page, ("degraded_what", "replay_dom")]),
        event("page_leave", midnight + 20 * SECOND).with_numbers(&[("replay_chunks", 7.0)]),
    ];
    landing.land(&events);
    Recordings::of(landing.path()).land(&[own.snapshot(10)]);
    let session = session_id(SITE, &own.visitor_id, began);
    let lake = landing.lake();
    for _ in 0..2 {
        let served = Served::of(&landing, &[]);
        let index = served.json(&format!("/api/v1/sessions/{session}/replay")).await;
        assert_eq!(index["ledger"], json!({"expected": 7, "received": 1, "lost": 6}));
        assert_eq!(index["page_views"][0]["degraded"][0]["what"], json!("replay_dom"));
        compact(&lake, |_, _| {}).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_told_with_its_name_and_value() {
    let landing = support::landed();
    let served = Served::of(&landing, &[]);
    let id = "0194a1b2-0000-7000-8000-000000000001";
    let cases = [
        ("/api/v1/sessions/none/replay".to_owned(), 400, "invalid_id", "session_id = \"none\""),
        ("/api/v1/replay/none".to_owned(), 400, "invalid_id", "page_view_id = \"none\""),
        (format!("/api/v1/replay/{id}?at=soon"), 400, "invalid_parameter", "at = \"soon\""),
        (format!("/api/v1/replay/{id}?from=start"), 400, "invalid_parameter", "from = \"start\""),
        (format!("/api/v1/replay/{id}?since=1"), 400, "invalid_parameter", "\"since\""),
        (format!("/api/v1/replay/{id}"), 404, "not_found", id),
        (format!("/api/v1/sessions/{id}/replay"), 404, "not_found", id),
        (format!("/api/v1/sessions/{id}/{id}/other"), 404, "not_found", "path"),
    ];
    for (path, status, code, words) in cases {
        let reply = served.get(&path, None).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path}");
        assert!(reply.text().contains(&words.replace('"', "\\\"")), "{path}: {}", reply.text());
    }
}

/// Of a hundred page views in one file, one is asked: most of the file is not read.
#[tokio::test(flavor = "multi_thread")]
async fn one_page_view_is_read_without_the_others() {
    let mut landing = Landing::new();
    let mut asked = recorder(50);
    visit(&mut landing, SITE, &asked, 0.0);
    let mut recordings = Recordings::of(landing.path());
    let mut state = 1_u64;
    let mut noise = |bytes: usize| {
        let step = |_: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:08x}", state >> 32)
        };
        (0..bytes / 8).map(step).collect::<String>()
    };
    let bodies: Vec<_> = (0..100)
        .map(|number| {
            let mut own = recorder(number);
            if number == 50 {
                own = asked.clone();
            }
            let body = json!({"type": 2, "id": 3, "tagName": "body", "attributes": {"class": noise(500_000)}, "childNodes": []});
            let chunk = own.chunk("snapshot", &snapshot(body));
            if number == 50 {
                asked = own;
            }
            chunk
        })
        .collect();
    let size: usize = bodies.iter().map(Vec::len).sum();
    recordings.land(&bodies);
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    let served = Served::of(&landing, &[]);
    // So that the worker has read logs and footers.
    served.frames(&asked, &format!("until={}", NOON_MS - 1.0)).await;
    let before = read(&served.server);
    let lines = served.frames(&asked, "").await;
    let bytes = read(&served.server) - before;
    assert_eq!(words(&lines, "chunk").len(), 1);
    println!("{bytes} bytes of {size}");
    assert!(bytes < size as u64 / 10, "{bytes} of {size}");
}

/// Bytes that the server's workers have read (proc(5), rchar).
fn read(server: &Server) -> u64 {
    let read = |pid: &i32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok()).unwrap_or_default()
    };
    server.workers().iter().map(read).sum()
}
