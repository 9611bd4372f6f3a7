//! The page views of `bench replay`: everything that is sent of them is what the contract wants and what a player shows.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

use std::collections::{BTreeMap, HashMap, HashSet};

use bench::replay::bodies::{of_events, of_frames};
use bench::replay::reading;
use bench::replay::recordings::{Recording, Recordings};
use bench::replay::visits::{self, Setting, View};
use replay::{NoAssets, Part, Sanitiser, read_chunk};
use schemas::ingest;
use schemas::replay::{Frame, PAYLOAD_BYTES_MAX, frames, parse};

const NOW_MS: f64 = 1_795_250_000_000.0;

fn made(page_views: usize, seed: u64) -> (Recordings, Vec<Vec<View>>) {
    let recordings = Recordings::make(seed, page_views, || ());
    let days = visits::days(&Setting { page_views, days: 3, sites: 4, seed, now_ms: NOW_MS }, &recordings);
    (recordings, days)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let bodies = |seed| {
        let (recordings, days) = made(40, seed);
        let views = days.concat();
        let frames: Vec<_> = of_frames(&views, &recordings).map(|batch| batch.body).collect();
        let events: Vec<_> = of_events(&views, &recordings).map(|batch| batch.body).collect();
        (frames, events)
    };
    assert_eq!(bodies(7), bodies(7));
    assert_ne!(bodies(7), bodies(8));
}

#[test]
fn all_page_views_are_there_on_several_days_and_sites_and_none_is_to_come() {
    let (recordings, days) = made(400, 1);
    assert_eq!((days.len(), days.iter().map(Vec::len).sum::<usize>()), (3, 400));
    assert!(days.iter().all(|day| day.len() >= 133));
    let views: Vec<&View> = days.iter().flatten().collect();
    let ids: HashSet<_> = views.iter().map(|view| view.page_view_id).collect();
    assert_eq!(ids.len(), 400);
    assert_eq!(views.iter().map(|view| view.site).collect::<HashSet<_>>().len(), 4);
    assert!(views.iter().all(|view| view.began_ms + recordings.all[view.recording].length_ms < NOW_MS));
}

#[test]
fn every_batch_passes_the_ingest_parser_and_a_tab_has_no_gaps() {
    let (recordings, days) = made(200, 2);
    let mut tabs: HashMap<_, BTreeMap<i64, Vec<i64>>> = HashMap::new();
    let mut left = 0;
    for batch in days.iter().flat_map(|views| of_events(views, &recordings)) {
        let parsed = ingest::parse(&batch.body).unwrap_or_else(|error| panic!("{error}: {:?}", batch.body));
        assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
        assert_eq!((parsed.events.len() as u32, parsed.header.visitor_id.0), (batch.events, batch.visitor_id));
        assert!(parsed.events.iter().all(|event| event.at.0 <= parsed.header.sent_at.0));
        left += parsed.events.iter().filter(|event| event.kind.name() == "page_leave").count();
        let seqs = parsed.events.iter().map(|event| event.seq.0).collect();
        let before = tabs.entry(parsed.header.tab_id.0).or_default().insert(parsed.header.batch_seq.0, seqs);
        assert_eq!(before, None);
    }
    assert_eq!(left, 200);
    for batches in tabs.values() {
        assert!(batches.keys().copied().eq(0..batches.len() as i64), "{batches:?}");
        let seqs: Vec<i64> = batches.values().flatten().copied().collect();
        assert!(seqs.iter().copied().eq(0..seqs.len() as i64), "{seqs:?}");
    }
}

