//! What the commands of `warehouse` do.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use landing::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::access::{self, Access, check_address};
use crate::asked::{Asked, asked};
use crate::compact::{compact_aside, every};
use crate::config::{Command, Config};
use crate::export::{Exported, export};
use crate::keep::{self, Keeping};
use crate::lake::Lake;
use crate::providers::{Order, import};
use crate::query::{Limits, Scope};
use crate::serve::{About, Serving, serve};
use crate::shard::Shard;
use crate::show::{print_answer, told};
use crate::sql::{Question, once};
use crate::verify::verify;
use crate::{flight, postgres, prompt};

/// Runs a command; the exit code says what came of it, an error is for the last line.
pub async fn run(command: Command, config: Config, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    let open = || -> anyhow::Result<Arc<Lake>> { Lake::open(Store::open(&config.store)?, config.resources) };
    match command {
        Command::Compact { .. } => {
            let lake = Lake::of_shard(Store::open(&config.store)?, config.resources, config.shard)?;
            compact_command(lake, &config, shutdown).await
        }
        Command::Sql { sql: None, format } => {
            note_nothing(&config).await?;
            prompt::run(&config.sql, format, shutdown).await
        }
        Command::Report { name: None, .. } | Command::Report { explain: true, .. } => {
            explain_reports(&command, &config)
        }
        Command::Sql { .. } | Command::Report { .. } | Command::Friction { .. } | Command::Coverage { .. } => {
            let asked = asked(&command, &config)?.context("the command asks nothing")?;
            tokio::select! {
                done = answer_command(&config, asked) => done.map_err(told),
                () = shutdown.cancelled() => anyhow::bail!("stopped"),
            }
        }
        Command::Import { provider, files, intraday, .. } => {
            let site_id = config.site.clone().context("site: not given")?;
            import_command(open()?.as_ref(), Order { provider, files, site_id, intraday }, shutdown).await
        }
        Command::Replay { session_id, out } => tokio::select! {
            done = replay_command(&config, &session_id, &out) => done.map_err(told),
            () = shutdown.cancelled() => anyhow::bail!("stopped; nothing was written to {}", out.display()),
        },
        Command::Serve { .. } => serve_command(open()?, config, shutdown).await,
        Command::Maintain { apply, .. } => maintain_command(open()?, &config, apply, shutdown).await,
        Command::Erase { site, visitor, .. } => {
            let (lake, keeping) = (open()?, config.keeping.clone());
            // In a task of its own, so that a step which computes for seconds does not keep a signal from being heard.
            let work = tokio::spawn(async move { erase_command(&lake, &keeping, (&site, &visitor)).await });
            tokio::select! {
                done = AbortOnDropHandle::new(work) => done.context("the erasure")?,
                () = shutdown.cancelled() => anyhow::bail!("stopped; what is done is done, run it again for the rest"),
            }
        }
        Command::Token { command, .. } => {
            let file = config.access.context("which file? Name it by --access")?;
            access::command::run(command, &file).map(|()| ExitCode::SUCCESS)
        }
        Command::Verify => verify_command(open()?.as_ref()).await,
    }
}

async fn compact_command(lake: Arc<Lake>, config: &Config, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    lake.store.prove_create_only("warehouse/_checks").await?;
    if let Some(interval) = config.compact_every {
        every(lake, interval, shutdown).await;
        return Ok(ExitCode::SUCCESS);
    }
    let bar = bar("{bar:30} {pos}/{len} links, {eta} left");
    let shown = bar.clone();
    let work = compact_aside(lake.clone(), move |done, total| {
        shown.set_length(total);
        shown.set_position(done);
    });
    let summary = tokio::select! {
        summary = work => summary?,
        () = shutdown.cancelled() => anyhow::bail!("stopped; what was committed stays, the next compaction goes on"),
    };
    bar.finish_and_clear();
    if lake.shard != Shard::ALL {
        print!("part {}: ", lake.shard);
    }
    println!("{summary}");
    Ok(ExitCode::SUCCESS)
}

