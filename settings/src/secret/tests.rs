use super::*;

#[test]
fn every_kind_of_secret_is_hidden_wherever_it_stands() {
    let text = r#"
            store = "s3://key:canary@bucket/prefix"
            token = "canary"
            query_keys_kept = ["q"]
            [[sites]]
            site_id = "s"
            write_key = "canary"
            [registry]
            password = "canary"
            username = "name"
            [kafka.options]
            "sasl.password" = "canary"
            "ssl.key.pem" = "canary"
            "ssl.keystore.password" = "canary"
            "sasl.jaas.config" = "canary"
            "sasl.oauthbearer.config" = "canary"
            "sasl.oauthbearer.client.secret" = "canary"
            "sasl.oauthbearer.assertion.private.key.passphrase" = "canary"
            "plugin.library.paths" = "canary"
            "ssl.key.location" = "/a/path"
            "linger.ms" = "5"
        "#;
    let shown = hidden(&text.parse::<toml::Table>().unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    for part in ["linger.ms\" = \"5", "/a/path", "username = \"name\"", "site_id = \"s\"", "bucket/prefix", "[\"q\"]"] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
}

#[test]
fn what_is_empty_stays_empty() {
    assert_eq!(hidden(&"password = ''".parse::<toml::Table>().unwrap()), "password = \"\"\n");
}