#[test]
fn every_frame_passes_the_contract_and_every_recording_is_shown_whole() {
    let (recordings, days) = made(80, 3);
    let mut chunks: HashMap<_, BTreeMap<i64, String>> = HashMap::new();
    let mut assets = 0;
    for batch in days.iter().flat_map(|views| of_frames(views, &recordings)) {
        let raw = frames(&batch.body, PAYLOAD_BYTES_MAX).unwrap();
        assert_eq!(raw.len() as u32, batch.events);
        for frame in &raw {
            match parse(frame).unwrap() {
                Frame::Asset(asset, payload) => {
                    assert_eq!(asset.sha256.to_string(), testkit::recorder::sha256(payload));
                    assets += 1;
                }
                Frame::Chunk(chunk, payload) => {
                    let text = read_chunk(&[Part { part: 0, parts: 1, payload }]).unwrap();
                    assert_eq!(text.len() as i64, chunk.raw_bytes.0);
                    assert_eq!(text.lines().count() as i64, chunk.events.0);
                    let before =
                        chunks.entry(chunk.page_view_id.0).or_default().insert(chunk.chunk_seq.0, text.to_string());
                    assert_eq!(before, None);
                }
            }
        }
    }
    assert!((1..=12).contains(&assets), "once for each site and day: {assets}");
    assert_eq!(chunks.len(), 80);
    for chunks in chunks.values() {
        assert!(chunks.keys().copied().eq(0..chunks.len() as i64));
        let mut sanitiser = Sanitiser::new(NoAssets);
        let mut shown = Vec::new();
        chunks.values().for_each(|text| sanitiser.chunk(text, &mut shown).unwrap());
        let recorded: usize = chunks.values().map(|text| text.lines().count()).sum();
        assert_eq!(String::from_utf8(shown).unwrap().lines().count(), recorded, "no event is left out");
    }
}

/// The demo shop's pages, recorded in Chromium: snapshots of 28 to 50 kB for 170 to 390 nodes, 6 to 8 kB compressed, changes of
/// 0.5 to 40 kB, 0.5 to 4 kB compressed.
#[test]
fn sizes_are_those_of_a_recorded_shop() {
    let recordings = Recordings::make(1, 800, || ());
    let chunks = || recordings.all.iter().flat_map(|recording| &recording.chunks);
    let small: Vec<_> = chunks().filter(|chunk| chunk.is_snapshot && (150..450).contains(&chunk.nodes)).collect();
    assert!(small.len() > recordings.all.len() / 2);
    for chunk in small {
        assert!((60..160).contains(&(chunk.raw_bytes as u64 / chunk.nodes)), "{} for {}", chunk.raw_bytes, chunk.nodes);
        assert!((12..30).contains(&(chunk.payload.len() as u64 / chunk.nodes)), "{}", chunk.payload.len());
    }
    let changes: Vec<usize> = chunks().filter(|chunk| !chunk.is_snapshot).map(|chunk| chunk.payload.len()).collect();
    let mean = changes.iter().sum::<usize>() / changes.len();
    assert!((500..3_000).contains(&mean), "{mean}");
    let whole = |recording: &Recording| recording.chunks.iter().map(|chunk| chunk.payload.len()).sum::<usize>();
    let mean = recordings.all.iter().map(whole).sum::<usize>() / recordings.all.len();
    assert!(
        (8_000..16_000).contains(&mean),
        "a page view's {mean} bytes: 100,000 have to fit on a disk, several times"
    );
    let distinct: HashSet<_> = recordings.all.iter().map(|recording| &recording.chunks[0].payload).collect();
    assert_eq!(distinct.len(), recordings.all.len());
}

#[test]
fn page_views_are_drawn_from_everywhere_and_no_session_twice() {
    let (recordings, days) = made(400, 4);
    let site_ids = ["a", "b", "c", "d"].map(str::to_owned);
    let some = reading::some(&days, &site_ids, &recordings, 30, 1);
    let sessions: HashSet<_> = some.iter().map(|one| &one.session_id).collect();
    assert_eq!((some.len(), sessions.len()), (30, 30));
    assert!(some.iter().map(|one| &one.site_id).collect::<HashSet<_>>().len() > 1);
    let few = reading::some(&days, &site_ids, &recordings, 4_000, 1);
    assert!(few.len() < 400 && !few.is_empty(), "{}", few.len());
}
