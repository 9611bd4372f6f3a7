//! Named reports: over HTTP and on the command line, with values that are bound, for a token of one site.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::process::{Command, Output};

use serde_json::{Value, json};
use support::server::Server;
use support::{Landing, SITE, events};
use testkit::http::{self, Reply};
use url::form_urlencoded::Serializer;
use warehouse::reports::Reports;

const REPORTS: &str = "/api/v1/reports";
/// The day of everything that lands.
const DAY: [(&str, &str); 2] = [("from", "2026-11-20"), ("to", "2026-11-20")];
/// Stands in each text of the other site.
const OTHER: &str = "secretsite";
/// Who is not counted.
const BOT: &str = "bot";

/// Somebody fills in a form, clicks in anger, waits for a slow request and sees an error; once in our site, once in another. A bot does the
/// same in ours.
fn two_sites() -> Landing {
    let mut landing = Landing::new();
    let visit = |site: &str, who: &str, seq: i64| {
        let (visitor, tab) = (format!("visitor of {who}"), format!("tab of {who}"));
        let page = if site == SITE { "/checkout".to_owned() } else { format!("/{site}") };
        let event = |kind: &str, at: &str, more: Value| {
            let mut event = json!({
                "type": kind, "at": at, "visitor": visitor, "tab": tab, "site_id": site, "page_view_id": format!("view of {who}"),
                "page_path": page, "user_id": format!("user of {who}"), "is_bot": i64::from(who == BOT)
            });
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event
        };
        let field = |path: &str| json!({"element_path": path, "element_tag": "input", "element_name": &path[1..]});
        let button = json!({"element_path": "#buy", "element_tag": "button", "x": 5.0, "y": 5.0});
        let mut events = vec![
            event("page_view", "12:00:00", json!({"seq": seq})),
            event("focus", "12:00:01", field("#name")),
            event("input", "12:00:02", json!({"element_path": "#name", "element_tag": "input", "input_length": 3.0})),
            event(
                "blur",
                "12:00:03",
                json!({"element_path": "#name", "element_tag": "input", "duration_ms": 2000.0, "field_hesitation_ms": 1000.0}),
            ),
            event("focus", "12:00:04", field("#card")),
            event(
                "pointer",
                "12:00:05",
                json!({"trail_dt": [0.0, 8.0, 12.0], "trail_x": [1.0, 2.0, 3.0], "trail_y": [4.0, 5.0, 6.0]}),
            ),
        ];
        events.extend((0..3).map(|n| event("click", &format!("12:00:06.{n}"), button.clone())));
        events.push(event("request", "12:00:09", json!({"request_method": "POST", "request_url": format!("https://{site}.example/pay"), "request_status": 503.0, "request_duration_ms": 2500.0})));
        events.push(event(
            "error",
            "12:00:10",
            json!({"error_message": format!("no answer from {site}"), "error_source": "pay.js"}),
        ));
        events
    };
    let all = [visit(SITE, SITE, 0), visit(OTHER, OTHER, 770_000), visit(SITE, BOT, 0)].concat();
    for link in events::links(&json!([all]).to_string()) {
        landing.land(&link);
    }
    landing
}

/// Every report with what it must be given.
fn all() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let day = || DAY.map(|(name, value)| (name, value.to_owned())).to_vec();
    let with = |name: &'static str, value: &str| [day(), vec![(name, value.to_owned())]].concat();
    vec![
        ("errors", day()),
        ("form_funnel", with("page", "/checkout")),
        ("friction_by_page", day()),
        ("page_view_trail", vec![("page_view", format!("view of {SITE}"))]),
        ("pages", day()),
        ("rage_clicks", day()),
        ("session_in_order", vec![("session", String::new())]),
        ("sessions_of", with("who", &format!("user of {SITE}"))),
        ("slowest_requests", day()),
    ]
}

fn path(name: &str, given: &[(&str, String)]) -> String {
    let query =
        Serializer::new(String::new()).extend_pairs(given.iter().map(|(name, value)| (*name, value.as_str()))).finish();
    format!("{REPORTS}/{name}?{query}")
}

