use clap::Parser;

use super::*;

fn config(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
    let cli = Cli::try_parse_from([&["warehouse"], arguments].concat()).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::new(&cli, environment).map_err(|wrong| wrong.to_string())
}

#[test]
fn all_mistakes_come_at_once_with_where_they_were_made() {
    let arguments = ["--query-time", "soon", "serve", "--listen", "here", "--sql-workers-max", "0"];
    let told = config(&arguments, &[("WAREHOUSE_SPILL_BYTES_MAX", "lots")]).unwrap_err();
    for part in [
        "--query-time: query_time = \"soon\": no duration such as 30s or 5m",
        "--listen: listen = \"here\": ",
        "WAREHOUSE_SPILL_BYTES_MAX: spill_bytes_max = \"lots\": ",
        "--sql-workers-max: sql_workers_max = 0: ",
        "store: not given",
    ] {
        assert!(told.lines().any(|line| line.starts_with(part)), "{part} is not in:\n{told}");
    }
    assert_eq!(told.lines().count(), 5, "{told}");
}

#[test]
fn flags_win_over_the_environment_over_the_file_and_secrets_stay_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warehouse.toml");
    std::fs::write(&path, "store = \"file:///a\"\ntoken = \"secret\"\nquery_time = \"5s\"\n").unwrap();
    let path = path.to_str().unwrap();
    let environment = [("WAREHOUSE_QUERY_TIME", "6s"), ("WAREHOUSE_TOKEN", "0x12")];
    let made = config(&["--config", path, "--query-time", "7s", "serve"], &environment).unwrap();
    assert_eq!((made.store.as_str(), made.sql.time), ("file:///a", Duration::from_secs(7)));
    assert_eq!(made.token.as_deref(), Some("0x12"), "what looks like a number stays as it was written");
    let printed = made.print();
    assert!(printed.contains("token = \"(hidden)\"") && !printed.contains("0x12"), "{printed}");
    std::fs::write(path, "stor = \"file:///a\"\n").unwrap();
    assert!(config(&["--config", path, "verify"], &[]).unwrap_err().contains("stor"));
}

#[test]
fn an_open_address_without_a_token_and_a_store_of_another_kind_are_mistakes() {
    let open = ["--store", "file:///a", "serve", "--listen", "0.0.0.0:8090"];
    let told = config(&open, &[]).unwrap_err();
    assert!(told.starts_with("token: ") && told.contains("needs --token"), "{told}");
    assert!(config(&open, &[("WAREHOUSE_TOKEN", "")]).unwrap_err().starts_with("WAREHOUSE_TOKEN: token: "));
    config(&open, &[("WAREHOUSE_TOKEN", "secret")]).unwrap();
    config(&["--store", "file:///a", "verify"], &[("WAREHOUSE_LISTEN", "0.0.0.0:8090")]).unwrap();
    let told = config(&["--store", "gs://bucket", "verify"], &[]).unwrap_err();
    assert!(told.starts_with("--store: store = \"gs://bucket\": "), "{told}");
}

#[test]
fn what_the_file_says_of_compaction_is_for_serve() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warehouse.toml");
    std::fs::write(&path, "store = \"file:///a\"\ncompact_every = \"5m\"\n").unwrap();
    let path = path.to_str().unwrap();
    let every = |arguments: &[&str], environment: &[(&str, &str)]| {
        config(&[&["--config", path], arguments].concat(), environment).unwrap().compact_every
    };
    let minutes = |count: u64| Some(Duration::from_secs(60 * count));
    assert_eq!(every(&["serve"], &[]), minutes(5));
    assert_eq!(every(&["compact"], &[]), None);
    assert_eq!(every(&["compact", "--every", "7m"], &[]), minutes(7));
    assert_eq!(every(&["compact"], &[("WAREHOUSE_COMPACT_EVERY", "6m")]), minutes(6));
}

#[test]
fn an_import_must_know_its_site() {
    let import = ["--store", "file:///a", "import", "ga4", "export.json"];
    let told = config(&import, &[]).unwrap_err();
    assert!(told.starts_with("site: not given; write --site, or set WAREHOUSE_SITE"), "{told}");
    let site = |flags: &[&str]| config(&[&import, flags].concat(), &[("WAREHOUSE_SITE", "shop")]).unwrap().site;
    assert_eq!(site(&[]).as_deref(), Some("shop"));
    assert_eq!(site(&["--site", "other"]).as_deref(), Some("other"));
}

#[test]
fn tokens_never_pass_in_the_clear_where_others_can_listen() {
    for name in ["postgres", "flight"] {
        let told = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|argument| argument.replace("NAME", name));
            let all = ["--store", "file:///a", "serve"].map(str::to_owned).into_iter().chain(arguments);
            config(&all.collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>(), &[])
                .err()
                .unwrap_or_default()
        };
        assert_eq!(told(&["--NAME-listen", "127.0.0.1:5433"]), "");
        let open = told(&["--NAME-listen", "0.0.0.0:5433"]);
        assert!(open.contains("needs --token") && open.contains(&format!("--{name}-certificate")), "{open}");
        let clear = told(&["--NAME-listen", "0.0.0.0:5433", "--token", "secret"]);
        assert!(clear.starts_with(&format!("--{name}-listen: {name}_listen = 0.0.0.0:5433: ")), "{clear}");
        let half = told(&["--NAME-listen", "127.0.0.1:5433", "--NAME-certificate", "a.crt"]);
        assert!(half.contains(&format!("name it by --{name}-key")), "{half}");
        let files = ["--token", "secret", "--NAME-certificate", "a.crt", "--NAME-key", "a.key"];
        assert_eq!(told(&[&["--NAME-listen", "0.0.0.0:5433"], &files[..]].concat()), "");
    }
}

#[test]
fn tokens_need_a_file_and_no_store() {
    let made = config(&["token", "--access", "access.toml", "list"], &[]).unwrap();
    assert_eq!(made.access.unwrap().to_str(), Some("access.toml"));
    let made = config(&["token", "list"], &[("WAREHOUSE_ACCESS", "other.toml")]).unwrap();
    assert_eq!(made.access.unwrap().to_str(), Some("other.toml"));
    assert!(config(&["verify"], &[]).unwrap_err().contains("store: not given"));
}

#[test]
fn a_part_that_there_is_not_is_refused_with_what_would_be_one() {
    let told = config(&["--store", "file:///a", "compact", "--shard", "3/2"], &[]).unwrap_err();
    assert!(told.starts_with("--shard: shard = \"3/2\": no part such as 1/2 or 2/2"), "{told}");
    let read = config(&["--store", "file:///a", "compact"], &[("WAREHOUSE_SHARD", "2/2")]).unwrap();
    assert_eq!(read.shard.to_string(), "2/2");
    assert!(read.print().contains("shard = \"2/2\""));
    assert_eq!(config(&["--store", "file:///a", "compact"], &[]).unwrap().shard, crate::Shard::ALL);
}
