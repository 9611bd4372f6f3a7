use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::Layers;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Example {
    listen: SocketAddr,
    rows_max: u64,
    topic: String,
    keys: Vec<String>,
    token: String,
    kafka: BTreeMap<String, String>,
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    name: String,
}

impl Default for Example {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 1));
        let (topic, keys, token) = ("t".to_owned(), Vec::new(), String::new());
        Self { listen, rows_max: 1, topic, keys, token, kafka: BTreeMap::new(), parts: Vec::new() }
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What is wrong, one line each.
fn wrong(layers: Layers) -> Vec<String> {
    let (read, mistakes) = layers.read::<Example>();
    mistakes.none(read).map_or_else(|wrong| wrong.to_string().lines().map(str::to_owned).collect(), |_| Vec::new())
}

#[test]
fn the_later_layer_wins_and_texts_stand_for_what_is_wanted() {
    let mut layers = Layers::new("kafka");
    layers.toml("topic = 'file'\nrows_max = 2\nkeys = ['a']\n[kafka]\n'linger.ms' = 5", "a.toml");
    layers.environment(
        "X_",
        variables(&[
            ("X_TOPIC", "0x12"),
            ("X_TOKEN", "[1]"),
            ("X_ROWS_MAX", "3"),
            ("X_KEYS", "['b', 'c']"),
            ("X_KAFKA__SASL_PASSWORD", "007"),
            ("X_LOG", "debug"),
            ("X_SERVICE_HOST", "10.0.0.1"),
            ("X_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("PATH", "/bin"),
        ]),
    );
    layers.flag("--listen", "listen", "127.0.0.1:7");
    layers.assignment("kafka.client.id=me");
    let (read, mistakes) = layers.read::<Example>();
    assert_eq!((mistakes.origin("topic"), mistakes.origin("token")), (Some("X_TOPIC"), Some("X_TOKEN")));
    let read = mistakes.none(read).unwrap();
    assert_eq!((read.topic.as_str(), read.rows_max, read.keys.len(), read.listen.port()), ("0x12", 3, 2, 7));
    assert_eq!(read.token, "[1]");
    let kafka = [("client.id", "me"), ("linger.ms", "5"), ("sasl.password", "007")];
    assert_eq!(read.kafka, kafka.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
}

#[test]
fn every_mistake_is_told_with_where_it_was_made() {
    let mut layers = Layers::new("kafka");
    layers.toml("colour = 'red'\nlisten = 'nowhere'\n[[parts]]\nnom = 'x'", "a.toml");
    layers.environment("X_", variables(&[("X_ROWS_MAX", "many"), ("X_NO_SUCH", "1")]));
    layers.flag("--keys", "keys", "[1, {}]");
    layers.assignment("bare");
    let told = wrong(layers);
    for part in [
        "a.toml: colour: no such setting; there are ",
        "a.toml: listen = \"nowhere\": ",
        "a.toml: parts.0",
        "X_ROWS_MAX: rows_max = \"many\": ",
        "X_NO_SUCH: no_such: no such setting",
        "--keys: keys.1",
        "`bare` is no setting",
    ] {
        assert!(told.iter().any(|line| line.starts_with(part)), "{part} is not in:\n{}", told.join("\n"));
    }
    assert_eq!(told.len(), 7, "{}", told.join("\n"));
}

#[test]
fn no_secret_is_told() {
    let mut layers = Layers::new("kafka");
    layers.toml("topic = ['s3://name:canary@host/']\n[kafka]\n'sasl.password' = ['canary']", "a.toml");
    layers.environment(
        "X_",
        variables(&[("X_LISTEN", "http://name:canary@host/"), ("X_ROWS_MAX", "http://name:canary@host/")]),
    );
    let told = wrong(layers).join("\n");
    assert!(told.contains("kafka.sasl.password: a text is wanted") && told.contains("X_ROWS_MAX"), "{told}");
    assert!(told.contains("X_LISTEN"), "{told}");
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_file_that_cannot_be_read_or_is_no_toml_is_told() {
    let mut layers = Layers::new("");
    layers.file(std::path::Path::new("/nowhere/x.toml"));
    layers.toml("a = ", "b.toml");
    let told = wrong(layers);
    assert!(told[0].starts_with("/nowhere/x.toml: ") && told[1].starts_with("b.toml: "), "{told:?}");
}
