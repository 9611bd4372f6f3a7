//! Imports of other providers' exports, and what they are asked for: which sessions both saw.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use support::exports::{ADOBE_COLUMNS, gzip, write_csv, write_feed, write_json, write_parquet};
use support::visits::{Case, Pair, Visit, truth, visits};
use support::{Landing, NOON, SITE, number, rows};
use tempfile::{TempDir, tempdir};
use warehouse::compact::compact;
use warehouse::providers::{Order, Provider, Summary, import};
use warehouse::query::{Limits, query};
use warehouse::verify::verify;
use warehouse::views::{By, coverage};
use warehouse::{Lake, Resources, format};

/// A lake and a folder for exports.
struct Imports {
    landing: Landing,
    lake: Arc<Lake>,
    folder: TempDir,
}

impl Imports {
    fn new() -> Self {
        let landing = Landing::new();
        let lake = landing.lake();
        Self { landing, lake, folder: tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn json(&self, name: &str, rows: &[Value]) -> PathBuf {
        write_json(&self.path(name), rows)
    }

    async fn ga4(&self, files: &[PathBuf]) -> anyhow::Result<Summary> {
        let order = Order { provider: Provider::Ga4, files: files.to_vec(), site_id: SITE.into(), intraday: false };
        import(&self.lake, order, |_, _| {}).await
    }

    async fn adobe(&self, files: &[PathBuf]) -> anyhow::Result<Summary> {
        let order = Order { provider: Provider::Adobe, files: files.to_vec(), site_id: SITE.into(), intraday: false };
        import(&self.lake, order, |_, _| {}).await
    }

    /// All rows of a table, in a fixed order.
    async fn table(&self, name: &str) -> Vec<Value> {
        rows(&self.lake, &format!("select * from {name} order by {}", order_of(name))).await
    }

    /// Which sessions are one, as the view has it.
    async fn pairs(&self, provider: &str) -> BTreeSet<Pair> {
        let sql = format!("select visitor_id, {provider}_session from telemetry_with_{provider}");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        rows(&self.lake, &sql).await.iter().map(|row| (text(&row[0]), text(&row[1]))).collect()
    }
}

fn order_of(table: &str) -> &'static str {
    match table {
        "ga4_events" => "site_id, event_timestamp, user_pseudo_id, event_bundle_sequence_id, batch_event_index",
        _ => "site_id, hit_time_gmt, hitid_high, hitid_low",
    }
}

fn land(landing: &mut Landing, visits: &[Visit]) {
    let mut events: Vec<_> = visits.iter().flat_map(Visit::events).collect();
    events.sort_by_key(|event| event.at);
    landing.land(&events);
}

fn export(visits: &[Visit]) -> Vec<Value> {
    visits.iter().flat_map(Visit::ga4).collect()
}

fn event(name: &str, at: i64, place: i64) -> Value {
    json!({
        "event_date": chrono::DateTime::from_timestamp_micros(at).unwrap().format("%Y%m%d").to_string(),
        "event_timestamp": at.to_string(), "event_name": name, "user_pseudo_id": "1.2",
        "event_bundle_sequence_id": "7", "batch_event_index": place.to_string(),
    })
}

#[tokio::test]
async fn sessions_that_both_saw_are_found_and_no_others() {
    let mut imports = Imports::new();
    let visits = visits(45);
    land(&mut imports.landing, &visits);
    let done = imports.ga4(&[imports.json("export.json", &export(&visits))]).await.unwrap();
    assert_eq!((done.rejected, done.repeated), (0, 0));
    assert_eq!(done.rows, export(&visits).len() as u64, "events that share a time are all there");

    let expected = truth(&visits, Visit::ga4_pairs);
    let found = imports.pairs("ga4").await;
    assert_eq!(found.difference(&expected).collect::<Vec<_>>(), Vec::<&Pair>::new(), "too many");
    assert_eq!(expected.difference(&found).collect::<Vec<_>>(), Vec::<&Pair>::new(), "missing");
    // a visit is in the view once for each pair
    assert_eq!(number(&imports.lake, "select count(*) from telemetry_with_ga4").await, expected.len() as i64);
    let by = rows(&imports.lake, "select matched_by, count(*) from telemetry_with_ga4 group by 1 order by 1").await;
    assert_eq!(json!(by), json!([["session id", 20], ["time", 15], [null, 25]]));

    // five visits of each case: six joined ones, two that only we know, and three of theirs
    let report = rows(&imports.lake, &coverage("ga4", By::All, false)).await;
    assert_eq!(json!(report), json!([["all", 30, 10, 15, 75.0, 70.0]]));
    let by_browser = rows(&imports.lake, &coverage("ga4", By::Browser, false)).await;
    let browsers: Vec<&Value> = by_browser.iter().map(|row| &row[0]).collect();
    assert_eq!(browsers, ["Chrome", "Firefox"], "Chrome Mobile is Chrome");
    let by_page = rows(&imports.lake, &coverage("ga4", By::Page, false)).await;
    assert_eq!(json!(by_page), json!([["/", 30, 10, 15, 75.0, 70.0]]));
    // the stale sessions began on the days before
    assert!(rows(&imports.lake, &coverage("ga4", By::Day, true)).await.len() >= 2);
}

#[tokio::test]
async fn days_without_an_export_do_not_look_like_days_that_were_missed() {
    let mut imports = Imports::new();
    let mut visits = visits(9);
    let rows_of_day = export(&visits);
    let day = 24 * support::HOUR;
    visits.extend(visits.clone().into_iter().map(|visit| Visit {
        number: visit.number + 100,
        start: visit.start + 5 * day,
        ..visit
    }));
    land(&mut imports.landing, &visits);
    imports.ga4(&[imports.json("export.json", &rows_of_day)]).await.unwrap();
    assert_eq!(imports.pairs("ga4").await, truth(&visits[..9], Visit::ga4_pairs));
}

#[tokio::test]
async fn visits_of_adobe_are_joined_by_the_experience_cloud_id() {
    let mut imports = Imports::new();
    let visits = visits(27);
    land(&mut imports.landing, &visits);
    let hits: String = visits.iter().map(Visit::adobe).collect();
    let done = imports.adobe(&[write_feed(imports.folder.path(), &hits)]).await.unwrap();
    let seen = visits.iter().filter(|visit| visit.case != Case::OnlyUs).count() as u64;
    assert_eq!((done.rows, done.excluded, done.rejected), (seen * 2, seen * 2, 0));
    assert_eq!(imports.pairs("adobe").await, truth(&visits, Visit::adobe_pairs));

    let sql = "select pagename, page_url, page_path, browser, operating_system, events, evars, visit_page_num \
               from adobe_hits where hitid_high = '0' order by visit_page_num limit 1";
    let first = rows(&imports.lake, sql).await;
    let expected = json!([[
        "Boxes\ttall\\\nsmall",
        "https://shop.example/?a=b",
        "/",
        "Google Chrome 130.0",
        "1000000",
        "Purchase,Custom Event 1,999",
        r#"{"evar1":"members"}"#,
        1
    ]]);
    assert_eq!(json!(first), expected);
    let by_browser = rows(&imports.lake, &coverage("adobe", By::Browser, false)).await;
    assert!(by_browser.iter().any(|row| row[0] == "Chrome"), "{by_browser:?}");
}

/// Feeds have the columns that somebody chose.
#[tokio::test]
async fn a_feed_without_some_columns_is_joined_by_those_that_it_has() {
    let visits = visits(27);
    let hits: String = visits.iter().map(Visit::adobe).collect();
    let missing = |columns: &[&str], feed: &Path| {
        let places: Vec<usize> =
            ADOBE_COLUMNS.iter().zip(0..).filter(|(name, _)| !columns.contains(name)).map(|(_, place)| place).collect();
        let kept = |line: &str| {
            // A tab after a backslash is part of a value.
            let values: Vec<String> = line.replace("\\\t", "\\t").split('\t').map(str::to_owned).collect();
            places.iter().map(|place| values[*place].clone()).collect::<Vec<_>>().join("\t") + "\n"
        };
        // And a line break is none.
        let hits: String = hits.replace("\\\n", "\\n").lines().map(kept).collect();
        std::fs::write(feed.join("column_headers.tsv"), kept(&ADOBE_COLUMNS.join("\t"))).unwrap();
        std::fs::write(feed.join("hit_data.tsv"), hits).unwrap();
        feed.join("hit_data.tsv")
    };
    for (columns, page_views) in
        [(&["visid_type"][..], true), (&["visid_type", "mcvisid", "page_event"], false), (&["mcvisid"], true)]
    {
        let mut imports = Imports::new();
        land(&mut imports.landing, &visits);
        let done = imports.adobe(&[missing(columns, imports.folder.path())]).await.unwrap();
        assert_eq!(done.rejected_named, Vec::<String>::new(), "{columns:?}");
        assert_eq!(imports.pairs("adobe").await, truth(&visits, Visit::adobe_pairs), "{columns:?}");
        let told = number(&imports.lake, "select count(adobe_page_views) from telemetry_with_adobe").await;
        assert_eq!(told > 0, page_views, "{columns:?}: what the feed does not tell is not 0");
    }

    // Without the visitor's halves, visits that began in the same second are still those of two visitors.
    let imports = Imports::new();
    let feed = imports.folder.path();
    std::fs::write(feed.join("column_headers.tsv"), "hit_time_gmt\tmcvisid\tvisit_num\n").unwrap();
    let at = NOON / support::SECOND;
    std::fs::write(feed.join("hit_data.tsv"), format!("{at}\t1\t1\n{at}\t2\t1\n")).unwrap();
    imports.adobe(&[feed.join("hit_data.tsv")]).await.unwrap();
    assert_eq!(number(&imports.lake, "select count(distinct adobe_session) from telemetry_with_adobe").await, 2);

    // And an id that the feed says to be of another kind is none of the Experience Cloud.
    let imports = Imports::new();
    let feed = imports.folder.path();
    std::fs::write(feed.join("column_headers.tsv"), "hit_time_gmt\tvisid_high\tvisid_low\tvisid_type\n").unwrap();
    std::fs::write(feed.join("hit_data.tsv"), format!("{at}\t1\t2\t3\n{at}\t3\t4\t\n{at}\t5\t6\t5\n")).unwrap();
    imports.adobe(&[feed.join("hit_data.tsv")]).await.unwrap();
    let known = rows(&imports.lake, "select visid_high from adobe_hits where ecid is not null order by 1").await;
    assert_eq!(json!(known), json!([["3"], ["5"]]));
}

#[tokio::test]
async fn a_browser_is_the_same_whatever_it_runs_on() {
    let mut imports = Imports::new();
    let names = [
        ("Chrome Mobile iOS", "Chrome"),
        ("Chrome Mobile", "Chrome"),
        ("Google Chrome 130.0", "Chrome"),
        ("Chrome Mobile 130.0", "Chrome"),
        ("Chrome Mobile WebView", "Chrome WebView"),
        ("Apple Mobile Safari 17.1", "Safari"),
        ("Mobile Safari", "Safari"),
        ("Firefox iOS", "Firefox"),
        ("Edge Mobile", "Edge"),
        ("Mobileiron", "Mobileiron"),
    ];
    let visits = visits(27);
    let one = visits.iter().find(|visit| visit.case == Case::Plain).unwrap();
    let mut events = Vec::new();
    let mut export = Vec::new();
    for (number, (name, _)) in (100..).zip(names) {
        let visit = Visit { number, ..one.clone() };
        let mut ours = visit.events();
        for event in &mut ours {
            event.texts.retain(|(column, _)| column != "browser_name");
            event.texts.push(("browser_name".to_owned(), name.to_owned()));
        }
        events.extend(ours);
        export.extend(visit.ga4());
    }
    events.sort_by_key(|event| event.at);
    imports.landing.land(&events);
    imports.ga4(&[imports.json("export.json", &export)]).await.unwrap();
    let told = rows(&imports.lake, &coverage("ga4", By::Browser, false)).await;
    let told: BTreeSet<&str> = told.iter().filter_map(|row| row[0].as_str()).collect();
    assert_eq!(told, names.iter().map(|(_, plain)| *plain).collect());
}

#[tokio::test]
async fn the_same_import_twice_is_the_same_table_and_a_rewritten_day_replaces_its_own() {
    let imports = Imports::new();
    let other_site = Order {
        provider: Provider::Ga4,
        files: vec![imports.json("other.json", &[event("other", NOON, 1)])],
        site_id: "other".into(),
        intraday: false,
    };
    import(&imports.lake, other_site, |_, _| {}).await.unwrap();
    let day = 24 * support::HOUR;
    let first = [event("a", NOON, 1), event("b", NOON, 2), event("c", NOON + day, 1)];
    let file = imports.json("export.json", &first);
    imports.ga4(std::slice::from_ref(&file)).await.unwrap();
    let once = imports.table("ga4_events").await;
    // Given twice over, its rows still count once.
    let again = imports.ga4(&[file.clone(), file]).await.unwrap();
    assert_eq!((again.rows, again.repeated, again.days.len()), (3, 3, 2));
    assert_eq!(imports.table("ga4_events").await, once);
    assert_eq!(once.len(), 4);

    imports.ga4(&[imports.json("events_20261120.json", &[event("rewritten", NOON, 1)])]).await.unwrap();
    let names = rows(&imports.lake, "select site_id, event_name from ga4_events order by 1, 2").await;
    assert_eq!(json!(names), json!([["other", "other"], ["shop", "c"], ["shop", "rewritten"]]));
}

#[tokio::test]
async fn the_daily_export_replaces_the_intraday_one_and_never_the_other_way() {
    let imports = Imports::new();
    let early = imports.json("events_intraday_20261120.json", &[event("early", NOON, 1)]);
    let daily = imports.json("events_20261120.json", &[event("early", NOON, 1), event("late", NOON, 2)]);
    let names = async || rows(&imports.lake, "select event_name, export from ga4_events order by 1").await;
    imports.ga4(std::slice::from_ref(&early)).await.unwrap();
    assert_eq!(json!(names().await), json!([["early", "intraday"]]));
    imports.ga4(std::slice::from_ref(&daily)).await.unwrap();
    assert_eq!(json!(names().await), json!([["early", "daily"], ["late", "daily"]]));
    let refused = imports.ga4(std::slice::from_ref(&early)).await.unwrap();
    assert_eq!((refused.rows, refused.days.len(), refused.days_kept.len()), (0, 0, 1));
    assert_eq!(json!(names().await), json!([["early", "daily"], ["late", "daily"]]));
    let both = imports.ga4(&[early, daily]).await.unwrap_err().to_string();
    assert!(both.contains("do not go together"), "{both}");
}

/// A row of another day would replace that day by itself.
#[tokio::test]
async fn a_file_of_one_day_replaces_no_other() {
    let imports = Imports::new();
    let day = 24 * support::HOUR;
    imports.ga4(&[imports.json("events_20261121.json", &[event("kept", NOON + day, 1)])]).await.unwrap();
    let rows_of_two = [event("own", NOON, 1), event("stray", NOON + day, 2)];
    let done = imports.ga4(&[imports.json("events_20261120.json", &rows_of_two)]).await.unwrap();
    assert_eq!((done.rows, done.rejected), (1, 1));
    let names = rows(&imports.lake, "select event_name from ga4_events order by 1").await;
    assert_eq!(json!(names), json!([["kept"], ["own"]]));
}

#[tokio::test]
async fn json_csv_and_parquet_compressed_or_not_are_the_same() {
    let imports = Imports::new();
    let visit = &visits(1)[0];
    let export = visit.ga4();
    let json = imports.json("export.json", &export);
    imports.ga4(std::slice::from_ref(&json)).await.unwrap();
    let expected = imports.table("ga4_events").await;

    let packed = imports.path("packed");
    std::fs::write(&packed, gzip(&std::fs::read(&json).unwrap())).unwrap();
    let csv = write_csv(&imports.path("flat.csv"), &export);
    let parquet = write_parquet(&imports.path("export.parquet"), &imports.lake.engine.session(), &export).await;
    for file in [packed, csv, parquet] {
        let done = imports.ga4(std::slice::from_ref(&file)).await.unwrap();
        assert_eq!((done.rows, done.rejected_named.as_slice()), (export.len() as u64, &[][..]), "{file:?}");
        assert_eq!(imports.table("ga4_events").await, expected, "{file:?}");
    }
}

#[tokio::test]
async fn a_bad_row_is_named_kept_and_counted_and_ends_nothing() {
    let imports = Imports::new();
    let good = event("good", NOON, 1);
    let lines = format!("{good}\n{{\"event_name\": \n\n=cmd|' /C calc'!A0\n{}\n[1]\n", json!({"event_name": "x"}));
    let path = imports.path("export.json");
    std::fs::write(&path, lines).unwrap();
    let done = imports.ga4(std::slice::from_ref(&path)).await.unwrap();
    assert_eq!((done.rows, done.rejected), (1, 4));
    for (named, end) in
        done.rejected_named.iter().zip([":2: no JSON", ":4: no JSON", ":5: event_timestamp", ":6: no object"])
    {
        assert!(named.contains(&format!("export.json{end}")), "{named}");
    }
    let (key, kept) = done.rejected_kept.unwrap();
    let kept_rows = std::fs::read_to_string(imports.landing.path().join(key)).unwrap();
    assert_eq!((kept, kept_rows.lines().count()), (4, 4));
    let second: Value = serde_json::from_str(kept_rows.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&second["line"], &second["row"]), (&json!(4), &json!("=cmd|' /C calc'!A0")));

