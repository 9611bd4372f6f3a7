//! `--engine`: what is handed over to the program that knows the cluster, what is said where there is none, and the plans that it
//! sends. The cluster itself is `make cluster`'s.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use datafusion::physical_plan::collect;
use support::{landed, rows};
use tempfile::TempDir;
use warehouse::compact::compact;
use warehouse::format::{Answer, json};
use warehouse::query::sent;

/// `warehouse` in a folder where nothing is beside it, with what is on `PATH`.
fn warehouse(folder: &Path, path: &Path, arguments: &[&str]) -> Output {
    let program = folder.join("warehouse");
    if !program.exists() {
        std::fs::hard_link(env!("CARGO_BIN_EXE_warehouse"), &program).unwrap();
    }
    Command::new(program).env("PATH", path).args(["--store", "file:///srv/nothing"]).args(arguments).output().unwrap()
}

/// Beside the program, so that it can be linked.
fn folder() -> TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_BIN_EXE_warehouse")).parent().unwrap()).unwrap()
}

/// A program that tells what it was given.
fn teller(folder: &Path) {
    let program = folder.join("warehouse-cluster");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$@\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const ENGINE: [&str; 2] = ["--engine", "ballista://127.0.0.1:50050"];

#[test]
fn a_command_is_handed_over_as_it_is_beside_first_and_on_the_path_then() {
    for beside in [true, false] {
        let (own, path) = (folder(), tempfile::tempdir().unwrap());
        teller(if beside { own.path() } else { path.path() });
        let asked =
            warehouse(own.path(), path.path(), &[&ENGINE[..], &["sql", "select 'a b'", "--format", "csv"]].concat());
        let told = String::from_utf8(asked.stdout).unwrap();
        let wanted =
            "ask|--store|file:///srv/nothing|--engine|ballista://127.0.0.1:50050|sql|select 'a b'|--format|csv|";
        assert_eq!((told.as_str(), asked.status.success()), (wanted, true));
    }
}

#[test]
fn without_the_program_the_way_out_is_told() {
    let (own, path) = (folder(), tempfile::tempdir().unwrap());
    let asked = warehouse(own.path(), path.path(), &[&ENGINE[..], &["compact"]].concat());
    let told = String::from_utf8(asked.stderr).unwrap();
    assert_eq!(asked.status.code(), Some(2), "{told}");
    for part in ["ballista://127.0.0.1:50050", "warehouse-cluster", "make cluster", "docs/cluster.md"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

#[test]
fn what_no_cluster_does_is_refused_by_a_flag_and_done_here_by_a_setting() {
    let (own, path) = (folder(), tempfile::tempdir().unwrap());
    teller(own.path());
    for command in
        [&["verify"][..], &["compact", "--every", "5m"], &["compact", "--shard", "1/2"], &["sql"], &["friction"]]
    {
        let asked = warehouse(own.path(), path.path(), &[&ENGINE[..], command].concat());
        let told = String::from_utf8(asked.stderr).unwrap();
        assert!(
            asked.status.code() == Some(2) && told.starts_with("--engine: engine: a cluster takes"),
            "{command:?}: {told}"
        );
    }
    let mut set = Command::new(own.path().join("warehouse"));
    let listed = set.env("WAREHOUSE_ENGINE", ENGINE[1]).arg("report").output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("rage_clicks"), "the list of reports is made here");
    let wrong =
        Command::new(own.path().join("warehouse")).args(["--engine", "spark://there", "verify"]).output().unwrap();
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("no address such as ballista://127.0.0.1:50050"));
}

#[tokio::test]
async fn a_plan_that_is_sent_has_plain_texts_and_answers_what_is_compacted() {
    let landing = landed();
    let lake = landing.lake();
    let sql = "select type, visitor_id, count(*) as n, sum(seq * 2 - 1) as total from events where site_id = 'shop' \
               group by 1, 2 order by 1";
    let answered = async || {
        let sent = sent(&lake, sql, &[], |config| config).await.unwrap();
        let schema = sent.plan.schema();
        assert!(!format!("{schema:?}").contains("Utf8View"), "{schema:?}");
        let batches = collect(sent.plan, lake.engine.session().task_ctx()).await.unwrap();
        (sent.waiting, json(&Answer { schema, batches })["rows"].as_array().unwrap().clone())
    };
    assert_eq!(answered().await, (1, Vec::new()), "a link waits");
    compact(&lake, |_, _| {}).await.unwrap();
    assert_eq!(answered().await, (0, rows(&lake, sql).await));
}

#[test]
fn checked_arithmetic_is_known_by_its_name() {
    assert_eq!(warehouse::operation("+-*/%").unwrap().name(), "+-*/%");
    for other in ["", "sum", "+ "] {
        assert!(warehouse::operation(other).is_none(), "{other:?}");
    }
}
