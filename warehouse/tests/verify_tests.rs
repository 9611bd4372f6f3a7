//! Each fault that is planted is found and named; nothing else is.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::Path;

use schemas::landing::Link;
use support::{Landing, MINUTE, NOON, Tab, curated_files};
use warehouse::compact::compact;
use warehouse::tables;
use warehouse::verify::verify;

struct Planted {
    landing: Landing,
    links: Vec<Link>,
}

async fn sound() -> Planted {
    let mut landing = Landing::new();
    let mut tab = Tab::new("v1", "t1");
    let links = (0..4).map(|step| {
        let kinds = ["page_view", "pointer", "click"];
        let events: Vec<_> = kinds.map(|kind| tab.event(kind, NOON + step * MINUTE)).to_vec();
        landing.land(&events)
    });
    let links = links.collect();
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    Planted { landing, links }
}

/// Every table has a row.
async fn sound_in_every_table() -> Planted {
    let mut landing = Landing::new();
    let mut tab = Tab::new("v1", "t1");
    let mut event = |kind: &str| tab.event(kind, NOON);
    let links = vec![landing.land(&[
        event("page_view"),
        event("pointer"),
        event("click"),
        event("effect").with_numbers(&[("effect_of_seq", 2.0)]),
        event("element_leave").with_numbers(&[("duration_ms", 250.0)]),
        event("focus").with(&[("element_tag", "input")]),
        event("request"),
    ])];
    compact(&landing.lake(), |_, _| {}).await.unwrap();
    Planted { landing, links }
}

impl Planted {
    fn file(&self, link: usize) -> std::path::PathBuf {
        self.landing.path().join(&self.links[link].files[0].path)
    }

    /// All problems; each line must name what was damaged.
    async fn problems(&self) -> Vec<String> {
        verify(&self.landing.lake(), |_| {}).await.unwrap().problems
    }

    async fn assert_found(&self, words: &[&str]) {
        let problems = self.problems().await;
        let found = problems.iter().any(|problem| words.iter().all(|word| problem.contains(word)));
        assert!(found, "no problem with {words:?} among {problems:#?}");
    }
}