async fn get(server: &Server, path: &str, token: &str) -> Reply {
    http::call(server.address, "GET", path, &[("authorization", &format!("Bearer {token}"))], b"").await
}

fn token(folder: &std::path::Path, name: &str, arguments: &[&str]) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["token", "--access"])
        .arg(folder.join("access.toml"))
        .args(["new", name])
        .args(arguments)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn every_report_answers_what_happened_and_no_value_gets_around_the_scope() {
    let (landing, folder) = (two_sites(), tempfile::tempdir().unwrap());
    let (reader, admin) =
        (token(folder.path(), "support", &["--site", SITE]), token(folder.path(), "ops", &["--role", "admin"]));
    let access = folder.path().join("access.toml");
    let server = Server::start(&landing.url(), folder.path(), &["--access", access.to_str().unwrap()]);
    let session = get(&server, &path("sessions_of", &all()[7].1), &reader).await.json()["rows"][0][11]
        .as_str()
        .unwrap()
        .to_owned();
    let secret = path("sessions_of", &[&all()[7].1[..2], &[("who", "user of secretsite".to_owned())]].concat());
    let secret_session = get(&server, &secret, &admin).await.json()["rows"][0][11].as_str().unwrap().to_owned();
    let rows = async |name: &str, given: &[(&str, String)], token: &str| {
        let reply = get(&server, &path(name, given), token).await;
        assert_eq!(reply.status, 200, "{name} {given:?}: {}", reply.text());
        reply.json()["rows"].clone()
    };
    let mut answers = std::collections::BTreeMap::new();
    for (name, mut given) in all() {
        if name == "session_in_order" {
            given[0].1.clone_from(&session);
        }
        let own = rows(name, &given, &reader).await;
        assert!(!own.as_array().unwrap().is_empty(), "{name}");
        assert!(!own.to_string().contains(OTHER), "{name}: {own}");
        let every = rows(name, &given, &admin).await;
        assert!(every.as_array().unwrap().len() >= own.as_array().unwrap().len(), "{name}");
        // Ways around, in each parameter that takes any text: they are values, and find nothing.
        let others = [
            ("site", OTHER),
            ("page", "/secretsite"),
            ("page_view", "view of secretsite"),
            ("who", "user of secretsite"),
            ("session", &secret_session),
        ];
        for parameter in &Reports::default().named(name).unwrap().parameters {
            let Some((text, other)) = others.iter().find(|(text, _)| *text == parameter.name) else { continue };
            for hostile in [other, "shop') or true --"] {
                let mut tried: Vec<_> = given.iter().filter(|(name, _)| name != text).cloned().collect();
                tried.push((text, hostile.to_owned()));
                assert_eq!(rows(name, &tried, &reader).await, json!([]), "{name} {text} = {hostile}");
            }
        }
        answers.insert(name, own);
    }
    let first = |name: &str| answers[name][0].as_array().unwrap().clone();
    assert_eq!(
        first("errors")[..5],
        json!(["no answer from shop", "/checkout", "pay.js", 1, 1]).as_array().unwrap()[..]
    );
    // Came, filled in, sent, gave up.
    assert_eq!(
        first("form_funnel"),
        json!(["#name", "name", 1, 1, 0, 0, 1000.0, 2000.0, null, null]).as_array().unwrap()[..]
    );
    assert_eq!(
        answers["form_funnel"][1].as_array().unwrap()[..6],
        json!(["#card", "card", 1, 0, 0, 1]).as_array().unwrap()[..]
    );
    assert_eq!(first("rage_clicks")[..5], json!(["/checkout", "#buy", 1, 1, 3]).as_array().unwrap()[..]);
    let trail = json!([[0.0, 1.0, 4.0], [8.0, 2.0, 5.0], [20.0, 3.0, 6.0]]);
    let told: Vec<Value> =
        answers["page_view_trail"].as_array().unwrap().iter().map(|row| json!(row.as_array().unwrap()[1..])).collect();
    assert_eq!(json!(told), trail);
    assert_eq!(first("pages")[..3], json!(["/checkout", 1, 1]).as_array().unwrap()[..]);
    let kinds: Vec<&str> =
        answers["session_in_order"].as_array().unwrap().iter().map(|row| row[5].as_str().unwrap()).collect();
    assert_eq!(kinds, ["page_view", "focus", "input", "blur", "focus", "click", "click", "click", "request", "error"]);
    assert_eq!(
        first("slowest_requests"),
        json!(["POST", "https://shop.example/pay", 1, 1, 2500.0, 2500.0, 2500.0, 1]).as_array().unwrap()[..]
    );
    assert!(answers["friction_by_page"].as_array().unwrap().iter().any(|row| row[1] == "rage_click" && row[2] == 1));
    assert_eq!(get(&server, REPORTS, "ctw_guessed").await.status, 401);
    assert_eq!(get(&server, &path("pages", &[]), "ctw_guessed").await.status, 401);
}

