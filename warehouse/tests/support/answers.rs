//! Questions about what became of a landing zone.

use std::sync::Arc;

use serde_json::Value;
use warehouse::query::{Limits, query};
use warehouse::{Lake, format, tables};

/// Rows of an answer as JSON.
pub(crate) async fn rows(lake: &Arc<Lake>, sql: &str) -> Vec<Value> {
    let answer = query(lake, sql, Limits::answer()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    format::json(&answer)["rows"].as_array().unwrap().clone()
}

/// The only number of an answer.
pub(crate) async fn number(lake: &Arc<Lake>, sql: &str) -> i64 {
    rows(lake, sql).await[0][0].as_i64().unwrap()
}

/// Everything in the tables, in a fixed order.
pub(crate) async fn everything(lake: &Arc<Lake>) -> Vec<(&'static str, Vec<Value>)> {
    let mut all = Vec::new();
    for table in tables::ALL {
        let order = table.sort_order;
        all.push((table.name, rows(lake, &format!("select * from {} order by {order}", table.name)).await));
    }
    all
}
