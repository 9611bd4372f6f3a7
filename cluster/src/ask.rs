//! A command of `warehouse` that was handed over: a statement, or the compaction of everything.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use futures::TryStreamExt;
use warehouse::asked::{Asked, asked};
use warehouse::compact::{Summary, parts};
use warehouse::config::{Command, Config};
use warehouse::elsewhere::Engine;
use warehouse::query::{Failure, Limits, Rows, sent};
use warehouse::show::{print_rows, told};
use warehouse::{Lake, Store};

use crate::{compact, plan};

/// Runs the command; an error is for the last line.
///
/// # Errors
/// When the command is none for a cluster, the store or the cluster cannot be reached, or what was asked failed.
pub async fn ask(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let engine = config.engine.as_ref().context("engine: not given; write --engine ballista://HOST:PORT")?;
    let lake = Lake::open(Store::open(&config.store)?, config.resources)?;
    if lake.store.contents().await?.is_nothing() {
        eprintln!("note: {}", lake.store.nothing_here());
    }
    match (command, asked(command, config)?) {
        (_, Some(asked)) => statement(&lake, engine, asked).await.map_err(told)?,
        (Command::Compact { .. }, None) => println!("{}", compaction(&lake, engine).await?),
        _ => bail!("a cluster does not know this command; leave --engine out"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn statement(lake: &Arc<Lake>, engine: &Engine, asked: Asked) -> anyhow::Result<()> {
    let Asked { sql, parameters, format } = asked;
    let sent = sent(lake, &sql, &parameters, plan::settings).await?;
    if sent.waiting > 0 {
        eprintln!(
            "note: the answer is of what is compacted; {} links have landed since, with which the tables may differ from each other, \
             and `compact` takes them in",
            sent.waiting
        );
    }
    let rows = plan::run(engine, sent.plan, sent.config).await.map_err(Failure::from)?;
    print_rows(Rows::of(rows, Limits::streamed()), format).await
}

/// Compacts everything that has landed, in as many parts as there are partitions of which something waits.
///
/// # Errors
/// When the store does not create a key once, the cluster cannot be reached, or a part failed as often as it was tried.
pub async fn compaction(lake: &Arc<Lake>, engine: &Engine) -> anyhow::Result<Summary> {
    lake.store.prove_create_only("warehouse/_checks").await?;
    let mut sum = Summary::default();
    let parts = parts(lake).await?;
    if parts == 0 {
        return Ok(sum);
    }
    let mut rows = plan::run(engine, compact::plan(lake, parts)?, plan::settings_of_tasks()).await?;
    while let Some(batch) = rows.try_next().await? {
        sum += compact::summary(&batch);
    }
    Ok(sum)
}
