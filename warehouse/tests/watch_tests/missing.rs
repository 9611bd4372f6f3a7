//! What is missing or damaged is told, and the rest is shown.

use schemas::replay::{PAYLOAD_BYTES_MAX, frames};
use schemas::session::session_id;
use serde_json::json;
use warehouse::compact::compact;

use crate::served::{NOON_MS, Served, visit, words};
use crate::support::recordings::{Recordings, recorder};
use crate::support::{Landing, NOON, SECOND, SITE, Tab, curated_files, rows};

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
async fn why_a_page_view_is_not_recorded_is_told() {
    let mut landing = Landing::new();
    let mut own = recorder(1);
    let mut tab = Tab::new(&own.visitor_id, &own.tab_id);
    let recorded = own.page_view_id.clone();
    let mut events = Vec::new();
    for (page, why) in
        [(recorded.as_str(), "replay:too_large"), ("gpc", "replay:gpc"), ("pointer", "pointer"), ("silent", "")]
    {
        let mut event = |kind: &str, more: &[(&str, &str)]| {
            let at = NOON + events.len() as i64 * SECOND;
            events.push(tab.event(kind, at).with(&[&[("page_view_id", page)], more].concat()));
        };
        event("page_view", &[]);
        if !why.is_empty() {
            event("capture_degraded", &[("degraded_what", why)]);
        }
    }
    landing.land(&events);
    Recordings::of(landing.path()).land(&[own.snapshot(10)]);
    let session = session_id(SITE, &own.visitor_id, NOON);
    let lake = landing.lake();
    for _ in 0..2 {
        let served = Served::of(&landing, &[]);
        let index = served.json(&format!("/api/v1/sessions/{session}/replay")).await;
        let told = index["page_views"].as_array().unwrap().iter().map(|view| view["replay"].clone());
        assert_eq!(told.collect::<Vec<_>>(), [json!("recorded"), json!("gpc"), json!(null), json!(null)]);
        let view = rows(&lake, "select page_view_id, chunks, replay from replay_page_views order by chunks").await;
        assert_eq!(view, [json!(["gpc", 0, "gpc"]), json!([recorded, 1, "recorded"])]);
        assert_eq!(rows(&lake, "select page_views from replay_ledger").await, [json!([1])]);
        compact(&lake, |_, _| {}).await.unwrap();
    }
}
