use proptest::prelude::*;

use super::*;

/// A batch around the JSON text of its events.
fn batch_of(events: &str) -> String {
    format!(
        r#"{{"batch_id":"01934f5e-7c00-7000-8a00-00000000b000","batch_seq":3,
        "visitor_id":"6F9619FF-8B86-4D01-B42D-00C04FC964FF","tab_id":"01934f5e-6000-7000-8000-0000000000aa",
        "page_view_id":"01934f5e-6001-7000-8000-0000000000bb","sent_at":1795250920115.25,"events":[{events}]}}"#
    )
}

fn good(seq: usize) -> String {
    format!(r#"{{"seq":{seq},"type":"click","at":1,"x":44.5}}"#)
}

/// The code of the one event `event` beside two good ones, which must stay.
fn code_beside_good(event: &str) -> (&'static str, String) {
    let body = batch_of(&format!("{},{event},{}", good(0), good(2)));
    let batch = parse(body.as_bytes()).expect("a bad event does not sink its batch");
    assert_eq!(batch.events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [0, 2], "{event}");
    let [reject] = &batch.rejects[..] else { panic!("one reject for {event}, not {:?}", batch.rejects) };
    assert_eq!((reject.index, reject.raw), (1, event));
    (reject.code.name(), reject.message.clone())
}

fn refusal(body: &[u8]) -> (&'static str, String) {
    let error = parse(body).expect_err("refused as a whole");
    (error.code.name(), error.message)
}

#[test]
fn a_good_batch_borrows_from_its_body() {
    let body =
        batch_of(r#"{"seq":0,"type":"custom","at":1.5,"name":"opened","properties":{"a":[1, 2]},"unknown":[[]]}"#);
    let batch = parse(body.as_bytes()).expect("good");
    assert!(batch.rejects.is_empty());
    assert_eq!(batch.header.visitor_id.0.to_string(), "6f9619ff-8b86-4d01-b42d-00c04fc964ff", "lower case");
    let event = &batch.events[0];
    assert!(matches!(event.name, Some(Text(std::borrow::Cow::Borrowed("opened")))));
    assert_eq!(event.properties.expect("kept").0, r#"{"a":[1, 2]}"#);
}

/// Every integer of the contract, with the bounds that its JSON Schema states.
#[test]
fn integers_are_bounded_as_the_schema_says() {
    const SAFE_MAX: i64 = (1 << 53) - 1;
    let fields: [(&str, &str, i64, i64); 12] = [
        ("seq", r#"{"seq":N,"type":"click","at":1}"#, 0, SAFE_MAX),
        ("button", r#"{"seq":1,"type":"click","at":1,"button":N}"#, -1, i64::from(i32::MAX)),
        ("input.length", r#"{"seq":1,"type":"input","at":1,"input":{"kind":"text","length":N}}"#, 0, SAFE_MAX),
        ("change.index", r#"{"seq":1,"type":"change","at":1,"change":{"index":N}}"#, -1, SAFE_MAX),
        ("clipboard.length", r#"{"seq":1,"type":"clipboard","at":1,"clipboard":{"length":N}}"#, 0, SAFE_MAX),
        ("request.status", r#"{"seq":1,"type":"request","at":1,"request":{"status":N}}"#, 0, i64::from(i32::MAX)),
        ("request.bytes", r#"{"seq":1,"type":"request","at":1,"request":{"bytes":N}}"#, 0, SAFE_MAX),
        ("error.line", r#"{"seq":1,"type":"error","at":1,"error":{"message":"m","line":N}}"#, 0, SAFE_MAX),
        ("error.column", r#"{"seq":1,"type":"error","at":1,"error":{"message":"m","column":N}}"#, 0, SAFE_MAX),
        ("effect.of_seq", r#"{"seq":1,"type":"effect","at":1,"effect":{"of_seq":N,"kind":"dom"}}"#, 0, SAFE_MAX),
        ("field.corrections", r#"{"seq":1,"type":"blur","at":1,"field":{"corrections":N}}"#, 0, SAFE_MAX),
        ("field.refills", r#"{"seq":1,"type":"blur","at":1,"field":{"refills":N}}"#, 0, SAFE_MAX),
    ];
    for (field, event, least, most) in fields {
        for number in [least, most] {
            let event = event.replace('N', &number.to_string());
            assert!(parse(batch_of(&event).as_bytes()).expect("good").rejects.is_empty(), "{event}");
        }
        for number in [
            i128::from(least) - 1,
            i128::from(most) + 1,
            i128::from(i64::MIN),
            i128::from(i64::MAX),
            i128::from(u64::MAX),
        ] {
            let event = event.replace('N', &number.to_string());
            let (code, message) = code_beside_good(&event);
            assert_eq!(code, "number_out_of_range", "{event}: {message}");
            assert!(message.contains(&format!("`{field}`")), "{event}: {message}");
        }
    }
}

/// Every duration, size and share of an event, with the greatest value that its JSON Schema states.
#[test]
fn measures_are_bounded_as_the_schema_says() {
    let measures: [(&str, &str, f64); 10] = [
        ("duration_ms", r#"{"seq":1,"type":"long_frame","at":1,"duration_ms":N}"#, f64::MAX),
        (
            "effect.after_ms",
            r#"{"seq":1,"type":"effect","at":1,"effect":{"of_seq":0,"kind":"dom","after_ms":N}}"#,
            f64::MAX,
        ),
        ("media.position_s", r#"{"seq":1,"type":"media","at":1,"state":"play","media":{"position_s":N}}"#, f64::MAX),
        ("frame.blocking_ms", r#"{"seq":1,"type":"click","at":1,"frame":{"blocking_ms":N}}"#, f64::MAX),
        ("scroll.page_height", r#"{"seq":1,"type":"page_leave","at":1,"scroll":{"page_height":N}}"#, f64::MAX),
        ("scroll.depth", r#"{"seq":1,"type":"page_leave","at":1,"scroll":{"depth":N}}"#, 1.0),
        ("field.hesitation_ms", r#"{"seq":1,"type":"blur","at":1,"field":{"hesitation_ms":N}}"#, f64::MAX),
        ("request.duration_ms", r#"{"seq":1,"type":"request","at":1,"request":{"duration_ms":N}}"#, f64::MAX),
        ("degraded.rate_hz", r#"{"seq":1,"type":"click","at":1,"degraded":{"what":"w","rate_hz":N}}"#, f64::MAX),
        ("viewport[1]", r#"{"seq":1,"type":"resize","at":1,"viewport":[1,N]}"#, f64::MAX),
    ];
    for (field, event, most) in measures {
        for number in ["0".into(), "0.62".into(), format!("{most:e}")] {
            let event = event.replace('N', &number);
            assert!(parse(batch_of(&event).as_bytes()).expect("good").rejects.is_empty(), "{event}");
        }
        let beyond = if most < f64::MAX { "1.0000001" } else { "1e309" };
        for number in ["-0.5", "-1e309", "1e999", beyond] {
            let event = event.replace('N', number);
            let (code, message) = code_beside_good(&event);
            assert_eq!(code, "number_out_of_range", "{event}: {message}");
            assert!(message.contains(&format!("`{field}`")), "{event}: {message}");
        }
        for number in ["\"1\"", "[1]", "{}", "true"] {
            let event = event.replace('N', number);
            assert_eq!(code_beside_good(&event).0, "invalid_field", "{event}");
        }
    }
}

#[test]
fn each_kind_of_bad_event_has_its_code_and_names_its_field() {
    let long = "x".repeat(STRING_BYTES_MAX + 1);
    let samples = "0,".repeat(TRAIL_SAMPLES_MAX) + "0";
    let cases: &[(&str, &str, &str)] = &[
        (r#"{"seq":1,"type":"mind_reading","at":1}"#, "unknown_type", "mind_reading"),
        (r#"{"seq":1,"type":"unknown","at":1}"#, "unknown_type", "unknown"),
        (r#"{"seq":1,"type":{"click":null},"at":1}"#, "invalid_field", "`type`"),
        (r#"{"seq":1,"at":1}"#, "missing_field", "`type`"),
        (r#"{"seq":1,"type":"click"}"#, "missing_field", "`at`"),
        (r#"{"seq":1,"type":"click","at":null}"#, "missing_field", "`at`"),
        (r#"{"seq":1,"type":"pointer","at":1}"#, "missing_field", "`trail`"),
        (r#"{"seq":1,"type":"web_vital","at":1,"vital":{"name":"LCP"}}"#, "missing_field", "`value`"),
        (r#"{"seq":1,"type":"effect","at":1}"#, "missing_field", "`effect`"),
        (r#"{"seq":1,"type":"effect","at":1,"effect":{"of_seq":0}}"#, "missing_field", "`kind`"),
        (r#"{"seq":1,"type":"effect","at":1,"effect":{"of_seq":0,"kind":null}}"#, "missing_field", "`effect.kind`"),
        (
            r#"{"seq":1,"type":"effect","at":1,"effect":{"of_seq":0,"kind":"boom"}}"#,
            "invalid_field",
            "`effect.kind`: \"boom\"",
        ),
        (
            r#"{"seq":1,"type":"effect","at":1,"effect":{"of_seq":0,"kind":{"dom":null}}}"#,
            "invalid_field",
            "`effect.kind`",
        ),
        (r#"{"seq":1,"type":"effect","at":1,"effect":[0,"dom"]}"#, "invalid_field", "`effect`"),
        (r#"{"seq":1,"type":"drag","at":1}"#, "missing_field", "`state`"),
        (r#"{"seq":1,"type":"composition","at":1}"#, "missing_field", "`state`"),
        (r#"{"seq":1,"type":"media","at":1}"#, "missing_field", "`state`"),
        (r#"{"seq":1,"type":"toggle","at":1,"state":null}"#, "missing_field", "`state`"),
        (r#"{"seq":1,"type":"long_frame","at":1,"frame":{}}"#, "missing_field", "`duration_ms`"),
        (r#"{"seq":1,"type":"click","at":1,"pointer_type":1}"#, "invalid_field", "`pointer_type`"),
        (r#"{"seq":1,"type":"click","at":1,"pointer_type":"\ud800"}"#, "invalid_unicode", "`pointer_type`"),
        (r#"{"seq":1,"type":"click","at":1,"frame":{"script":7}}"#, "invalid_field", "`frame.script`"),
        (r#"{"seq":1,"type":"click","at":1,"x":"12"}"#, "invalid_field", "`x`: invalid type: string \"12\""),
        (r#"{"seq":1,"type":"click","at":1,"x":[]}"#, "invalid_field", "`x`"),
        (r#"{"seq":1,"type":"click","at":1,"element":{"rect":[1,2,"3",4]}}"#, "invalid_field", "`element.rect[2]`"),
        (r#"{"seq":1,"type":"click","at":1,"element":["a"]}"#, "invalid_field", "`element`"),
        (r#"{"seq":1,"type":"click","at":1,"seq":2}"#, "invalid_field", "duplicate field `seq`"),
        (r#"[1,"click",1]"#, "invalid_field", "object"),
        ("17", "invalid_field", "object"),
        (r#"{"seq":1.5,"type":"click","at":1}"#, "invalid_field", "`seq`"),
        (r#"{"seq":-1,"type":"click","at":1}"#, "number_out_of_range", "`seq`"),
        (r#"{"seq":9007199254740992,"type":"click","at":1}"#, "number_out_of_range", "`seq`"),
        (r#"{"seq":1,"type":"click","at":1,"x":1e999}"#, "number_out_of_range", "`x`"),
        (r#"{"seq":1,"type":"click","at":1,"button":2147483648}"#, "number_out_of_range", "`button`"),
        (r#"{"seq":1,"type":"blur","at":1,"duration_ms":-0.5}"#, "number_out_of_range", "`duration_ms`"),
        (r#"{"seq":1,"type":"custom","at":1,"name":"\ud800"}"#, "invalid_unicode", "`name`"),
        (r#"{"seq":1,"type":"custom","at":1,"name":"\ud800\u0041"}"#, "invalid_unicode", "`name`"),
        (r#"{"seq":1,"type":"custom","at":1,"name":"\udc00"}"#, "invalid_unicode", "`name`"),
        (
            r#"{"seq":1,"type":"custom","at":1,"name":"a","properties":{"a":["\udc00"]}}"#,
            "invalid_unicode",
            "`properties`",
        ),
        (
            r#"{"seq":1,"type":"custom","at":1,"name":"a","properties":{"a":1e999}}"#,
            "number_out_of_range",
            "`properties`",
        ),
        (r#"{"seq":1,"type":"custom","at":1,"name":"a","properties":[1]}"#, "invalid_field", "`properties`"),
        (
            r#"{"seq":1,"type":"pointer","at":1,"trail":{"dt":[0],"x":[1],"y":[1,2]}}"#,
            "trail_mismatch",
            "dt has 1, x has 1, y has 2",
        ),
        (&format!(r#"{{"seq":1,"type":"click","at":1,"state":"{long}"}}"#), "string_too_long", "8193"),
        (&format!(r#"{{"seq":1,"type":"click","at":1,"pointer_type":"{long}"}}"#), "string_too_long", "8193"),
        (&format!(r#"{{"seq":1,"type":"click","at":1,"frame":{{"invoker":"{long}"}}}}"#), "string_too_long", "8193"),
        (&format!(r#"{{"seq":1,"type":"effect","at":1,"effect":{{"kind":"{long}"}}}}"#), "string_too_long", "8193"),
        (
            &format!(r#"{{"seq":1,"type":"custom","at":1,"name":"a","properties":{{"{long}":1}}}}"#),
            "string_too_long",
            "8193",
        ),
        (
            &format!(r#"{{"seq":1,"type":"pointer","at":1,"trail":{{"dt":[{samples}],"x":[],"y":[]}}}}"#),
            "string_too_long",
            "4096 samples",
        ),
        (
            &format!(r#"{{"seq":1,"type":"click","at":1,"z":"{}"}}"#, "x".repeat(EVENT_BYTES_MAX)),
            "event_too_large",
            "65536",
        ),
        (&format!(r#"{{"seq":1,"type":"click","at":1,"z":{}{}}}"#, "[".repeat(30), "]".repeat(30)), "too_deep", "32"),
    ];
    for (event, code, part) in cases {
        let (got, message) = code_beside_good(event);
        let shown = &event[..event.len().min(90)];
        assert_eq!(got, *code, "{shown}: {message}");
        assert!(message.contains(part), "{shown}: {message}");
        assert!(message.len() <= 310 && !message.contains(" at line "), "{message}");
    }
}

#[test]
fn nesting_up_to_the_limit_is_kept() {
    let event = format!(r#"{{"seq":1,"type":"click","at":1,"z":{}{}}}"#, "[".repeat(29), "]".repeat(29));
    assert_eq!(parse(batch_of(&event).as_bytes()).expect("good").events.len(), 1);
}

#[test]
fn strange_but_whole_values_are_kept_as_they_are() {
    for text in [r"\u0000", r"a\u202eb", "𝕏", r"\ud835\udd4f", "", "=HYPERLINK(1)", "<script>"] {
        let body = batch_of(&format!(r#"{{"seq":1,"type":"custom","at":-1,"name":"{text}","x":1e308,"y":-0}}"#));
        let batch = parse(body.as_bytes()).expect("good");
        let expected: String = serde_json::from_str(&format!("\"{text}\"")).expect("JSON");
        assert_eq!(&**batch.events[0].name.as_ref().expect("kept"), expected);
    }
}

#[test]
fn refusals_of_the_whole_batch_have_codes_and_name_the_field() {
    let good = batch_of(&good(0));
    let cases: &[(String, &str, &str)] = &[
        (String::new(), "malformed_json", "EOF"),
        (r#"{"batch_id":"#.into(), "malformed_json", "EOF"),
        ("[1,2]".into(), "invalid_batch", "object"),
        (format!("{good}x"), "malformed_json", "trailing"),
        (batch_of("{},"), "malformed_json", "not JSON"),
        (batch_of(r#"{"seq":1,"type":"click","at":NaN}"#), "malformed_json", "not JSON"),
        (good.replace("\"batch_seq\":3,", ""), "invalid_batch", "missing field `batch_seq`"),
        (good.replace(":3,", ":-3,"), "invalid_batch", "`batch_seq`"),
        (good.replace("6F9619FF-", "not-a-uuid"), "invalid_batch", "`visitor_id`: \"not-a-uuid"),
        (
            good.replace("6F9619FF-8B86-4D01-B42D-00C04FC964FF", "6F9619FF8B864D01B42D00C04FC964FF"),
            "invalid_batch",
            "UUID",
        ),
        (good.replace("1795250920115.25", "1e999"), "invalid_batch", "`sent_at`"),
        (good.replace("\"events\":", "\"page\":{\"url\":\"\\ud800\"},\"events\":"), "invalid_batch", "`page.url`"),
        (good.replace("\"events\":", "\"page\":{\"viewport\":[1]},\"events\":"), "invalid_batch", "`page.viewport"),
        (
            good.replace("\"events\":[", "\"events\":[[").replace("]}", "]]}").replace("\"events\"", "\"event\""),
            "invalid_batch",
            "`events`",
        ),
        (
            good.replace("\"events\":", &format!("\"z\":{}{},\"events\":", "[".repeat(32), "]".repeat(32))),
            "too_deep",
            "32",
        ),
        (format!("{{\"events\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000)), "invalid_batch", "missing field"),
        ("[".repeat(200_000), "invalid_batch", "object"),
        (batch_of(&vec!["{}"; 1_001].join(",")), "too_many_events", "1001"),
        (batch_of(&vec!["0"; 100_000].join(",")), "too_many_events", "100000"),
    ];
    for (body, code, part) in cases {
        let (got, message) = refusal(body.as_bytes());
        let shown = &body[..body.len().min(60)];
        assert_eq!(got, *code, "{shown}: {message}");
        assert!(message.contains(part), "{shown}: {message}");
        assert!(message.len() <= 310, "{message}");
    }
    assert_eq!(refusal(b"{\"batch_id\":\"\xff\xfe\"}").0, "invalid_utf8");
}

#[test]
fn a_thousand_events_pass_and_an_empty_list_too() {
    let events: Vec<_> = (0..EVENTS_MAX).map(good).collect();
    assert_eq!(parse(batch_of(&events.join(",")).as_bytes()).expect("good").events.len(), EVENTS_MAX);
    assert!(parse(batch_of("").as_bytes()).expect("good").events.is_empty());
}

/// Every example, good and bad, as JSON of its first event.
fn examples() -> Vec<serde_json::Value> {
    let files = ["examples/good", "examples/bad"].map(|folder| std::fs::read_dir(folder).expect("the examples"));
    let batches = files.into_iter().flatten().map(|file| {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("readable");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    });
    batches.map(|batch| batch["events"][0].clone()).collect()
}

/// Values as JSON texts that fit nowhere, in some places, or only just.
const STRANGE: [&str; 22] = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1.5",
    "1e999",
    "9007199254740991",
    "9007199254740992",
    "2147483648",
    "\"\"",
    "\"a\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"click\"",
    "\"\\u0063lick\"",
    "[]",
    "[1]",
    "[1,2,3,4]",
    "{}",
    "{\"kind\":\"text\"}",
    "{\"a\":1,\"a\":2}",
];

/// What is done to an event: the value at one of its places becomes another, or a field is left out, or added.
fn change(event: &mut serde_json::Value, place: usize, how: usize, strange: usize) {
    let mut places = Vec::new();
    pointers("", event, &mut places);
    let Some(pointer) = (!places.is_empty()).then(|| &places[place % places.len()]) else { return };
    let (around, name) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    let replacement = serde_json::Value::String(format!("@{strange}@"));
    match (how % 3, event.pointer_mut(around)) {
        (0, _) => *event.pointer_mut(pointer).expect("it was found") = replacement,
        (1, Some(serde_json::Value::Object(fields))) => drop(fields.remove(name)),
        (_, Some(serde_json::Value::Object(fields))) => drop(fields.insert("duration_ms".into(), replacement)),
        _ => {}
    }
}

fn pointers(place: &str, value: &serde_json::Value, found: &mut Vec<String>) {
    let inner: Vec<(String, &serde_json::Value)> = match value {
        serde_json::Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        serde_json::Value::Array(values) => {
            values.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (name, value) in inner {
        found.push(format!("{place}/{name}"));
        pointers(&format!("{place}/{name}"), value, found);
    }
}

proptest! {
    /// The pass over a batch in which all is good takes exactly the batches in which each event is good, and reads the same.
    #[test]
    fn both_ways_of_reading_agree(
        picks in proptest::collection::vec(any::<usize>(), 0..6),
        changes in proptest::collection::vec((any::<usize>(), any::<usize>(), any::<usize>(), 0..STRANGE.len()), 0..3),
    ) {
        let examples = examples();
        let mut events: Vec<_> = picks.iter().map(|pick| examples[pick % examples.len()].clone()).collect();
        for (event, place, how, strange) in changes {
            let count = events.len();
            if count > 0 {
                change(&mut events[event % count], place, how, strange);
            }
        }
        let mut body = batch_of(&events.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        for (index, strange) in STRANGE.iter().enumerate() {
            body = body.replace(&format!("\"@{index}@\""), strange);
        }
        prop_assert!(body.len() <= EVENT_BYTES_MAX && depth::deepest(body.as_bytes()) <= DEPTH_MAX);
        let each = parse_each(&body, true).expect("bad events do not sink their batch");
        match parse_all_good(&body) {
            Some(quick) => prop_assert_eq!(format!("{quick:?}"), format!("{each:?}"), "{}", body),
            None => prop_assert!(!each.rejects.is_empty(), "each event alone is good in {}", body),
        }
    }
}

/// A batch with the JSON text of its client hints, which must be taken whole whatever that text says.
fn hints_of(hints: &str) -> Option<ClientHints<'static>> {
    let body = batch_of(&good(0)).replacen('{', &format!(r#"{{"client_hints":{hints},"#), 1);
    let body: &'static str = Box::leak(body.into_boxed_str());
    let batch = parse(body.as_bytes()).unwrap_or_else(|error| panic!("{hints} sinks its batch: {error}"));
    assert_eq!((batch.events.len(), batch.rejects.len()), (1, 0), "{hints}");
    batch.header.client_hints
}

#[test]
fn client_hints_are_read_within_their_limits() {
    let longest = "é".repeat(HINT_BYTES_MAX / 2);
    let brand = r#"{"brand":"Chromium","version":"154"}"#;
    let brands = vec![brand; BRANDS_MAX].join(",");
    let hints = hints_of(&format!(
        r#"{{"platform":"mac\u004fS","model":"{longest}","mobile":false,"brands":[{brands}],"max_touch_points":5,"later":{{}}}}"#
    ));
    let hints = hints.expect("good hints");
    assert_eq!((hints.platform.as_deref(), hints.model.as_deref()), (Some("macOS"), Some(&*longest)));
    assert_eq!((hints.mobile, hints.max_touch_points), (Some(false), Some(5)));
    assert_eq!(hints.brands.expect("a list").0.len(), BRANDS_MAX);
    assert_eq!(hints_of("{}"), Some(ClientHints::default()));
}

#[test]
fn wrong_client_hints_are_left_out_and_never_sink_a_batch() {
    let long = "x".repeat(HINT_BYTES_MAX + 1);
    let brands = vec![r#"{"brand":"a","version":"1"}"#; BRANDS_MAX + 1].join(",");
    for hints in [
        "null",
        "[]",
        r#""Windows""#,
        r#"["Windows"]"#,
        r#"{"platform":1}"#,
        r#"{"platform":"\ud800"}"#,
        &format!(r#"{{"model":"{long}"}}"#),
        r#"{"mobile":"?1"}"#,
        r#"{"max_touch_points":-1}"#,
        r#"{"max_touch_points":1.5}"#,
        r#"{"max_touch_points":65536}"#,
        r#"{"brands":"Chromium"}"#,
        r#"{"brands":[{"brand":"Chromium"}]}"#,
        &format!(r#"{{"brands":[{brands}]}}"#),
        r#"{"platform":"a","platform":"b"}"#,
    ] {
        assert_eq!(hints_of(hints), None, "{hints}");
    }
}