    // Wherever the bad row stands: a file is CSV by its header only.
    for (first, told) in [
        (
            "garbage",
            "no JSON: expected value at line 1 column 1; and no header of CSV, which names a column event_name",
        ),
        ("[1]", "no object"),
        ("null", "no object"),
        ("\"", "no JSON"),
        ("a,b", "no JSON"),
    ] {
        let path = imports.path("first.json");
        std::fs::write(&path, format!("{first}\n{good}\n")).unwrap();
        let done = imports.ga4(std::slice::from_ref(&path)).await.unwrap();
        assert_eq!((done.rows, done.rejected), (1, 1), "{first}");
        assert!(done.rejected_named[0].contains(&format!("first.json:1: {told}")), "{:?}", done.rejected_named);
    }

    // The same for CSV: the line is that on which the row begins.
    let csv = imports.path("bad.csv");
    let head = "event_date,event_timestamp,event_name,page_title\n";
    std::fs::write(&csv, format!("{head}20261120,{NOON},a,\"two\nlines\"\n20261120,soon,b,\n20261120,{NOON},c\n"))
        .unwrap();
    let done = imports.ga4(std::slice::from_ref(&csv)).await.unwrap();
    assert_eq!(done.rows, 1);
    assert!(done.rejected_named[0].contains("bad.csv:4: event_timestamp is \"soon\""), "{:?}", done.rejected_named);
    assert!(done.rejected_named[1].contains("bad.csv:5: 3 columns, not 4"), "{:?}", done.rejected_named);
    let formula = "select '=' || event_name as x from ga4_events";
    let answer = format::csv(&query(&imports.lake, formula, Limits::answer()).await.unwrap());
    assert_eq!(answer, "x\n'=a\n", "a formula in an answer is harmless");

