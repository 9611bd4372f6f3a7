use datafusion::common::DataFusionError;
use tempfile::tempdir;

use super::failure::{COSTLY, NO_COERCION, NO_TABLE};
use super::*;
use crate::Resources;
use crate::engine::Engine;

/// A statement that makes the engine say each of the words by which errors are told apart, and the code that follows.
const SAID: [(&str, &str, &str); 8] = [
    ("select range(1, 100000000000)", COSTLY[0], "statement_too_costly"),
    ("select range(1, 100000000000)", COSTLY[1], "statement_too_costly"),
    ("select repeat('x', 3000000000)", COSTLY[2], "statement_too_costly"),
    ("select array_repeat(1, 3000000000)", COSTLY[3], "statement_too_costly"),
    ("select regexp_replace('a', '((a{0,100}){0,100}){0,100}', 'x')", COSTLY[4], "statement_too_costly"),
    ("select * from nothing", NO_TABLE[0], "unknown_table"),
    ("select * from nothing", NO_TABLE[1], "unknown_table"),
    ("select 1 between true and 2", NO_COERCION, "invalid_sql"),
];

pub(super) fn engine(resources: Resources) -> Engine {
    let folder = tempdir().unwrap();
    let url = url::Url::from_directory_path(folder.path()).unwrap();
    Engine::new(&landing::Store::open(url.as_str()).unwrap(), resources).unwrap()
}

async fn error(engine: &Engine, sql: &str) -> DataFusionError {
    let planned = engine.session().sql(sql).await;
    match planned {
        Ok(rows) => rows.collect().await.expect_err(sql),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_engine_still_says_what_errors_are_told_apart_by() {
    let engine = engine(Resources::default());
    for (sql, words, code) in SAID {
        let error = error(&engine, sql).await;
        assert!(error.find_root().message().contains(words), "{sql}: {words:?}: {error}");
        assert_eq!(Failure::from(error).code(), code, "{sql}");
    }
}

#[tokio::test]
async fn spilled_data_that_reaches_its_limit_is_no_fault() {
    let engine = engine(Resources { memory_bytes_max: 8 << 20, spill_bytes_max: 1 << 20 });
    let rows = "select repeat(cast(value as varchar), 20) t from generate_series(1, 200000) order by t desc";
    let failure = Failure::from(error(&engine, rows).await.context("a round"));
    assert_eq!(failure.code(), "statement_too_costly", "{failure}");
    assert!(memory_exhausted(&anyhow::Error::from(error(&engine, rows).await)).is_some());
}