async fn import_command(lake: &Lake, order: Order, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    lake.store.prove_create_only("warehouse/_checks").await?;
    let table = order.provider.table().name;
    let bar = bar("{bar:30} {bytes}/{total_bytes}, {eta} left");
    let work = import(lake, order, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    let summary = tokio::select! {
        summary = work => summary,
        () = shutdown.cancelled() => anyhow::bail!("stopped; the table is as it was"),
    };
    bar.finish_and_clear();
    let summary = summary?;
    for named in &summary.rejected_named {
        eprintln!("rejected {named}");
    }
    let days: Vec<String> = summary.days.iter().map(ToString::to_string).collect();
    if !days.is_empty() {
        println!("{table} holds {} of {}", count(summary.rows, "row"), days.join(", "));
    }
    for day in &summary.days_kept {
        println!("{day} stays as it is: it holds the daily export, which an intraday one does not replace");
    }
    println!(
        "{} rejected, {} excluded by the provider, {} came twice",
        count(summary.rejected, "row"),
        summary.excluded,
        summary.repeated
    );
    if let Some((key, kept)) = &summary.rejected_kept {
        println!("{} kept in {key} of the store", count(*kept, "rejected row"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay_command(config: &Config, session_id: &str, out: &Path) -> anyhow::Result<ExitCode> {
    let exported = export(config.sql.clone(), session_id, out).await?;
    let Exported { page_views, recorded, chunks_lost, assets, bytes } = exported;
    let lost =
        if chunks_lost > 0 { format!(", {} lost", count(chunks_lost.unsigned_abs(), "chunk")) } else { String::new() };
    let (views, assets) = (count(page_views as u64, "page view"), count(assets as u64, "asset"));
    println!("{views}, {recorded} recorded{lost}, {assets}, {bytes} bytes; open {}", out.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Tells of all reports, or of one.
fn explain_reports(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let reports = config.reports()?;
    match command {
        Command::Report { name: Some(name), .. } => print!("{}", reports.named(name)?.explained()),
        _ => {
            reports.iter().for_each(|report| println!("{}", report.explained()));
            println!("warehouse report NAME --param name=value runs one");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn answer_command(config: &Config, asked: Asked) -> anyhow::Result<ExitCode> {
    note_nothing(config).await?;
    let Asked { sql, parameters, format } = asked;
    let question = Question {
        asker: String::new(),
        sql,
        scope: Scope::All,
        form: format.form(),
        parameters,
        limits: Limits::streamed(),
        held_bytes_max: 0,
    };
    print_answer(&mut once(&config.sql, &question).await?, format).await?;
    Ok(ExitCode::SUCCESS)
}

/// Says that nobody has written to the store yet, so that nobody wonders at empty answers.
async fn note_nothing(config: &Config) -> anyhow::Result<()> {
    let store = Store::open(&config.store)?;
    if store.contents().await?.is_nothing() {
        eprintln!("note: {}", store.nothing_here());
    }
    Ok(())
}

async fn serve_command(lake: Arc<Lake>, config: Config, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    check_address(config.listen, config.token.as_deref(), config.access.is_some())?;
    let reports = config.reports()?;
    let access = Arc::new(Access::new(config.token, config.access)?);
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another address with --listen", config.listen))?;
    println!("studio and SQL API at http://{}", listener.local_addr()?);
    let postgres = match &config.postgres {
        Some(listen) => Some(postgres::listen(listen).await?),
        None => None,
    };
    let flight = match &config.flight {
        Some(listen) => Some(flight::listen(listen).await?),
        None => None,
    };
    let compaction = {
        let (lake, shutdown) = (lake.clone(), shutdown.clone());
        async move {
            match config.compact_every {
                Some(interval) => tokio::spawn(every(lake, interval, shutdown)).await.context("compaction ended"),
                None => Ok(()),
            }
        }
    };
    let about = About { store_url: Some(lake.store.url().to_string()), ..About::default() };
    let serving = Serving { about, access, sql: config.sql, reports, postgres, flight };
    // whichever fails ends the process
    tokio::try_join!(serve(lake, listener, serving, shutdown), compaction)?;
    Ok(ExitCode::SUCCESS)
}

async fn maintain_command(
    lake: Arc<Lake>,
    config: &Config,
    apply: bool,
    shutdown: CancellationToken,
) -> anyhow::Result<ExitCode> {
    let keeping = &config.keeping;
    if lake.store.contents().await?.is_nothing() {
        anyhow::bail!("{}", lake.store.nothing_here());
    }
    if !apply {
        let plan = keep::plan(&lake, keeping, chrono::Utc::now()).await?;
        plan.lines().iter().for_each(|line| println!("{line}"));
        println!("{}", if plan.is_empty() { "nothing to do" } else { "nothing was changed; --apply does it" });
        return Ok(ExitCode::SUCCESS);
    }
    lake.store.prove_create_only("warehouse/_checks").await?;
    if let Some(interval) = config.maintain_every {
        keep::every(lake, keeping.clone(), interval, shutdown).await;
        return Ok(ExitCode::SUCCESS);
    }
    let keeping = keeping.clone();
    let work = tokio::spawn(async move {
        let plan = keep::plan(&lake, &keeping, chrono::Utc::now()).await?;
        if plan.is_empty() {
            println!("nothing to do");
        }
        keep::apply(&lake, &keeping, &plan, |line| println!("{line}")).await
    });
    tokio::select! {
        done = AbortOnDropHandle::new(work) => done.context("the maintenance")??,
        () = shutdown.cancelled() => anyhow::bail!("stopped; what is done is done, the next run finds the rest"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn erase_command(lake: &Lake, keeping: &Keeping, of: (&str, &str)) -> anyhow::Result<ExitCode> {
    if lake.store.contents().await?.is_nothing() {
        anyhow::bail!("{}", lake.store.nothing_here());
    }
    lake.store.prove_create_only("warehouse/_checks").await?;
    let bar = bar("{spinner} erasing: {msg}");
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let erased = keep::erase(lake, keeping, of, |step| bar.set_message(step.to_owned())).await?;
    bar.finish_and_clear();
    erased.lines().iter().for_each(|line| println!("{line}"));
    Ok(if erased.left.is_nothing() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify_command(lake: &Lake) -> anyhow::Result<ExitCode> {
    let bar = bar("{spinner} checking {msg}");
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let report = verify(lake, |step| bar.set_message(step.to_owned())).await?;
    bar.finish_and_clear();
    for line in &report.summary {
        println!("{line}");
    }
    for note in &report.notes {
        println!("note: {note}");
    }
    for problem in &report.problems {
        println!("WRONG {problem}");
    }
    if report.problems.is_empty() {
        println!("all is well");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} wrong", report.problems.len());
    Ok(ExitCode::FAILURE)
}

fn bar(template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).expect("the templates are constants");
    ProgressBar::new(0).with_style(style)
}