    let feed = write_feed(imports.folder.path(), "1795176000\t\t0\n");
    let none = imports.adobe(&[feed]).await.unwrap_err().to_string();
    assert!(none.contains("hit_data.tsv:1: 3 columns, not 24"), "{none}");
}

#[tokio::test]
async fn an_import_that_fails_leaves_the_table_as_it_was() {
    let imports = Imports::new();
    imports.ga4(&[imports.json("events_20261120.json", &[event("old", NOON, 1)])]).await.unwrap();
    let before = imports.table("ga4_events").await;
    let files = data_files(imports.landing.path());

    let new = imports.json("new.json", &(0..600).map(|place| event("new", NOON, place)).collect::<Vec<_>>());
    let cut = imports.path("cut.json.gz");
    let packed = gzip(&std::fs::read(&new).unwrap());
    std::fs::write(&cut, &packed[..packed.len() / 2]).unwrap();
    let bad = imports.path("bad.json");
    std::fs::write(&bad, "{}\n").unwrap();
    let torn = imports.path("torn.parquet");
    std::fs::write(&torn, "PAR1 and nothing more").unwrap();
    let archive = imports.path("feed.tar");
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    std::fs::write(&archive, tar).unwrap();
    for (file, told) in [
        (cut, "cut.json.gz"),
        (bad, "event_name is missing); nothing was changed"),
        (torn, "torn.parquet: no Parquet that can be read"),
        (archive, "unpack it"),
        (imports.path("missing.json"), "cannot open"),
        (imports.folder.path().to_owned(), "is no file"),
        (imports.json("empty.json", &[]), "no row could be taken"),
    ] {
        let files =
            if told.contains("changed") || told.contains("no row") { vec![file] } else { vec![new.clone(), file] };
        let error = format!("{:#}", imports.ga4(&files).await.unwrap_err());
        assert!(error.contains(told), "{error}");
        assert_eq!(imports.table("ga4_events").await, before);
    }
    assert_eq!(data_files(imports.landing.path()), files, "what was written is gone again");
    let headless = imports.path("feed");
    std::fs::create_dir(&headless).unwrap();
    std::fs::write(headless.join("hit_data.tsv"), "1\n").unwrap();
    let error = format!("{:#}", imports.adobe(&[headless.join("hit_data.tsv")]).await.unwrap_err());
    assert!(error.contains("column_headers.tsv is missing"), "{error}");
}

