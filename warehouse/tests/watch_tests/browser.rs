//! What a browser shows of it.

use std::fs;
use std::path::Path;

use schemas::session::session_id;
use serde_json::{Value, json};
use testkit::recorder::{frame, gzip};

use crate::served::{NOON_MS, Served};
use crate::support::recordings::{Recordings, recorder};
use crate::support::{Landing, NOON, SECOND, SITE, Tab};

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
