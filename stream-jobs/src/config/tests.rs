use super::*;

fn load(environment: &[(&str, &str)], flags: &Flags) -> Result<Config, Wrong> {
    Config::load(flags, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn file_then_environment_then_flags() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "store = \"file:///a\"\ntopic = \"a\"\ngroup = \"a\"\nflush_interval_ms = 7\n[kafka]\n\"sasl.password\" = \"hush\"\n",
    )
    .unwrap();
    let own_domains = vec!["pay.example".into()];
    let flags = Flags { config: Some(file.path().into()), group: Some("c".into()), own_domains, ..Flags::default() };
    let environment = [
        ("STREAM_JOBS_TOPIC", "b"),
        ("STREAM_JOBS_GROUP", "b"),
        ("STREAM_JOBS_QUERY_KEYS_KEPT", "[\"q\"]"),
        ("STREAM_JOBS_OWN_DOMAINS", "[\"b.example\"]"),
        ("STREAM_JOBS_KAFKA__PLUGIN_LIBRARY_PATHS", "hush"),
        ("STREAM_JOBS_KAFKA__SASL_JAAS_CONFIG", "hush"),
    ];
    let config = load(&environment, &flags).unwrap();
    assert_eq!((config.topic.as_str(), config.group.as_str(), config.flush_interval_ms), ("b", "c", 7));
    assert_eq!(config.query_keys_kept, ["q"]);
    assert_eq!(config.own_domains, ["pay.example"]);
    assert!(!config.printed().contains("hush"), "{}", config.printed());
    assert!(config.printed().contains("flush_interval_ms = 7"));
}

#[test]
fn all_mistakes_at_once() {
    let environment = [
        ("STREAM_JOBS_FLUSH_ROWS_MAX", "many"),
        ("STREAM_JOBS_NO_SUCH", "1"),
        ("STREAM_JOBS_REGISTRY", "x"),
        ("STREAM_JOBS_OWN_DOMAINS", "[\"https://a.example/\"]"),
        ("STREAM_JOBS_KAFKA__NO_SUCH_OPTION", "1"),
    ];
    let flags = Flags { group_protocol: Some("cooperative".into()), ..Flags::default() };
    let text = load(&environment, &flags).unwrap_err().to_string();
    for part in [
        "STREAM_JOBS_FLUSH_ROWS_MAX",
        "no_such: no such setting",
        "store is missing",
        "registry",
        "--group-protocol",
        "https://a.example/",
        "STREAM_JOBS_KAFKA__NO_SUCH_OPTION: kafka.no.such.option: ",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn a_store_of_another_kind_is_a_mistake_before_anything_is_opened() {
    for store in ["gs://bucket", "lake", "file://host/x", "s3:///prefix"] {
        let text = load(&[("STREAM_JOBS_STORE", store)], &Flags::default()).unwrap_err().to_string();
        assert!(text.starts_with("STREAM_JOBS_STORE: store = ") && text.lines().count() == 1, "{text}");
    }
}

#[test]
fn the_printed_configuration_can_be_read_again() {
    let config = Config { store: "file:///a".into(), ..Config::default() };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config.printed()).unwrap();
    let flags = Flags { config: Some(file.path().into()), ..Flags::default() };
    assert_eq!(load(&[], &flags).unwrap(), config);
}
