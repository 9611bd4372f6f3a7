use arrow::array::{BooleanArray, Int32Array};
use arrow::compute::cast;
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use serde_json::{Value, json};

use super::*;
use crate::events::Assigned;
use crate::kafka::decode::PackageDecoder;
use crate::kafka::frames::{Frames, Origin};
use crate::testing::{CHROME, RECEIVED_AT, SCHEMA_ID, batch, frame, frame_received, origin};

/// The landing rows of some batches, at offsets 100, 101, …
fn rows(batches: &[Value]) -> RecordBatch {
    rows_of(&batches.iter().map(frame).collect::<Vec<_>>())
}

fn rows_of(payloads: &[Vec<u8>]) -> RecordBatch {
    let mut frames = Frames::default();
    for (index, payload) in payloads.iter().enumerate() {
        frames.push(origin(100 + index as i64), Some(payload));
    }
    let mut decoder = PackageDecoder::default();
    decoder.learn(SCHEMA_ID, Some(schemas::topics::EVENTS_AVRO.to_owned()));
    let decoded = decoder.decode(&frames);
    assert!(decoded.rejects.is_empty(), "{:?}", decoded.rejects);
    let origins: Vec<_> = decoded.batches[0].indices.iter().map(|index| frames.origin(*index)).collect();
    landed(&decoded.batches[0].packages, &origins)
}

fn landed(packages: &RecordBatch, origins: &[Origin]) -> RecordBatch {
    let events = Transform::default().transform(packages, 3, origins).unwrap();
    let length = events.keys.seq.len();
    let none = || BooleanArray::from(vec![false; length]);
    let ids = arrow::array::DictionaryArray::<Int32Type>::new(
        Int32Array::from(vec![0; length]),
        Arc::new(StringArray::from(vec!["session"])),
    );
    events
        .rows(Assigned {
            session_id: Arc::new(ids),
            session_started_at: vec![0; length],
            late: none(),
            duplicate: none(),
            late_total: 0,
            duplicates_total: 0,
        })
        .unwrap()
}

