//! `bench sql`: questions of designers and support people to a store, answered by a running `warehouse serve` and by DuckDB on
//! the same files, in turns. Both must answer the same. Times are those until all rows are there as Arrow.

mod duckdb;
mod ours;
mod questions;
mod report;
mod same;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::pipeline::results::write_section;
use duckdb::DuckDb;
use ours::Ours;
use questions::{Keys, QUESTIONS, Question};
use report::{Measured, Sessions, Times, section};
use same::difference;

/// The least that can be asked of the engine, and of the tables.
const SMALLEST: [&str; 2] = ["select 1 as one", "select count(*) as n from events"];

#[derive(Args)]
pub struct SqlArguments {
    /// Folder that holds `warehouse/`, such as `bench compaction` leaves in WORK/compact; nothing in it is changed
    #[arg(long, value_name = "FOLDER")]
    pub store: PathBuf,
    /// Another such folder, to read single sessions of [default: --store]
    #[arg(long, value_name = "FOLDER")]
    pub large: Option<PathBuf>,
    /// Folder of warehouse [default: where bench itself lies]
    #[arg(long, value_name = "FOLDER")]
    pub bin: Option<PathBuf>,
    /// Hot runs of each question, after a first one
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    pub runs: u16,
    /// Sessions that are read one by one; 0 for none
    #[arg(long, default_value_t = 100)]
    pub sessions: usize,
    /// Only questions whose words or statement hold this text, and no single sessions; writes no results
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Threads and memory of DuckDB
    #[arg(long, default_value_t = 2)]
    pub threads: usize,
    #[arg(long, default_value = "4GB")]
    pub memory: String,
    /// Where the results are written as Markdown, in place of those of an earlier run
    #[arg(long, value_name = "FILE", default_value = "bench/RESULTS.md")]
    pub out: PathBuf,
}

pub async fn run(arguments: &SqlArguments) -> Result<()> {
    let own = std::env::current_exe().context("where bench itself lies is not known; give --bin")?;
    let bin = arguments.bin.clone().or_else(|| Some(own.parent()?.to_owned())).unwrap_or_default();
    let mut both = Both::start(arguments, &bin, &arguments.store).await?;
    let events = both.events().await?;
    let keys = both.keys().await?;
    let asked = QUESTIONS.map(|text| Question::of(text, &keys));
    let asked = asked.iter().filter(|question| arguments.only.as_ref().is_none_or(|only| question.holds(only)));
    let mut questions = Vec::new();
    for question in asked {
        let times = both.compare(&question.sql, arguments.runs).await.with_context(|| question.words.clone())?;
        questions.push(Measured { question: question.clone(), times });
        println!("{}", questions[questions.len() - 1].line());
    }
    ensure!(!questions.is_empty(), "no question holds {:?}", arguments.only.as_deref().unwrap_or_default());
    println!("{}", report::means(&questions));
    if arguments.only.is_some() {
        return both.stop();
    }
    let mut smallest = Vec::new();
    for sql in SMALLEST {
        smallest.push((sql, both.compare(sql, arguments.runs.max(50)).await.context(sql)?));
    }
    let mut large = match &arguments.large {
        Some(store) => {
            both.stop()?;
            Both::start(arguments, &bin, store).await?
        }
        None => both,
    };
    let sessions = large.sessions(arguments.sessions).await?;
    large.stop()?;
    let text = section(arguments, &bin, events, &questions, &smallest, &sessions);
    println!("{text}");
    write_section(&arguments.out, &text)
}

/// Both engines on one store.
struct Both {
    ours: Ours,
    peer: DuckDb,
}

impl Both {
    async fn start(arguments: &SqlArguments, bin: &Path, store: &Path) -> Result<Self> {
        let store = store.canonicalize().with_context(|| store.display().to_string())?;
        let ours = Ours::start(bin, &store)?;
        let peer = DuckDb::start(&store, arguments.threads, &arguments.memory)?;
        ours.settle().await?;
        Ok(Self { ours, peer })
    }

    /// Times of a statement, in turns; its first answers must be the same.
    async fn compare(&mut self, sql: &str, runs: u16) -> Result<Times> {
        let (first, peer_first) = (self.ours.time(sql).await?, self.peer.time(sql)?);
        self.agree(sql).await?;
        let mut times = Times { first, peer_first, hot: Vec::new(), peer_hot: Vec::new() };
        for _ in 0..runs {
            times.hot.push(self.ours.time(sql).await?);
            times.peer_hot.push(self.peer.time(sql)?);
        }
        Ok(times)
    }

    async fn agree(&mut self, sql: &str) -> Result<()> {
        match difference(&self.ours.answer(sql).await?, &self.peer.answer(sql)?) {
            Some(difference) => bail!("our answer and DuckDB's differ: {difference}\n{sql}"),
            None => Ok(()),
        }
    }

    async fn events(&mut self) -> Result<u64> {
        let answer = self.ours.answer("select count(*) as n from events").await?;
        let events = answer["rows"][0][0].as_u64().context("a number of events")?;
        ensure!(events > 0, "the store holds no events; compact it first");
        Ok(events)
    }

    /// The longest session, and the page view with most trails: the worst cases of their questions.
    async fn keys(&mut self) -> Result<Keys> {
        Ok(Keys {
            session: self.text("select session_id from sessions order by events desc, session_id limit 1").await?,
            page_view: self
                .text("select page_view_id from pointer group by page_view_id order by count(*) desc, page_view_id limit 1")
                .await?,
        })
    }

    async fn text(&mut self, sql: &str) -> Result<String> {
        let answer = self.ours.answer(sql).await?;
        Ok(answer["rows"][0][0].as_str().with_context(|| format!("{sql} answers nothing"))?.to_owned())
    }

    /// Reads single sessions of anybody, each once.
    async fn sessions(&mut self, count: usize) -> Result<Sessions> {
        let mut sessions = Sessions { events: self.events().await?, ours: Vec::new(), peer: Vec::new() };
        // Their ids are hashes: in order they come from everywhere in the files.
        let sql = format!("select session_id from sessions order by session_id limit {count}");
        let answer = self.ours.answer(&sql).await?;
        for row in answer["rows"].as_array().context("rows")? {
            let session = row[0].as_str().context("a session")?.to_owned();
            let question = Question::of(questions::ONE_SESSION, &Keys { session, page_view: String::new() });
            sessions.ours.push(self.ours.time(&question.sql).await?);
            sessions.peer.push(self.peer.time(&question.sql)?);
            self.agree(&question.sql).await?;
        }
        Ok(sessions)
    }

    fn stop(self) -> Result<()> {
        self.ours.stop()
    }
}
