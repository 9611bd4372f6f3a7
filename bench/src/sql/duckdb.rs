//! DuckDB in a process of its own, asked over its standard input.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

const SCRIPT: &str = include_str!("duckdb.py");

pub(super) struct DuckDb {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl DuckDb {
    pub(super) fn start(store: &Path, threads: usize, memory: &str) -> Result<Self> {
        let mut process = Command::new(testkit::readers::python())
            .args(["-I", "-c", SCRIPT])
            .arg(store)
            .args([threads.to_string().as_str(), memory])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("Python with DuckDB cannot be started")?;
        let asks = process.stdin.take().context("its input")?;
        let answers = BufReader::new(process.stdout.take().context("its output")?);
        Ok(Self { process, asks, answers })
    }

    /// The time of a query until all its rows are there as Arrow.
    pub(super) fn time(&mut self, sql: &str) -> Result<Duration> {
        let seconds = self.ask(sql, false)?["seconds"].as_f64().context("seconds")?;
        Ok(Duration::from_secs_f64(seconds))
    }

    /// The answer.
    pub(super) fn answer(&mut self, sql: &str) -> Result<Value> {
        self.ask(sql, true)
    }

    fn ask(&mut self, sql: &str, rows: bool) -> Result<Value> {
        writeln!(self.asks, "{}", json!({ "sql": sql, "rows": rows }))
            .context("DuckDB has ended; its reason stands above")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).context("DuckDB has ended; its reason stands above")?;
        if let Some(error) = answer["error"].as_str() {
            bail!("DuckDB: {error}\n{sql}");
        }
        Ok(answer)
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