#[tokio::test]
async fn an_import_that_is_ended_in_the_middle_changes_nothing() {
    let imports = Imports::new();
    imports.ga4(&[imports.json("old.json", &[event("old", NOON, 1)])]).await.unwrap();
    let before = imports.table("ga4_events").await;
    let new = imports.json("new.json", &(0..5_000).map(|place| event("new", NOON, place)).collect::<Vec<_>>());
    let order = || Order { provider: Provider::Ga4, files: vec![new.clone()], site_id: SITE.into(), intraday: false };
    let read = tokio::sync::Notify::new();
    let work = import(&imports.lake, order(), |done, _| {
        if done > 0 {
            read.notify_one()
        }
    });
    tokio::select! {
        biased;
        () = read.notified() => {}
        done = work => drop(done.unwrap()),
    }
    let after = imports.table("ga4_events").await;
    assert!(after == before || after.len() == 5_000, "{} rows: neither the old ones nor the new ones", after.len());
    let again = import(&imports.lake, order(), |_, _| {}).await.unwrap();
    assert_eq!((again.rows, imports.table("ga4_events").await.len()), (5_000, 5_000));
}

fn data_files(store: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![store.join("warehouse")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == "parquet") => drop(found.insert(path)),
                false => {}
            }
        }
    }
    found
}

