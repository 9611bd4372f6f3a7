use super::*;

fn mistakes(text: &str, flags: &[&str]) -> String {
    let mut layers = layers();
    layers.toml(text, "a.toml");
    flags.iter().for_each(|flag| layers.assignment(flag));
    load(layers).expect_err("mistakes").to_string()
}

#[test]
fn all_mistakes_are_told_at_once() {
    let told = mistakes(
        r#"
            listen = "nowhere"
            ack_timeout_ms = "soon"
            forwarded_by = "via"
            colour = "red"
            [limits]
            window_bytes_max = 7
            address_share_percent = 101
            patience_ms = 0
            [kafka]
            bootstrap = ""
            brokers = 3
            [kafka.options]
            "no.such.option" = 1
            [[sites]]
            site_id = "a/b"
            write_key = "k"
            allowed_origins = ["shop.example/"]
            "#,
        &["registry.url=ftp", "bare"],
    );
    for part in [
        "a.toml: listen = \"nowhere\": ",
        "a.toml: ack_timeout_ms = \"soon\": ",
        "a.toml: forwarded_by = \"via\": ",
        "a.toml: colour: no such setting",
        "a.toml: limits.window_bytes_max = 7",
        "limits.address_share_percent = 101",
        "limits.patience_ms = 0",
        "kafka.bootstrap",
        "kafka.brokers: no such setting",
        "a.toml: kafka.options.no.such.option: ",
        "a/b",
        "shop.example/",
        "registry.url=ftp: registry.url",
        "`bare`",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

#[test]
fn flags_win_over_environment_over_file() {
    let mut layers = layers();
    layers.toml(
        "ack_timeout_ms = 1\nsites = [{site_id = 's', write_key = 'k'}]\n[kafka]\nbootstrap = 'file:1'",
        "a.toml",
    );
    let environment = [
        ("COLLECTOR_ACK_TIMEOUT_MS", "2000"),
        ("COLLECTOR_KAFKA__BOOTSTRAP", "environment:1"),
        ("COLLECTOR_KAFKA__OPTIONS__SASL_PASSWORD", "12"),
        ("PATH", "/bin"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    layers.environment(ENVIRONMENT_PREFIX, environment);
    layers.assignment("kafka.bootstrap=flag:1");
    let config = load(layers).expect("a good configuration");
    assert_eq!(config.ack_timeout_ms, 2000);
    assert_eq!(config.kafka.bootstrap, "flag:1");
    assert_eq!(config.kafka.options["sasl.password"], "12");
}

#[test]
fn the_printed_configuration_hides_secrets_and_reads_back() {
    let config = from_toml(
        "[[sites]]\nsite_id = 's'\nwrite_key = 'canary1'\n[registry]\npassword = 'canary2'\n[kafka.options]\n\"sasl.password\" = 'canary3'\n\"plugin.library.paths\" = 'canary4'\n\"linger.ms\" = 5",
    )
    .expect("a good configuration");
    let printed = config.print();
    assert!(!printed.contains("canary"), "{printed}");
    assert!(printed.contains("\"linger.ms\" = \"5\""), "{printed}");
    from_toml(&printed).expect("what is printed can be read");
}

#[test]
fn the_commented_example_is_good() {
    let mut layers = layers();
    layers.file(std::path::Path::new("../infra/config/collector.toml"));
    load(layers).expect("the example configuration");
}