fn change(path: &Path, with: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    with(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_sound_store_has_no_problems() {
    assert_eq!(sound().await.problems().await, Vec::<String>::new());
}

#[tokio::test]
async fn links_that_wait_for_compaction_are_noted_and_no_problem() {
    let mut planted = sound().await;
    let mut tab = Tab::new("v2", "t2");
    planted.landing.land(&[tab.event("click", NOON)]);
    let report = verify(&planted.landing.lake(), |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.notes.iter().any(|note| note.contains("1 link landed, not compacted yet")), "{:?}", report.notes);
}

#[tokio::test]
async fn a_missing_link() {
    let planted = sound().await;
    std::fs::remove_file(planted.landing.link_path(&planted.links[1])).unwrap();
    planted.assert_found(&["a link is missing", "103 to 105"]).await;
}

#[tokio::test]
async fn a_missing_first_link() {
    let planted = sound().await;
    std::fs::remove_file(planted.landing.link_path(&planted.links[0])).unwrap();
    planted.assert_found(&["links before it are missing"]).await;
}

#[tokio::test]
async fn an_overlapping_link() {
    let planted = sound().await;
    let link = Link { start: 104, sequence: 2, ..planted.links[1].clone() };
    planted.landing.put_link(&link);
    planted.assert_found(&["links overlap", "104 to 105"]).await;
    planted.assert_found(&[&planted.links[1].files[0].path, "named twice"]).await;
}

#[tokio::test]
async fn a_missing_last_link() {
    let planted = sound().await;
    std::fs::remove_file(planted.landing.link_path(&planted.links[3])).unwrap();
    planted.assert_found(&["table events", "to offset 111", "the chain ends at 108"]).await;
}

#[tokio::test]
async fn a_missing_data_file() {
    let planted = sound().await;
    std::fs::remove_file(planted.file(2)).unwrap();
    planted.assert_found(&[&planted.links[2].files[0].path, "missing"]).await;
}

#[tokio::test]
async fn a_cut_data_file() {
    let planted = sound().await;
    change(&planted.file(2), |bytes| bytes.truncate(bytes.len() / 2));
    planted.assert_found(&[&planted.links[2].files[0].path, "bytes, not"]).await;
}

#[tokio::test]
async fn a_data_file_with_another_content() {
    let planted = sound().await;
    change(&planted.file(2), |bytes| bytes[10] ^= 1);
    planted.assert_found(&[&planted.links[2].files[0].path, "checksum"]).await;
}

#[tokio::test]
async fn a_data_file_replaced_by_anothers_copy() {
    let planted = sound().await;
    std::fs::copy(planted.file(1), planted.file(2)).unwrap();
    planted.assert_found(&[&planted.links[2].files[0].path, "outside the offsets"]).await;
    planted.assert_found(&["table events", "in no landing file"]).await;
}

#[tokio::test]
async fn a_missing_state_file() {
    let planted = sound().await;
    let link = Link { state: vec!["landing/state/telemetry.events/p=0/x.snapshot".into()], ..planted.links[3].clone() };
    planted.landing.put_link(&link);
    planted.assert_found(&["state file", "x.snapshot", "missing"]).await;
}

#[tokio::test]
async fn damage_in_a_curated_file() {
    for table in tables::ALL.iter().map(|table| table.name) {
        let planted = sound_in_every_table().await;
        let files = curated_files(&planted.landing, table);
        assert_eq!(files.len(), 1, "{table}");
        change(&files[0], |bytes| bytes.truncate(bytes.len() - 9));
        planted.assert_found(&[&format!("table {table}"), "cannot be read"]).await;
        std::fs::remove_file(&files[0]).unwrap();
        planted.assert_found(&[&format!("table {table}"), "missing"]).await;
    }
}

/// Places all over a file, the ends included.
fn places(bytes: usize, seed: usize) -> Vec<usize> {
    let spread = (0..4).map(|step| (seed * 7_919 + step * 2_654_435_761) % bytes);
    [0, bytes - 1, bytes - 5].into_iter().chain(spread).collect()
}

#[tokio::test]
async fn a_byte_that_has_changed_is_found_wherever_it_is() {
    let planted = sound_in_every_table().await;
    let mut files: Vec<_> = tables::ALL.iter().flat_map(|table| curated_files(&planted.landing, table.name)).collect();
    assert_eq!(files.len(), tables::ALL.len());
    files.push(planted.file(0));
    for (seed, file) in files.iter().enumerate() {
        let sound = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        for place in places(sound.len(), seed) {
            change(file, |bytes| bytes[place] ^= 1 << (seed % 8));
            let problems = verify(&planted.landing.lake(), |_| {}).await.unwrap().problems;
            let found = problems.iter().any(|problem| problem.contains(name) && problem.contains("checksum"));
            assert!(found, "byte {place} of {} of {name} among {problems:#?}", sound.len());
            std::fs::write(file, &sound).unwrap();
        }
    }
    assert_eq!(planted.problems().await, Vec::<String>::new());
}

#[tokio::test]
async fn files_of_earlier_versions_have_no_checksum_and_are_told() {
    let planted = sound().await;
    let file = curated_files(&planted.landing, "events").remove(0);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let earlier = format!("{}.parquet", &name[..name.find('.').unwrap()]);
    std::fs::rename(&file, file.with_file_name(&earlier)).unwrap();
    let log = planted.landing.path().join("warehouse/events/_delta_log");
    for commit in std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&commit).unwrap();
        std::fs::write(&commit, text.replace(&name, &earlier)).unwrap();
    }
    let report = verify(&planted.landing.lake(), |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(
        report.notes.iter().any(|note| note.contains("table events: 1 file without a checksum")),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn rows_lost_from_a_curated_file() {
    // A file of the same name with fewer rows: those of the first two links only.
    let planted = sound().await;
    let mut smaller = Landing::new();
    let mut tab = Tab::new("v1", "t1");
    for step in 0..2 {
        let kinds = ["page_view", "pointer", "click"];
        smaller.land(&kinds.map(|kind| tab.event(kind, NOON + step * MINUTE)));
    }
    compact(&smaller.lake(), |_, _| {}).await.unwrap();
    std::fs::copy(&curated_files(&smaller, "events")[0], &curated_files(&planted.landing, "events")[0]).unwrap();
    planted.assert_found(&["table events", "6 rows, not 12"]).await;
    planted.assert_found(&["table events", "6 events landed, but missing"]).await;
    planted.assert_found(&["table sessions", "12 events, but 6"]).await;
}

#[tokio::test]
async fn files_that_no_link_names_are_no_fault() {
    let planted = sound().await;
    let stray = planted.file(0).with_file_name("stray.parquet");
    std::fs::copy(planted.file(0), &stray).unwrap();
    let report = verify(&planted.landing.lake(), |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.notes.iter().any(|note| note.contains("1 file")), "{:?}", report.notes);
}
