//! `warehouse serve`, asked as any client asks it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::http::{self, Reply};

use crate::serving::Serving;

/// Its workers read logs and footers first.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Ours(Serving);

impl Ours {
    /// Starts it on a free port; comes back when it says where it listens.
    pub(super) fn start(bin: &Path, store: &Path) -> Result<Self> {
        Serving::start(bin, store, &[]).map(Self)
    }

    /// Waits until a worker answers at once.
    pub(super) async fn settle(&self) -> Result<()> {
        let until = Instant::now() + SETTLED_AFTER;
        while Instant::now() < until {
            self.time("select 1 as one").await?;
        }
        Ok(())
    }

    /// The time of a query from the request until all its rows are there as Arrow.
    pub(super) async fn time(&self, sql: &str) -> Result<Duration> {
        let started = Instant::now();
        self.ask(sql, "application/vnd.apache.arrow.stream").await?;
        Ok(started.elapsed())
    }

    /// The answer: `columns` with their names, `rows`.
    pub(super) async fn answer(&self, sql: &str) -> Result<Value> {
        Ok(self.ask(sql, "application/json").await?.json())
    }

    async fn ask(&self, sql: &str, accepted: &str) -> Result<Reply> {
        let body = json!({ "sql": sql }).to_string();
        let headers = [("content-type", "application/json"), ("accept", accepted)];
        let reply = http::call(self.0.address, "POST", "/api/v1/sql", &headers, body.as_bytes()).await;
        ensure!(reply.status == 200, "{}: {}\n{sql}", reply.status, reply.text());
        ensure!(reply.is_whole, "the answer breaks off\n{sql}");
        Ok(reply)
    }

    pub(super) fn stop(self) -> Result<()> {
        self.0.stop()
    }
}
