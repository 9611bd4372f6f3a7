//! Client hints of a batch and of its headers reach Kafka; wrong ones stop nothing.

use apache_avro::types::Value;
use schemas::topics;

use super::support::*;

const HEADERS: [(&str, &str); 2] =
    [("sec-ch-ua-platform", "\"Windows\""), ("sec-ch-ua-platform-version", "\"19.0.0\"")];

/// A batch with the JSON text of its client hints.
fn with_hints(hints: &str) -> String {
    batch(&[click(0)]).replacen('{', &format!("{{\"client_hints\":{hints},"), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_come_from_the_batch_and_where_it_has_none_from_its_headers() {
    let rig = Rig::start(|_| ()).await;
    let sent = [
        (batch(&[click(0)]), &[][..], None, None),
        (batch(&[click(0)]), &HEADERS[..], Some("Windows"), None),
        (with_hints(r#"{"platform":"macOS","max_touch_points":5}"#), &HEADERS, Some("macOS"), Some(5)),
        (with_hints(r#"{"max_touch_points":5}"#), &HEADERS, Some("Windows"), Some(5)),
        (with_hints(r#"{"platform":["macOS"],"max_touch_points":5}"#), &HEADERS, Some("Windows"), None),
        (with_hints(r#""macOS""#), &[], None, None),
    ];
    for (body, headers, ..) in &sent {
        let reply = rig.post_with(headers, body.clone()).await;
        assert_eq!((reply.status, &reply.json()["accepted"]), (200, &1.into()), "{body}");
    }
    let packages = rig.records(topics::EVENTS);
    assert_eq!(packages.len(), sent.len());
    for (package, (body, _, platform, touch_points)) in packages.iter().zip(&sent) {
        let hints = field(package, "client_hints");
        if platform.is_none() {
            assert_eq!(hints, &Value::Null, "{body}");
            continue;
        }
        assert_eq!(Some(&*string(hints, "platform")), *platform, "{body}");
        let expected = touch_points.map_or(Value::Null, Value::Int);
        assert_eq!(field(hints, "max_touch_points"), &expected, "{body}");
    }
    rig.stop().await;
}