#[tokio::test]
async fn reports_are_listed_described_and_sent_in_every_format() {
    let (landing, folder) = (two_sites(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), folder.path(), &[]);
    let listed = get(&server, REPORTS, "").await.json();
    let listed = listed["reports"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|report| report["name"].as_str().unwrap()).collect();
    assert_eq!(names, all().iter().map(|(name, _)| *name).collect::<Vec<_>>());
    assert_eq!(listed[1]["parameters"][0]["required"], true);
    assert_eq!(
        listed[1]["parameters"][2],
        json!({
            "name": "from", "type": "date", "meaning": "from this day on, in UTC", "required": false, "default": "28 days ago",
            "allowed": "a day such as 2026-11-20, today, yesterday or 7 days ago"
        })
    );
    let document = get(&server, "/api/v1/openapi.json", "").await.json();
    for path in document["paths"].as_object().unwrap().keys() {
        let method = if document["paths"][path].get("post").is_some() { "POST" } else { "GET" };
        let body = if method == "POST" { &b"{\"sql\": \"select 1\"}"[..] } else { b"" };
        let reply = http::call(server.address, method, path, &[], body).await;
        let asks = document["paths"][path]["get"]["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["required"] == true));
        assert_eq!(reply.status, if asks { 400 } else { 200 }, "{path}: {}", reply.text());
    }
    for format in ["jsonl", "csv", "arrow", "parquet"] {
        let given = [all()[8].1.clone(), vec![("format", format.to_owned())]].concat();
        let reply = get(&server, &path("slowest_requests", &given), "").await;
        assert_eq!((reply.status, reply.is_whole), (200, true), "{format}: {}", reply.text());
        let bytes = reply.body;
        let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(holds("median_ms"), "{format}");
    }
    for (name, query, status, code, words) in [
        (
            "slowest_requests",
            "from=soon",
            400,
            "invalid_parameter",
            "from = \"soon\": allowed is a day such as 2026-11-20",
        ),
        (
            "slowest_requests",
            "rows=0",
            400,
            "invalid_parameter",
            "rows = \"0\": allowed is a whole number from 1 to 10000",
        ),
        ("slowest_requests", "row=1", 400, "unknown_parameter", "it has site, page, from, to, bots, at_least, rows"),
        ("slowest_requests", "rows=1&rows=2", 400, "invalid_parameter", "given twice"),
        ("session_in_order", "", 400, "missing_parameter", "session is missing"),
        ("slowest_request", "", 404, "unknown_report", "there are errors, form_funnel"),
        ("pages", "format=xml", 400, "unknown_format", "json, jsonl, csv, arrow, parquet"),
    ] {
        let reply = get(&server, &format!("{REPORTS}/{name}?{query}"), "").await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{name} {query}: {}", reply.text());
        assert!(reply.text().replace("\\\"", "\"").contains(words), "{name} {query}: {}", reply.text());
    }
}

/// In every report that counts: what it counts, by the place of the column.
const COUNTS: [(&str, usize); 6] = [
    ("errors", 4),
    ("form_funnel", 2),
    ("friction_by_page", 3),
    ("pages", 2),
    ("rage_clicks", 3),
    ("slowest_requests", 3),
];

#[tokio::test]
async fn reports_are_about_people_unless_bots_are_wanted() {
    let (landing, folder) = (two_sites(), tempfile::tempdir().unwrap());
    let server = Server::start(&landing.url(), folder.path(), &[]);
    for (name, column) in COUNTS {
        let given = all().into_iter().find(|(known, _)| *known == name).unwrap().1;
        let sessions = async |more: &[(&str, &str)]| {
            let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
            let given: Vec<_> = given.iter().cloned().chain(more).collect();
            let reply = get(&server, &path(name, &given), "").await;
            assert_eq!(reply.status, 200, "{name}: {}", reply.text());
            reply.json()["rows"][0][column].clone()
        };
        let [site, bots] = [("site", SITE), ("bots", "true")];
        assert_eq!([sessions(&[site]).await, sessions(&[site, bots]).await], [1, 2], "{name}");
    }

    let friction = |arguments: &[&str]| {
        let url = landing.url();
        let arguments = [&["--store", &url, "friction", "--format", "csv"], arguments].concat();
        let told = Command::new(env!("CARGO_BIN_EXE_warehouse")).args(arguments).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap().lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(friction(&[]), "rage_click,2,2,100.0");
    assert_eq!(friction(&["--bots"]), "rage_click,3,3,100.0");
    let set = ["--set", "rage_click.clicks_min=4"];
    assert_eq!(friction(&set), "rage_click,2,2,100.0,0,0,0.0");
    assert_eq!(friction(&[&set[..], &["--bots"]].concat()), "rage_click,3,3,100.0,0,0,0.0");
}

fn report(landing: &Landing, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["--store", &landing.url(), "report"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_command_line_answers_the_same_and_takes_reports_of_ones_own() {
    let (landing, folder) = (two_sites(), tempfile::tempdir().unwrap());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let listed = report(&landing, &[]);
    assert!(listed.status.success() && all().iter().all(|(name, _)| text(&listed.stdout).contains(name)));
    let explained = report(&landing, &["rage_clicks", "--explain"]);
    assert!(
        text(&explained.stdout)
            .contains("so many elements, the worst first (a whole number from 1 to 10000; default 50)")
    );
    let day = ["--param", "from=2026-11-20", "--param", "to=2026-11-20"];
    let told = report(&landing, &[&["errors", "--format", "csv", "--param", "site=shop"][..], &day].concat());
    let expected = "error_message,page_path,source,times,sessions,last_at,for_example_session_id\nno answer from shop,/checkout,pay.js,1,1,2026-11-20T12:00:10Z,";
    assert!(text(&told.stdout).starts_with(expected), "{} {}", text(&told.stdout), text(&told.stderr));
    let own = "-- Clicks of a site.\n-- $site text: the site\n-- $least integer(0..9) = 1: at least\n\
               select site_id, count(*) as n from clicks where site_id = $site group by 1 having count(*) >= $least";
    std::fs::write(folder.path().join("clicks_of.sql"), own).unwrap();
    let reports = folder.path().to_str().unwrap();
    let told = report(&landing, &["clicks_of", "--reports", reports, "--param", "site=shop", "--format", "jsonl"]);
    assert_eq!(text(&told.stdout), "{\"site_id\":\"shop\",\"n\":6}\n", "{}", text(&told.stderr));
    std::fs::write(folder.path().join("broken.sql"), "select 1").unwrap();
    for (arguments, words) in [
        (&["nothing"][..], "there is no report \"nothing\"; there are errors"),
        (&["errors", "--param", "site"], "--param \"site\": write it as name=value, for example site="),
        (&["errors", "--param", "rows=many"], "rows = \"many\": allowed is a whole number from 1 to 10000"),
        (&["pages", "--reports", reports], "broken.sql: its first lines say nothing"),
        (&["pages", "--reports", "/nowhere/at/all"], "the folder of reports /nowhere/at/all"),
    ] {
        let refused = report(&landing, arguments);
        let said = text(&refused.stderr);
        assert_eq!((refused.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(words) && refused.stdout.is_empty(), "{said}");
    }
}
