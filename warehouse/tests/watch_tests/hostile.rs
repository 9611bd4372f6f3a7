//! What is hostile, and whose it is.

use std::path::Path;

use serde_json::{Value, json};
use testkit::recorder::{Recorder, frame, gzip};
use warehouse::compact::compact;

use crate::served::{OTHER, Served, snapshot, visit, words};
use crate::support::recordings::{Recordings, recorder};
use crate::support::{Landing, SITE};

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
        let served = Served::of(&landing, &["--access", file.to_str().unwrap(), "--query-time", "300s"]);
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
            let reply = get(path).await;
            assert_eq!(reply.json()["rows"], json!([]), "{what}: {}", reply.text());
        }
        compact(&lake, |_, _| {}).await.unwrap();
    }
}

/// A recording whose page links a style sheet of its own.
fn linked(landing: &mut Landing) -> Recorder {
    let mut own = recorder(1);
    visit(landing, SITE, &own, 0.0);
    let sheet = own.style_sheet("a{color:red}");
    let link = json!({"type": 2, "id": 3, "tagName": "link", "attributes":
        {"rel": "stylesheet", "href": format!("asset:{}", own.assets()[0])}, "childNodes": []});
    let chunk = own.chunk("snapshot", &snapshot(link));
    Recordings::of(landing.path()).land(&[sheet, chunk]);
    own
}

fn token(file: &Path, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"));
    let done = command.args(["token", "--access", file.to_str().unwrap()]).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_an_asset_holds_at_every_server_as_long_as_its_token() {
    let mut landing = Landing::new();
    let own = linked(&mut landing);
    let file = landing.path().join("access.toml");
    let reader = token(&file, &["new", "own", "--site", SITE]);
    token(&file, &["new", "other", "--site", SITE]);
    let access = ["--access", file.to_str().unwrap()];
    for (arguments, given) in
        [(&access[..], Some(reader.as_str())), (&["--token", "secret"], Some("secret")), (&[], None)]
    {
        let served = Served::of(&landing, arguments);
        let frames = served.get(&format!("/api/v1/replay/{}", own.page_view_id), given).await;
        let start = frames.text().find("/api/v1/replay/assets/").unwrap();
        let address = frames.text()[start..].split('"').next().unwrap().to_owned();
        // Another process beside it, which is as well one that came after it.
        let beside = Served::of(&landing, arguments);
        for served in [&served, &beside] {
            assert_eq!(served.get(&address, None).await.status, 200, "{arguments:?}");
        }
        for by in ["other", "anybody", "--token", "own"].map(|name| format!("&by={name}&")) {
            let (from, rest) = address.split_once("&by=").unwrap();
            let forged = format!("{from}{by}{}", rest.split_once('&').unwrap().1);
            let status = beside.get(&forged, None).await.status;
            assert_eq!(status == 200, forged == address, "{arguments:?}: {forged}");
        }
        if given == Some(reader.as_str()) {
            token(&file, &["remove", "own"]);
            for served in [&served, &beside] {
                assert_eq!(served.get(&address, None).await.status, 403, "the token was taken out");
            }
        }
    }
}