#[tokio::test]
async fn imports_beside_each_other_all_land() {
    let imports = Imports::new();
    let day = 24 * support::HOUR;
    let work = (0..4).map(|step| {
        let file = imports.json(&format!("{step}.json"), &[event("a", NOON + step * day, 1)]);
        // each as a process of its own would do it
        let lake = imports.landing.lake();
        let order = Order { provider: Provider::Ga4, files: vec![file], site_id: SITE.into(), intraday: false };
        tokio::spawn(async move { import(&lake, order, |_, _| {}).await.map(|_| ()) })
    });
    for work in work.collect::<Vec<_>>() {
        work.await.unwrap().unwrap();
    }
    assert_eq!(number(&imports.lake, "select count(*) from ga4_events").await, 4);
}

#[tokio::test]
async fn without_an_import_every_view_and_report_answers_without_rows() {
    let mut imports = Imports::new();
    let views = ["ga4_events", "adobe_hits", "telemetry_with_ga4", "telemetry_with_adobe"];
    for visits in [&[][..], &visits(3)] {
        if !visits.is_empty() {
            land(&mut imports.landing, visits);
        }
        for view in views {
            assert_eq!(number(&imports.lake, &format!("select count(*) from {view}")).await, 0, "{view}");
        }
        for by in [By::All, By::Page, By::Browser, By::Day] {
            for provider in ["ga4", "adobe"] {
                assert_eq!(rows(&imports.lake, &coverage(provider, by, false)).await.len(), 0);
            }
        }
    }
    // and an export without anything of ours has its sessions
    let theirs = Imports::new();
    theirs.ga4(&[theirs.json("export.json", &export(&visits(1)))]).await.unwrap();
    assert_eq!(number(&theirs.lake, "select count(*) from telemetry_with_ga4 where seen_by = 'ga4'").await, 1);
}

