//! Recordings over HTTP: what is asked, what is missing, whose it is, and what is hostile.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::fs;
use std::path::Path;

use schemas::replay::{PAYLOAD_BYTES_MAX, frames};
use schemas::session::session_id;
use serde_json::{Value, json};
use support::recordings::{Recordings, recorder};
use support::server::Server;
use support::{Landing, NOON, SECOND, SITE, Tab, curated_files};
use tempfile::TempDir;
use testkit::http::{self, Reply};
use testkit::recorder::{Recorder, frame, gzip};
use warehouse::compact::compact;

const OTHER: &str = "secretsite";
const NOON_MS: f64 = NOON as f64 / 1_000.0;

/// A server on a store, with what it needs for as long as it runs.
struct Served {
    server: Server,
    _temporary: TempDir,
}

impl Served {
    fn of(landing: &Landing, arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let store = format!("file://{}", landing.path().display());
        Self { server: Server::start(&store, temporary.path(), arguments), _temporary: temporary }
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Reply {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let reply = http::call(self.server.address, "GET", path, &headers, b"").await;
        assert!(reply.is_whole, "{path}");
        reply
    }

    async fn json(&self, path: &str) -> Value {
        let reply = self.get(path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Lines of a page view's frames, all of them JSON.
    async fn frames(&self, recorder: &Recorder, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/replay/{}?{query}", recorder.page_view_id);
        let reply = self.get(&path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
        reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Lands the events of a recorded page view; the session's id.
fn visit(landing: &mut Landing, site: &str, recorder: &Recorder, chunks: f64) -> String {
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

fn words<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter_map(|line| line.get(name)).collect()
}

fn snapshot(body: Value) -> [(u8, Value); 2] {
    let html = json!({"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": [body]});
    let document = json!({"type": 0, "id": 1, "childNodes": [html]});
    [
        (4, json!({"href": "https://shop.example/", "width": 1280, "height": 720})),
        (2, json!({"node": document, "initialOffset": {"left": 0, "top": 0}})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_told_and_played_before_and_after_a_compaction_alike() {
    let mut landing = Landing::new();
    let (mut own, mut forged) = (recorder(1), recorder(1));
    let session = visit(&mut landing, SITE, &own, 7.0);
    forged.visitor_id = recorder(2).visitor_id;
    let mut recordings = Recordings::of(landing.path());
    let sheet = own.style_sheet("p{color:red}");
    let parts = own.snapshot_in_parts(400, 3).concat();
    let mut bodies = vec![sheet, parts, own.mutations(1)];
    own.lose_a_chunk();
    own.wait(10_000.0);
    bodies.push(own.mutations(1));
    own.wait(10_000.0);
    bodies.extend([own.snapshot(30), own.mutations(1)]);
    // Frames that came again, and somebody else's of the same page view.
    (0..6).for_each(|_| forged.lose_a_chunk());
    bodies.extend([bodies[2].clone(), forged.mutations(1)]);
    recordings.land(&bodies);
    let lake = landing.lake();
    let mut told = Vec::new();
    for round in 0..2 {
        let served = Served::of(&landing, &[]);
        let index = served.json(&format!("/api/v1/sessions/{session}/replay")).await;
        let whose = format!("visitor_id={}&site_id={SITE}", own.visitor_id);
        let all = served.frames(&own, &whose).await;
        let later = served.frames(&own, &format!("{whose}&from=snapshot&at={}", NOON_MS + 30_000.0)).await;
        if round == 0 {
            let view = &index["page_views"][0];
            assert_eq!(index["ledger"], json!({"expected": 7, "received": 5, "lost": 2}));
            assert_eq!(view["missing"], json!([[2, 2], [6, 6]]));
            assert_eq!(view["ended"], json!(true), "page_leave told how many there are");
            assert_eq!(view["page_view_id"], json!(own.page_view_id));
            assert_eq!(view["assets"], json!({"named": 1, "stored": {own.assets()[0].clone(): "text/css"}}));
            assert_eq!(view["clock_error_ms"], json!(1.5));
            let kinds: Vec<_> = view["chunks"].as_array().unwrap().iter().map(|chunk| chunk["kind"].clone()).collect();
            assert_eq!(kinds, ["snapshot", "mutations", "mutations", "snapshot", "mutations"]);
            assert!(view["chunks"][0].get("payload").is_none() && view["chunks"][0]["bytes"].as_i64() > Some(100));
            assert_eq!(view["chunks"][0]["first_at"], json!(NOON_MS));

            let chunks: Vec<_> = words(&all, "chunk").iter().map(|chunk| chunk["seq"].as_i64().unwrap()).collect();
            assert_eq!(chunks, [0, 1, 4, 5], "what follows a lost chunk is not known until the next snapshot");
            let gaps = words(&all, "gap");
            assert_eq!((gaps.len(), &gaps[0]["what"], &gaps[0]["seq"]), (1, &json!("lost"), &json!(2)), "{gaps:?}");
            assert!(gaps[0]["from"].as_f64() < gaps[0]["until"].as_f64());
            assert_eq!(all.last().unwrap(), &json!({"end": {"after": 5, "next_at": null}}));
            assert_eq!(words(&all, "chunk")[0]["shift_ms"], json!(0.0));

            let chunks: Vec<_> = words(&later, "chunk").iter().map(|chunk| chunk["seq"].as_i64().unwrap()).collect();
            assert_eq!(chunks, [4, 5], "from the last snapshot by then");
            let rest = served.frames(&own, &format!("{whose}&at={}&after=4", NOON_MS + 30_000.0)).await;
            let from = later.iter().position(|line| line["chunk"]["seq"] == 5).unwrap();
            assert_eq!(rest, later[from..], "what was sent is not sent again, and is still built on");
            let until = served.frames(&own, &format!("{whose}&until={}", NOON_MS + 5_000.0)).await;
            assert_eq!(words(&until, "chunk").len(), 2);
            assert!(until.last().unwrap()["end"]["next_at"].as_f64() > Some(NOON_MS + 10_000.0), "{until:?}");

            let pointer = served.json(&format!("/api/v1/sessions/{session}/{}/pointer", own.page_view_id)).await;
            assert_eq!(pointer["rows"].as_array().unwrap().len(), 1);
            let marks = served.json(&format!("/api/v1/sessions/{session}/{}/marks", own.page_view_id)).await;
            assert!(marks["rows"].as_array().unwrap().iter().any(|row| row[0] == "click"), "{marks}");
        }
        told.push((index, all, later));
        compact(&lake, |_, _| {}).await.unwrap();
    }
    assert_eq!(told[0], told[1]);
}

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
async fn what_cannot_be_read_is_named_and_the_rest_plays_on() {
    let mut landing = Landing::new();
    let mut own = recorder(1);
    visit(&mut landing, SITE, &own, 0.0);
    let spoilt = |recorder: &mut Recorder, payload: &[u8]| {
        let body = recorder.mutations(1);
        let header = &body[4..4 + u32::from_le_bytes(body[..4].try_into().unwrap()) as usize];
        frame(&serde_json::from_slice(header).unwrap(), payload)
    };
    let mut bodies = vec![own.snapshot(10), spoilt(&mut own, b"no gzip"), own.mutations(1)];
    bodies.push(own.snapshot(12));
    bodies.push(spoilt(&mut own, &gzip(&vec![b' '; 24 << 20])));
    bodies.push(own.snapshot(14));
    bodies.push(spoilt(&mut own, &gzip(b"{\"type\":3,")));
    bodies.push(own.snapshot_in_parts(300, 3)[..2].concat());
    bodies.push(own.chunk("snapshot", &snapshot(json!({"type": 2, "id": 3, "tagName": "body", "attributes": {"onload": "alert(1)"}, "childNodes": [
        {"type": 2, "id": 4, "tagName": "script", "attributes": {"src": "https://evil.example/x.js"}, "childNodes": [{"type": 3, "id": 5, "textContent": "alert(1)"}]},
        {"type": 2, "id": 6, "tagName": "img", "attributes": {"src": "https://evil.example/x.png", "style": "background:url(https://evil.example/y)"}, "childNodes": []}]}))));
    Recordings::of(landing.path()).land(&bodies);
    let served = Served::of(&landing, &[]);
    let lines = served.frames(&own, "").await;
    let gaps: Vec<_> =
        words(&lines, "gap").iter().map(|gap| (gap["seq"].as_i64().unwrap(), gap["what"].as_str().unwrap())).collect();
    assert_eq!(gaps, [(1, "unreadable"), (4, "unreadable"), (6, "unreadable"), (7, "lost")], "{lines:?}");
    let whys = words(&lines, "gap").iter().map(|gap| gap["why"].to_string()).collect::<String>();
    for why in ["gzip member", "more than 8388608 bytes", "line 1: no JSON", "of 3 parts, 1 are missing"] {
        assert!(whys.contains(why), "{why}: {whys}");
    }
    let shown: Vec<_> = words(&lines, "chunk").iter().map(|chunk| chunk["seq"].as_i64().unwrap()).collect();
    assert_eq!(shown, [0, 3, 5, 8]);
    let text = lines.iter().map(Value::to_string).collect::<String>();
    assert!(!text.contains("evil") && !text.contains("onload") && !text.contains("\"script\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_damaged_on_disk_is_named_and_so_is_an_end_that_did_not_come() {
    let mut landing = Landing::new();
    let mut own = recorder(1);
    let session = visit(&mut landing, SITE, &own, 0.0);
    let bodies = [own.snapshot(10), own.mutations(30), own.snapshot(12), own.mutations(1)];
    Recordings::of(landing.path()).land(&bodies);
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    let payload = frames(&bodies[1], PAYLOAD_BYTES_MAX).unwrap()[0].payload.to_vec();
    let path = curated_files(&landing, "replay_chunks").remove(0);
    let mut file = std::fs::read(&path).unwrap();
    let place = file.windows(payload.len()).position(|window| window == payload).unwrap();
    file[place + payload.len() / 2] ^= 1;
    std::fs::write(&path, file).unwrap();

    let served = Served::of(&landing, &[]);
    let lines = served.frames(&own, "").await;
    let gaps: Vec<_> = words(&lines, "gap").iter().map(|gap| (gap["seq"].clone(), gap["what"].clone())).collect();
    assert_eq!(gaps, [(json!(1), json!("unreadable"))], "{lines:?}");
    let shown: Vec<_> = words(&lines, "chunk").iter().map(|chunk| chunk["seq"].as_i64().unwrap()).collect();
    assert_eq!(shown, [0, 2, 3]);
    let index = served.json(&format!("/api/v1/sessions/{session}/replay")).await;
    assert_eq!(index["page_views"][0]["ended"], json!(false), "no chunk is the last, and no page_leave told of any");
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_come_by_signed_addresses_and_styles_harmless() {
    let mut landing = Landing::new();
    let (mut own, mut other) = (recorder(1), recorder(2));
    visit(&mut landing, SITE, &own, 0.0);
    let font = "11".repeat(32);
    let css = format!(
        "@import url(https://evil.example/a.css);a{{background:url(asset:{font})}}b{{background:url(https://evil.example/b)}}"
    );
    let sheet = own.style_sheet(&css);
    let hash = own.assets()[0].clone();
    let link = json!({"type": 2, "id": 3, "tagName": "head", "attributes": {}, "childNodes": [
        {"type": 2, "id": 4, "tagName": "link", "attributes": {"rel": "stylesheet", "href": format!("asset:{hash}")}, "childNodes": []}]});
    let foreign = other.style_sheet("i{color:blue}");
    let mut recordings = Recordings::of(landing.path());
    recordings.land(&[sheet, own.chunk("snapshot", &snapshot(link))]);
    recordings.site_id = OTHER;
    recordings.land(&[foreign]);
    let served = Served::of(&landing, &[]);
    let text = served.frames(&own, "").await.iter().map(Value::to_string).collect::<String>();
    let start = text.find("/api/v1/replay/assets/").unwrap();
    let address = text[start..].split('"').next().unwrap().to_owned();
    assert!(address.starts_with(&format!("/api/v1/replay/assets/{hash}?site=shop&until=")), "{address}");
    let lake = landing.lake();
    for _ in 0..2 {
        let reply = served.get(&address, None).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/css; charset=utf-8")),
            "{}",
            reply.text()
        );
        assert!(reply.header("cache-control").unwrap().contains("immutable"));
        assert!(reply.header("content-security-policy").unwrap().contains("sandbox"));
        let css = reply.text();
        assert!(!css.contains("evil"), "{css}");
        assert!(css.contains(&format!("/api/v1/replay/assets/{font}?site=shop&until=")), "{css}");
        compact(&lake, |_, _| {}).await.unwrap();
    }
    // The hash of another site's asset, and parts of the address that are not its own.
    let ways = [
        (address.replace(&hash, &other.assets()[0]), 403),
        (address.replace("site=shop", &format!("site={OTHER}")), 403),
        (address.replace("until=1", "until=2"), 403),
        (address.split('?').next().unwrap().to_owned(), 403),
        (format!("{address}&x=1"), 400),
    ];
    for (way, status) in ways {
        assert_eq!(served.get(&way, None).await.status, status, "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sees_recordings_of_its_sites_only() {
    let mut landing = Landing::new();
    let (mut own, mut other) = (recorder(1), recorder(2));
    let sessions = [visit(&mut landing, SITE, &own, 1.0), visit(&mut landing, OTHER, &other, 1.0)];
    let mut recordings = Recordings::of(landing.path());
    let foreign = other.style_sheet("i{color:blue}");
    // A recording of one's own that names another site's asset.
    let link = json!({"type": 2, "id": 3, "tagName": "link", "attributes":
        {"rel": "stylesheet", "href": format!("asset:{}", other.assets()[0])}, "childNodes": []});
    recordings.land(&[own.chunk("snapshot", &snapshot(link))]);
    recordings.site_id = OTHER;
    recordings.land(&[foreign, other.snapshot(20)]);
    let file = landing.path().join("access.toml");
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["token", "--access", file.to_str().unwrap(), "new", "own", "--site", SITE])
        .output()
        .unwrap();
    let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let lake = landing.lake();
    for _ in 0..2 {
        let served = Served::of(&landing, &["--access", file.to_str().unwrap()]);
        let get = async |path: String| served.get(&path, Some(&token)).await;
        let ids = [&own.page_view_id, &other.page_view_id];
        assert_eq!(get(format!("/api/v1/sessions/{}/replay", sessions[0])).await.status, 200);
        let frames = get(format!("/api/v1/replay/{}", ids[0])).await;
        assert_eq!(frames.status, 200);
        let start = frames.text().find("/api/v1/replay/assets/").unwrap();
        let address = frames.text()[start..].split('"').next().unwrap().to_owned();
        assert_eq!(get(address).await.status, 404, "an asset that its own site does not have");
        let hidden = [
            format!("/api/v1/sessions/{}/replay", sessions[1]),
            format!("/api/v1/replay/{}", ids[1]),
            format!("/api/v1/replay/{}?site_id={OTHER}", ids[1]),
            format!("/api/v1/replay/{}?site_id={OTHER}&visitor_id={}", ids[1], other.visitor_id),
        ];
        let nothing = get("/api/v1/sessions/00000000-0000-4000-8000-00000000abcd/replay".into()).await;
        for path in hidden {
            let reply = get(path.clone()).await;
            assert_eq!((reply.status, reply.code()), (404, nothing.code()), "{path}: {}", reply.text());
            assert!(!reply.text().contains(OTHER) && !reply.text().contains(&other.visitor_id));
            assert_eq!(served.get(&path, None).await.status, 401);
            assert_eq!(served.get(&path, Some("other")).await.status, 401);
        }
        for what in ["pointer", "marks", "friction"] {
            let path = format!("/api/v1/sessions/{}/{}/{what}", sessions[1], ids[1]);
            assert_eq!(get(path).await.json()["rows"], json!([]));
        }
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

/// The recording of `web/e2e/recording.mjs`, a minute of a shop's page on which a number counts the seconds: 41 to 53 s of it are
/// lost. The page's clock is five minutes slow. Then a page view of which nothing was recorded. The session's id.
fn shop_visit(landing: &mut Landing) -> String {
    let script = "import { recording } from './recording.mjs'; console.log(JSON.stringify(recording()))";
    let mut node = std::process::Command::new("node");
    let made = node.args(["--input-type=module", "-e", script]).current_dir("../web/e2e").output().unwrap();
    let mut events: Vec<Value> = serde_json::from_slice(&made.stdout).unwrap();
    let began = events[0]["timestamp"].as_f64().unwrap();
    let mut again = events[1].clone();
    again["timestamp"] = json!(began + 53_000.0);
    let place = events.iter().position(|event| event["timestamp"].as_f64() > Some(began + 53_000.0)).unwrap();
    events.insert(place, again);
    let of = recorder(1);
    let mut sheet = recorder(1);
    let asset = sheet.style_sheet("header{background:rgb(1,2,3)!important}");
    let link = json!({"type": 2, "id": 3000, "tagName": "link", "childNodes": [], "attributes":
        {"rel": "stylesheet", "href": format!("asset:{}", sheet.assets()[0])}});
    for event in &mut events {
        if event["type"] == 2 {
            let head = &mut event["data"]["node"]["childNodes"][1]["childNodes"][0]["childNodes"];
            head.as_array_mut().unwrap().push(link.clone());
        }
    }
    let offset_ms = 5.0 * 60.0 * 1_000.0;
    let chunk = |seq: i64, from_s: f64, until_s: f64| {
        let within = |event: &&Value| {
            let at = event["timestamp"].as_f64().unwrap() - began;
            (from_s * 1_000.0..until_s * 1_000.0).contains(&at)
        };
        let events: Vec<&Value> = events.iter().filter(within).collect();
        let (first, last) = (&events[0]["timestamp"], &events[events.len() - 1]["timestamp"]);
        let landed = |at: &Value| at.as_f64().unwrap() - began + NOON_MS;
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        let kind = if events.iter().any(|event| event["type"] == 2) { "snapshot" } else { "mutations" };
        let header = json!({"v": 1, "kind": kind, "visitor_id": of.visitor_id, "tab_id": of.tab_id,
            "page_view_id": of.page_view_id, "chunk_seq": seq, "part": 0, "parts": 1, "first_at": landed(first),
            "last_at": landed(last), "first_q": 0, "last_q": 0, "events": events.len(), "raw_bytes": lines.len(),
            "encoding": "gzip", "viewport": [1024, 640], "clock": {"offset_ms": offset_ms, "error_ms": 6.1},
            "masking_version": 1, "assets": sheet.assets()});
        frame(&header, &gzip(lines.as_bytes()))
    };
    let bodies = [asset, chunk(0, 0.0, 20.0), chunk(1, 20.0, 41.5), chunk(3, 53.0, 61.0)];
    Recordings::of(landing.path()).land(&bodies);

    let mut tab = Tab::new(&of.visitor_id, &of.tab_id);
    let mut event = |kind: &str, page: &str, at_ms: i64, numbers: &[(&str, f64)], texts: &[(&str, &str)]| {
        let path = if page == of.page_view_id { "/boxes" } else { "/checkout" };
        let url = format!("https://shop.example{path}");
        let own = [("page_view_id", page), ("page_url", &url), ("page_path", path), ("page_title", &path[1..])];
        tab.event(kind, NOON + at_ms * 1_000).with(&[&own, texts].concat()).with_numbers(numbers)
    };
    let viewport = [("viewport_width", 1_024.0), ("viewport_height", 640.0)];
    let button = |x: f64, y: f64| {
        [
            ("element_x", x),
            ("element_y", y),
            ("element_width", 160.0),
            ("element_height", 40.0),
            ("x", x + 80.0),
            ("y", y + 20.0),
        ]
    };
    let mut landed = vec![event("page_view", &of.page_view_id, 0, &viewport, &[])];
    for second in 1..60_i64 {
        if (12..30).contains(&second) {
            continue;
        }
        let mut trail = event("pointer", &of.page_view_id, second * 1_000, &[], &[]);
        let turn = |sample: f64| (second as f64 + sample / 60.0) / 9.0;
        let samples = || (0..60).map(f64::from);
        trail.lists = vec![
            ("trail_dt".into(), samples().map(|sample| if sample == 0.0 { 0.0 } else { 16.0 }).collect()),
            ("trail_x".into(), samples().map(|sample| 512.0 + 380.0 * turn(sample).sin()).collect()),
            ("trail_y".into(), samples().map(|sample| 330.0 + 200.0 * (1.7 * turn(sample)).cos()).collect()),
        ];
        landed.push(trail);
    }
    let buy = [("element_path", "main>button#buy"), ("element_tag", "button"), ("element_text", "Buy now")];
    landed.push(event("click", &of.page_view_id, 8_000, &button(60.0, 300.0), &buy));
    for click in 0..5 {
        landed.push(event("click", &of.page_view_id, 44_800 + 150 * click, &button(420.0, 330.0), &buy));
    }
    landed.push(event(
        "error",
        &of.page_view_id,
        46_000,
        &[],
        &[("error_message", "basket is not a function <img src=x>")],
    ));
    let second = "01934f5e-6001-7000-8000-0000000000cc";
    landed.push(event("page_view", second, 62_000, &viewport, &[]));
    for (step, name) in [(1, "Name"), (2, "Street"), (3, "Pay € 19.00")] {
        let texts = [("element_path", "form>input"), ("element_tag", "input"), ("element_text", name)];
        landed.push(event("element_enter", second, 62_000 + step * 900, &button(340.0, 90.0 * step as f64), &texts));
    }
    let mut trail = event("pointer", second, 62_500, &[], &[]);
    trail.lists = vec![
        ("trail_dt".into(), vec![16.0; 200]),
        ("trail_x".into(), (0..200).map(|sample| 200.0 + 2.0 * f64::from(sample)).collect()),
        ("trail_y".into(), (0..200).map(|sample| 80.0 + 1.5 * f64::from(sample)).collect()),
    ];
    landed.push(trail);
    landed.push(event("page_leave", second, 70_000, &[], &[]));
    landed.sort_by_key(|event| event.at);
    landing.land(&landed);
    session_id(SITE, &of.visitor_id, NOON).to_string()
}

/// What a browser says of a replay; pictures go to the folder REPLAY_PICTURES, if it is named.
fn seen(url: &str, more: &[&str]) -> Value {
    let mut node = std::process::Command::new("node");
    node.arg("../web/e2e/replay_page.mjs").arg(url).args(more);
    if let Ok(folder) = std::env::var("REPLAY_PICTURES") {
        node.args(["--pictures", &folder]);
    }
    let done = node.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn check_seen(seen: &Value) {
    assert_eq!(seen["counts"], json!(["9", "29", "41", "57", "4"]), "{seen:#}");
    assert_eq!(seen["colours"], json!(["rgb(1, 2, 3)"]), "the asset is there");
    assert_eq!(seen["hatched"], json!([false, false, true, false, false]));
    assert_eq!(seen["losses"], "12 s of page changes lost at 0:41, 1 s of page changes may be missing at 1:00");
    assert_eq!(seen["books"], "3 of 4 chunks · clock ± 6.1 ms");
    assert_eq!(seen["badges"], json!(["1 lost", "pointer only"]));
    assert!(seen["wireframe"].as_str().unwrap().starts_with("Nothing was recorded"));
    assert!(seen["marks"].as_array().unwrap().contains(&json!("rage click")), "{seen:#}");
    assert_eq!(seen["pointer"], json!(true));
    for wrong in ["foreign", "violations", "errors"] {
        assert_eq!(seen[wrong], json!([]), "{wrong}");
    }
}

fn browser_wanted() -> bool {
    let wanted = std::env::var("CT_REAL_PARTS").as_deref() == Ok("1");
    if !wanted {
        eprintln!(
            "watch_tests: NOT RUN in a browser. It needs node, web/node_modules and Chromium, and CT_REAL_PARTS=1"
        );
    }
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_recording_and_what_is_lost() {
    if !browser_wanted() {
        return;
    }
    let mut landing = Landing::new();
    let session = shop_visit(&mut landing);
    let served = Served::of(&landing, &["--token", "secret", "--query-time", "300s"]);
    check_seen(&seen(&format!("http://{}/replay?session={session}", served.server.address), &["--token", "secret"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_shows_it_without_a_server() {
    if !browser_wanted() {
        return;
    }
    let mut landing = Landing::new();
    let session = shop_visit(&mut landing);
    let folder = landing.path().join("ticket");
    let export = || {
        let mut warehouse = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"));
        warehouse
            .args([
                "--store",
                &landing.url(),
                "--query-time",
                "300s",
                "replay",
                &session,
                "--out",
                folder.to_str().unwrap(),
            ])
            .output()
            .unwrap()
    };
    let done = export();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(told.starts_with("2 page views, 1 recorded, 1 chunk lost, 1 asset, "), "{told}");
    let again = export();
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && told.contains("it is there already") && told.lines().count() == 1, "{told}");
    let left: Vec<_> = fs::read_dir(landing.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".replay")), "{left:?}");
    check_seen(&seen(&format!("file://{}/index.html", folder.display()), &[]));
}

/// What `web/e2e/replay_offline.mjs` recorded of a page of its own, whose site is gone by now. The session's id.
fn visit_of_a_site_that_is_gone(landing: &mut Landing, folder: &Path) -> String {
    let done = offline("record", folder, &[]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told: Value = serde_json::from_slice(&fs::read(folder.join("told.json")).unwrap()).unwrap();
    assert!(told["asked"].as_object().unwrap().values().all(|times| times == 1), "nothing twice: {}", told["asked"]);
    let text = |name: &str| told[name].as_str().unwrap();
    let began = (told["began"].as_f64().unwrap() * 1_000.0) as i64;
    let mut recordings = Recordings::of(landing.path());
    recordings.received_at = began + 60 * SECOND;
    let frames = fs::read_dir(folder.join("frames")).unwrap();
    recordings.land(&frames.map(|frame| fs::read(frame.unwrap().path()).unwrap()).collect::<Vec<_>>());
    let mut tab = Tab::new(text("visitor_id"), text("tab_id"));
    let page = [("page_view_id", text("page_view_id")), ("page_url", "https://shop.example/"), ("page_path", "/")];
    let viewport = [("viewport_width", 1_000.0), ("viewport_height", 800.0)];
    let mut event = |kind: &str, at: i64| tab.event(kind, at).with(&page);
    landing.land(&[event("page_view", began).with_numbers(&viewport), event("page_leave", began + 60 * SECOND)]);
    session_id(SITE, text("visitor_id"), began).to_string()
}

fn offline(command: &str, folder: &Path, more: &[&str]) -> std::process::Output {
    let mut node = std::process::Command::new("node");
    node.arg("../web/e2e/replay_offline.mjs").arg(command).arg(folder).args(more).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_looks_as_it_did_when_its_site_is_gone() {
    if !browser_wanted() {
        return;
    }
    let mut landing = Landing::new();
    let recorded = tempfile::tempdir().unwrap();
    let session = visit_of_a_site_that_is_gone(&mut landing, recorded.path());
    let served = Served::of(&landing, &["--token", "secret", "--query-time", "300s"]);
    let ticket = recorded.path().join("ticket");
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["--store", &landing.url(), "--query-time", "300s", "replay", &session, "--out"])
        .arg(&ticket)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let live = format!("http://{}/replay?session={session}", served.server.address);
    let file = format!("file://{}/index.html", ticket.display());
    for ways in [vec![live.as_str(), "--token", "secret"], vec![file.as_str()]] {
        let done = offline("show", recorded.path(), &ways);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let seen: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(seen, json!({"wrong": [], "foreign": [], "violations": [], "errors": []}), "{ways:?}");
    }
}