/// A column as text, one entry per row.
fn texts(rows: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = cast(rows.column_by_name(column).unwrap(), &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn text(rows: &RecordBatch, column: &str, row: usize) -> String {
    texts(rows, column)[row].clone().unwrap_or_else(|| "null".into())
}

/// Every good example of the contract, as one batch.
fn examples() -> Vec<Value> {
    let folder = "../schemas/examples/good";
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect()
}

#[test]
fn client_hints_correct_what_the_agent_says() {
    let click = |seq: i64| json!([{"seq": seq, "type": "click", "at": RECEIVED_AT}]);
    let mut windows = batch(1, click(1));
    windows["client_hints"] = json!({"platform": "Windows", "platform_version": "19.0.0", "mobile": false, "max_touch_points": 0,
        "brands": [{"brand": "Not?A_Brand", "version": "8.0.0.0"}, {"brand": "Brave", "version": "141.0.0.1"}]});
    let mut wrong = batch(2, click(1));
    wrong["client_hints"] = json!({"platform": 7});
    let mut headless = batch(3, click(1));
    headless["client_hints"] = json!({"brands": [{"brand": "HeadlessChrome", "version": "141.0.7390.55"}]});
    let rows = rows(&[windows, wrong, headless]);
    let column = |name: &str| texts(&rows, name).into_iter().map(|text| text.unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(column("os_version"), ["11", "10", "10"]);
    assert_eq!(column("browser_name"), ["Brave", "Chrome", "Chrome"]);
    assert_eq!(column("browser_version"), ["141.0.0.1", "141.0.0.0", "141.0.7390.55"]);
    assert_eq!(column("bot_class"), ["", "", "headless"]);
    assert_eq!(column("is_bot"), ["false", "false", "true"]);
}

fn as_avro(value: &Value) -> apache_avro::types::Value {
    use apache_avro::types::Value as Avro;
    match value {
        Value::Null => Avro::Null,
        Value::Bool(flag) => Avro::Boolean(*flag),
        Value::Number(number) => number.as_i64().map_or_else(|| Avro::Double(number.as_f64().unwrap()), Avro::Long),
        Value::String(text) => Avro::String(text.clone()),
        Value::Array(items) => Avro::Array(items.iter().map(as_avro).collect()),
        Value::Object(fields) => Avro::Map(fields.iter().map(|(name, value)| (name.clone(), as_avro(value))).collect()),
    }
}

/// Written with the schema of 2026-11-21, which knew no client hints, with that of 2026-11-26, which knew no details, and with
/// the second of that day, which knew no recordings.
#[test]
fn records_of_the_older_schemas_are_read() {
    for date in ["2026-11-21", "2026-11-26", "2026-11-26.2"] {
        let older = std::fs::read_to_string(format!("../schemas/avro/older/telemetry.events.{date}.avsc")).unwrap();
        assert_is_read(older);
    }
}

fn assert_is_read(older: String) {
    const OLDER_ID: u32 = 3;
    let schema = apache_avro::Schema::parse_str(&older).unwrap();
    let mut package = batch(
        1,
        json!([
            {"seq": 1, "type": "click", "at": RECEIVED_AT, "x": 4.5},
            {"seq": 2, "type": "custom", "at": RECEIVED_AT, "custom_name": "coupon"},
        ]),
    );
    for (field, value) in [("site_id", json!("shop")), ("received_at", json!(RECEIVED_AT)), ("identity", json!({}))] {
        package[field] = value;
    }
    package["user_agent"] = json!(crate::testing::CHROME);
    package["page"] = json!({"url": "https://shop.example/boxes"});
    let value = as_avro(&package).resolve(&schema).unwrap();
    let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&schema).build().unwrap();
    let record = [&[0, 0, 0, 0, OLDER_ID as u8][..], &writer.write_value_to_vec(value).unwrap()].concat();
    let (mut frames, mut decoder) = (Frames::default(), PackageDecoder::default());
    frames.push(origin(100), Some(&record));
    decoder.learn(OLDER_ID, Some(older));
    let decoded = decoder.decode(&frames);
    assert!(decoded.rejects.is_empty(), "{:?}", decoded.rejects);
    let rows = landed(&decoded.batches[0].packages, &[origin(100)]);
    assert_eq!(text(&rows, "x", 0), "4.5");
    assert_eq!(text(&rows, "os_name", 0), "Windows");
    assert_eq!(texts(&rows, "type"), ["click", "custom"].map(|kind| Some(kind.to_owned())));
    for column in ["state", "pointer_type", "effect_kind", "frame_script", "field_refills"] {
        assert_eq!(texts(&rows, column), [None, None], "{column}");
    }
}

#[test]
fn columns_are_those_of_the_contract() {
    let rows = rows(&examples());
    let expected = event_fields();
    assert_eq!(rows.num_columns(), expected.len());
    for (field, expected) in rows.schema().fields().iter().zip(&expected) {
        assert_eq!((field.name(), field.is_nullable()), (expected.name(), expected.is_nullable()));
        let plain = match field.data_type() {
            DataType::Dictionary(_, value) => value.as_ref(),
            plain => plain,
        };
        assert_eq!(plain, expected.data_type(), "{}", field.name());
        if !expected.is_nullable() {
            let column = rows.column_by_name(field.name()).unwrap();
            assert_eq!(column.logical_null_count(), 0, "{}", field.name());
        }
    }
}

#[test]
fn every_example_is_one_row_of_its_type() {
    let examples = examples();
    let rows = rows(&examples);
    let sent: Vec<String> = examples
        .iter()
        .flat_map(|batch| batch["events"].as_array().unwrap())
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    let landed: Vec<String> = texts(&rows, "type").into_iter().flatten().collect();
    assert_eq!(landed, sent);
    assert!(sent.len() >= 34);
}

#[test]
fn values_land_in_their_columns() {
    let element = json!({"path": "main>form>button#buy", "tag": "button", "id": "buy", "name": null, "role": "button",
                         "text": "Buy now", "rect": [10, 20, 80, 30]});
    let at = RECEIVED_AT - 1000.0;
    let events = json!([
        {"seq": 17, "type": "click", "at": at, "element": element, "x": 44.5, "y": 31, "button": 0},
        {"seq": 18, "type": "pointer", "at": at, "trail": {"dt": [0, 8.3], "x": [44, 45], "y": [31, 32]}},
        {"seq": 19, "type": "request", "at": at,
         "request": {"method": "GET", "url": "/api/quote?token=x", "status": 200, "duration_ms": 312.2, "initiator": "fetch", "bytes": 1843}},
        {"seq": 20, "type": "custom", "at": at, "name": "coupon", "properties": {"depth": {"a": [1, 2]}}},
        {"seq": 21, "type": "error", "at": at,
         "error": {"message": "at https://u:p@s.example/a?token=x", "source": "/app.js?v=1", "line": 10, "column": 4}},
    ]);
    let rows = rows(&[batch(1, events)]);
    for (column, row, expected) in [
        ("element_path", 0, "main>form>button#buy"),
        ("element_name", 0, "null"),
        ("element_width", 0, "80.0"),
        ("x", 0, "44.5"),
        ("x", 1, "null"),
        ("button", 0, "0"),
        ("button", 1, "null"),
        ("element_path", 1, "null"),
        ("request_url", 2, "/api/quote?token="),
        ("request_status", 2, "200"),
        ("request_bytes", 2, "1843"),
        ("request_url", 3, "null"),
        ("custom_name", 3, "coupon"),
        ("error_message", 4, "at https://s.example/a?token="),
        ("error_source", 4, "/app.js?v="),
        ("error_line", 4, "10"),
        ("site_id", 4, "shop"),
        ("page_host", 0, "shop.example"),
        ("page_path", 0, "/boxes"),
        ("page_url", 0, "https://shop.example/boxes?size=&utm_source=mail"),
        ("utm_source", 0, "mail"),
        ("referrer_medium", 0, "search"),
        ("referrer_source", 0, "Google"),
        ("browser_name", 0, "Chrome"),
        ("device_type", 0, "desktop"),
        ("os_name", 0, "Windows"),
        ("os_version", 0, "10"),
        ("is_bot", 0, "false"),
        ("bot_class", 0, "null"),
        ("clock_source", 0, "client"),
        ("client_address", 0, "203.0.113.0"),
        ("page_viewport_width", 0, "1280.0"),
        ("kafka_offset", 4, "100"),
        ("kafka_partition", 4, "3"),
        ("seq", 4, "21"),
    ] {
        assert_eq!(text(&rows, column, row), expected, "{column} of row {row}");
    }
    let custom: Value = serde_json::from_str(&text(&rows, "custom", 3)).unwrap();
    assert_eq!(custom, json!({"depth": {"a": [1, 2]}}));
    let trail = rows.column_by_name("trail_dt").unwrap().as_list::<i32>();
    assert!(trail.is_null(0) && trail.is_valid(1));
    assert_eq!(trail.value(1).as_primitive::<Float64Type>().values().to_vec(), [0.0, 8.3]);
}

#[test]
fn details_land_in_their_columns_and_nowhere_else() {
    let events = json!([
        {"seq": 0, "type": "click", "at": RECEIVED_AT, "pointer_type": "touch"},
        {"seq": 1, "type": "effect", "at": RECEIVED_AT, "effect": {"of_seq": 0, "kind": "dom", "after_ms": 34.5}},
        {"seq": 2, "type": "heartbeat", "at": RECEIVED_AT},
        {"seq": 3, "type": "effect", "at": RECEIVED_AT, "effect": {"of_seq": 0, "kind": "none", "after_ms": null}},
        {"seq": 4, "type": "media", "at": RECEIVED_AT, "state": "pause", "media": {"position_s": 12.5}},
        {"seq": 5, "type": "long_frame", "at": RECEIVED_AT, "duration_ms": 182.5,
         "frame": {"blocking_ms": 120.5, "script": "https://shop.example/app.js?token=x", "invoker": "ada@example.com at https://u:p@s.example/a?t=x"}},
        {"seq": 6, "type": "page_leave", "at": RECEIVED_AT, "scroll": {"page_height": 4210, "depth": 0.62},
         "field": {"hesitation_ms": 812.5, "corrections": 3, "refills": 1}},
        {"seq": 7, "type": "visibility", "at": RECEIVED_AT, "state": "frozen"},
    ]);
    let without = json!([{"seq": 0, "type": "page_view", "at": RECEIVED_AT, "state": "route"}]);
    let rows = rows(&[batch(1, without), batch(2, events)]);
    let column = |name: &str| texts(&rows, name).into_iter().map(|text| text.unwrap_or_default()).collect::<Vec<_>>();
    for (name, expected) in [
        ("state", ["route", "", "", "", "", "pause", "", "", "frozen"]),
        ("visibility_state", ["", "", "", "", "", "", "", "", "frozen"]),
        ("pointer_type", ["", "touch", "", "", "", "", "", "", ""]),
        ("effect_of_seq", ["", "", "0", "", "0", "", "", "", ""]),
        ("effect_kind", ["", "", "dom", "", "none", "", "", "", ""]),
        ("effect_after_ms", ["", "", "34.5", "", "", "", "", "", ""]),
        ("media_position_s", ["", "", "", "", "", "12.5", "", "", ""]),
        ("frame_blocking_ms", ["", "", "", "", "", "", "120.5", "", ""]),
        ("frame_script", ["", "", "", "", "", "", "https://shop.example/app.js?token=", "", ""]),
        ("frame_invoker", ["", "", "", "", "", "", "{email} at https://s.example/a?t=", "", ""]),
        ("scroll_page_height", ["", "", "", "", "", "", "", "4210.0", ""]),
        ("scroll_depth", ["", "", "", "", "", "", "", "0.62", ""]),
        ("field_hesitation_ms", ["", "", "", "", "", "", "", "812.5", ""]),
        ("field_corrections", ["", "", "", "", "", "", "", "3", ""]),
        ("field_refills", ["", "", "", "", "", "", "", "1", ""]),
    ] {
        assert_eq!(column(name), expected, "{name}");
    }
}

#[test]
fn context_follows_its_events() {
    let event = |seq: i64| json!({"seq": seq, "type": "click", "at": RECEIVED_AT});
    let mut second = batch(2, json!([event(5), event(6)]));
    second["clock"] = json!({"offset_ms": -1000.0, "error_ms": 6.5});
    second["page"] = json!(null);
    let rows = rows(&[batch(1, json!([event(1)])), second, batch(3, json!([event(9)]))]);
    let column = |name: &str| texts(&rows, name).into_iter().map(|text| text.unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(column("kafka_offset"), ["100", "101", "101", "102"]);
    assert_eq!(column("clock_source"), ["client", "sdk", "sdk", "client"]);
    assert_eq!(column("clock_error_ms"), ["", "6.5", "6.5", ""]);
    assert_eq!(column("page_title"), ["Boxes", "", "", "Boxes"]);
    let visitors = column("visitor_id");
    assert!(visitors[1] == visitors[2] && visitors[0] != visitors[1] && visitors[3].ends_with('3'));
    let occurred = cast(rows.column_by_name("occurred_at").unwrap(), &DataType::Int64).unwrap();
    let occurred = occurred.as_primitive::<Int64Type>();
    let received = (RECEIVED_AT * 1000.0) as i64;
    assert_eq!(occurred.values().to_vec(), [received, received - 1_000_000, received - 1_000_000, received]);
}

#[test]
fn where_a_visit_came_from_lands_in_its_columns() {
    let of = |url: Value, referrer: Value| {
        let mut sent = batch(1, json!([{"seq": 0, "type": "page_view", "at": RECEIVED_AT}]));
        (sent["page"]["url"], sent["page"]["referrer"]) = (url, referrer);
        sent
    };
    let rows = rows(&[
        of(
            json!("https://shop.example/a?GCLID=g1&mtm_campaign=spring+sale&mc_eid=person"),
            json!("https://www.google.de/"),
        ),
        of(json!("https://shop.example/#/cart?fbclid=f1&utm_id=7"), json!("https://l.facebook.com/")),
        of(json!("https://shop.example/"), json!("https://chatgpt.com/")),
        of(json!("https://shop.example/"), json!("https://blog.shop.example/")),
        of(json!("https://shop.example/"), json!("")),
        of(json!("https://shop.example/"), Value::Null),
        of(Value::Null, Value::Null),
    ]);
    let column = |name: &str| texts(&rows, name).into_iter().map(|text| text.unwrap_or_default()).collect::<Vec<_>>();
    let mediums = ["paid", "social", "ai_assistant", "internal", "direct", "direct", ""];
    assert_eq!(column("referrer_medium"), mediums);
    assert_eq!(column("referrer_source"), ["Google", "Facebook", "ChatGPT", "", "", "", ""]);
    assert_eq!(column("gclid")[..2], ["g1", ""]);
    assert_eq!(column("utm_campaign")[..2], ["spring sale", ""]);
    assert_eq!(column("fbclid")[..2], ["", "f1"]);
    assert_eq!(column("utm_id")[..2], ["", "7"]);
    assert_eq!(column("page_url")[0], "https://shop.example/a?GCLID=g1&mtm_campaign=spring+sale&mc_eid=");
}

#[test]
fn no_secret_of_a_url_is_in_any_column() {
    const CANARY: &str = "canary5f4dcc3b";
    let mut sent = batch(
        1,
        json!([
            {"seq": 0, "type": "page_view", "at": RECEIVED_AT},
            {"seq": 1, "type": "request", "at": RECEIVED_AT, "request": {"method": "GET", "url": format!("/api?password={CANARY}"), "status": 200}},
            {"seq": 2, "type": "error", "at": RECEIVED_AT,
             "error": {"message": format!("failed https://x.example/?t={CANARY}"), "stack": format!("at f (https://x.example/a.js?k={CANARY}:1:2)"), "source": format!("/a.js?k={CANARY}")}},
            {"seq": 3, "type": "long_frame", "at": RECEIVED_AT, "duration_ms": 90,
             "frame": {"script": format!("https://x.example/a.js?k={CANARY}"), "invoker": format!("https://x.example/?t={CANARY}")}},
        ]),
    );
    sent["page"]["url"] =
        json!(format!("https://user:{CANARY}@shop.example/a?token={CANARY}&utm_source=mail#access_token={CANARY}"));
    sent["page"]["referrer"] = json!(format!("https://x.example/?session={CANARY}"));
    let rows = rows(&[sent]);
    for field in rows.schema().fields() {
        if matches!(field.data_type(), DataType::List(_) | DataType::Timestamp(..)) {
            continue;
        }
        for value in texts(&rows, field.name()).into_iter().flatten() {
            assert!(!value.contains(CANARY), "{}: {value}", field.name());
        }
    }
}

#[test]
fn every_time_fits_into_nanoseconds_and_every_number_is_finite() {
    let strange = [1e308, -1e308, 1e300, 9e15, -1.0, 0.0, RECEIVED_AT];
    let events: Value =
        (0..).zip(strange).map(|(seq, at)| json!({"seq": seq, "type": "click", "at": at, "x": at})).collect();
    let mut payloads = Vec::new();
    for sent_at in strange {
        for offset_ms in strange {
            let mut sent = batch(1, events.clone());
            sent["sent_at"] = json!(sent_at);
            sent["clock"] = json!({"offset_ms": offset_ms, "error_ms": 6.5});
            payloads.extend([f64::NAN, f64::INFINITY, 1e300, RECEIVED_AT].map(|at| frame_received(&sent, at)));
        }
    }
    // What no collector writes: a number that is none, in place of the error and of a coordinate.
    for (number, bytes) in [(6.5_f64, f64::INFINITY), (9e15, f64::NAN)].map(|(n, b)| (n.to_le_bytes(), b.to_le_bytes()))
    {
        for at in (0..payloads[0].len() - 8).rev() {
            if payloads[0][at..at + 8] == number {
                payloads[0][at..at + 8].copy_from_slice(&bytes);
            }
        }
    }
    let rows = rows_of(&payloads);
    let day_us = 24 * 60 * 60 * 1_000_000;
    for column in rows.columns() {
        if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
            for us in times.values() {
                assert!(
                    (us - 7 * day_us).checked_mul(1000).is_some() && (us + day_us).checked_mul(1000).is_some(),
                    "{us}"
                );
            }
        }
        if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
            assert!(numbers.iter().flatten().all(f64::is_finite));
        }
    }
    let errors = rows.column_by_name("clock_error_ms").unwrap();
    assert_eq!(errors.null_count(), strange.len());
}

#[test]
fn an_odd_character_in_a_user_agent_loses_nothing() {
    // What the collector makes of a byte that is no UTF-8, and of a long one.
    for odd in ["é", "\u{fffd}", "\u{1f600}", &"é".repeat(600)] {
        let mut payload = frame(&batch(1, json!([{"seq": 0, "type": "click", "at": RECEIVED_AT}])));
        let agent = format!("{CHROME} {odd}");
        let at = payload.windows(CHROME.len()).position(|window| window == CHROME.as_bytes()).unwrap();
        let mut length = Vec::new();
        schemas::avro::long(&mut length, agent.len() as i64);
        let mut old_length = Vec::new();
        schemas::avro::long(&mut old_length, CHROME.len() as i64);
        payload.splice(at - old_length.len()..at + CHROME.len(), [length, agent.into_bytes()].concat());
        let rows = rows_of(&[payload]);
        assert_eq!(text(&rows, "browser_name", 0), "Chrome", "{odd:.20}");
        assert_eq!(text(&rows, "is_bot", 0), "false");
    }
}

#[test]
fn addresses_of_the_contract_land_as_the_sdk_writes_them() {
    #[derive(serde::Deserialize)]
    struct Case {
        address: String,
        url: String,
        path: Option<String>,
    }
    let cases = std::fs::read("../schemas/examples/addresses.json").unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&cases).unwrap();
    let event = json!([{"seq": 0, "type": "page_view", "at": RECEIVED_AT}]);
    let sent = cases.iter().flat_map(|case| [&case.address, &case.url]).map(|address| {
        let mut sent = batch(1, event.clone());
        sent["page"]["url"] = json!(address);
        sent
    });
    let rows = rows(&sent.collect::<Vec<_>>());
    let (urls, paths) = (texts(&rows, "page_url"), texts(&rows, "page_path"));
    for (index, case) in cases.iter().enumerate() {
        for row in [2 * index, 2 * index + 1] {
            assert_eq!(urls[row].as_deref(), Some(case.url.as_str()), "{}", case.address);
            if case.path.is_some() {
                assert_eq!(paths[row], case.path, "{}", case.address);
            }
        }
    }
}