#[tokio::test]
async fn verify_counts_imported_rows_and_finds_damage_in_them() {
    let mut imports = Imports::new();
    land(&mut imports.landing, &visits(2));
    imports.ga4(&[imports.json("export.json", &export(&visits(2)))]).await.unwrap();
    let report = verify(&imports.lake, |_| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.summary.iter().any(|line| line.contains("table ga4_events: 8 rows")), "{:?}", report.summary);
    let file = support::curated_files(&imports.landing, "ga4_events").pop().unwrap();
    std::fs::remove_file(file).unwrap();
    let problems = verify(&imports.lake, |_| {}).await.unwrap().problems;
    assert!(problems.iter().any(|problem| problem.contains("table ga4_events") && problem.contains("missing")));
}

/// Every query that the documentation shows.
#[tokio::test]
async fn documented_queries_answer() {
    let mut imports = Imports::new();
    let visits = visits(9);
    land(&mut imports.landing, &visits);
    compact(&imports.lake, |_, _| {}).await.unwrap();
    imports.ga4(&[imports.json("export.json", &export(&visits))]).await.unwrap();
    let hits: String = visits.iter().map(Visit::adobe).collect();
    imports.adobe(&[write_feed(imports.folder.path(), &hits)]).await.unwrap();
    for document in [include_str!("../../docs/providers.md"), include_str!("../../docs/visits.md")] {
        let queries: Vec<&str> =
            document.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!queries.is_empty());
        for sql in queries {
            let answer = rows(&imports.lake, sql).await;
            let must = sql.contains("left join") || sql.contains("campaigns");
            assert!(!must || !answer.is_empty(), "{sql}");
        }
    }
}

/// The rows take several times the memory that the import may have.
#[tokio::test]
async fn a_file_larger_than_memory_is_imported() {
    let mut imports = Imports::new();
    imports.lake = imports.landing.lake_with(Resources { memory_bytes_max: 24 << 20, ..Resources::default() });
    let wide = "x".repeat(8_000);
    let path = imports.path("export.json");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for place in (0..12_000).rev() {
        let mut row = event("wide", NOON, place);
        row["event_params"] = json!([{"key": "noise", "value": {"string_value": format!("{wide}{place}")}}]);
        writeln!(file, "{row}").unwrap();
    }
    file.flush().unwrap();
    let done = imports.ga4(&[path]).await.unwrap();
    assert_eq!((done.rows, done.rejected), (12_000, 0));
    assert_eq!(number(&imports.lake, "select count(distinct batch_event_index) from ga4_events").await, 12_000);
}

#[test]
fn the_feed_has_as_many_values_as_columns() {
    let line = visits(1)[0].adobe().replace("\\\t", "").replace("\\\n", "");
    assert_eq!(line.lines().next().unwrap().split('\t').count(), ADOBE_COLUMNS.len());
}
