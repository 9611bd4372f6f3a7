//! `bench replay`: a store with recordings, made as the product makes it; how fast they are found and shown, what the collector spends
//! on them, and how often compaction writes them.

pub mod bodies;
mod life;
mod page;
mod picture;
pub mod reading;
pub mod recordings;
mod report;
mod store;
pub mod visits;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::life::Life;
use self::reading::{Reading, Watched};
use self::recordings::Recordings;
use self::report::Measured;
use self::store::{Contents, Places, warehouse};
use self::visits::{Setting, View};
use crate::files::empty;
use crate::load::{Site, now_ms};
use crate::pipeline::results::write_section;
use crate::post::bar;
use crate::serving::Serving;

/// Before answers are measured a server reads logs and footers, as it does once in its life.
const SETTLING: usize = 10;

#[derive(Args)]
pub struct ReplayArguments {
    /// Recorded page views of the store; 100,000 take some four gigabytes meanwhile
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub page_views: u32,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Days on which they were seen, the present one included
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=7))]
    pub days: u32,
    /// Sites, the first ones with most visitors
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub sites: u32,
    /// Percent of the last day that is landed and not compacted, as some always is in a store that is in use: every answer has to
    /// look there too
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub waiting: u32,
    /// Page views that are asked for one after the other
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub watched: u32,
    /// Of these so many in Chromium too; 0 for none
    #[arg(long, default_value_t = 40)]
    pub pictures: u32,
    /// Folder of collector, stream-jobs and warehouse [default: where bench itself lies]
    #[arg(long, value_name = "FOLDER")]
    pub bin: Option<PathBuf>,
    /// The program that starts Kafka, registry and S3 server
    #[arg(long, value_name = "FILE", default_value = "infra/dev/parts")]
    pub parts: PathBuf,
    /// Folder for the parts' data, the store and all logs, emptied before [default: bench-replay beside --bin]
    #[arg(long, value_name = "FOLDER")]
    pub work: Option<PathBuf>,
    /// Where the results are written as Markdown, in place of those of an earlier run
    #[arg(long, value_name = "FILE", default_value = "bench/RESULTS.md")]
    pub out: PathBuf,
}

pub async fn run(arguments: &ReplayArguments) -> Result<()> {
    let own = std::env::current_exe().context("where bench itself lies is not known; give --bin")?;
    let bin = arguments.bin.clone().or_else(|| Some(own.parent()?.to_owned())).unwrap_or_default();
    let mut needed: Vec<_> = ["collector", "stream-jobs", "warehouse"].iter().map(|name| bin.join(name)).collect();
    needed.push(arguments.parts.clone());
    let missing: Vec<_> = needed.iter().filter(|path| !path.is_file()).map(|path| path.display().to_string()).collect();
    ensure!(
        missing.is_empty(),
        "missing: {}; build with `cargo build --release -p collector -p stream-jobs -p warehouse -p bench`, or name the folder with --bin",
        missing.join(", ")
    );
    let folder = empty(&arguments.work.clone().unwrap_or_else(|| bin.join("../bench-replay")))?;
    let places = Places { bin: &bin, parts: &arguments.parts, folder: &folder };
    let measured = tokio::select! {
        measured = measure(arguments, &places) => measured?,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    let text = report::section(arguments, &bin, &measured);
    println!("{text}");
    write_section(&arguments.out, &text)
}

async fn measure(arguments: &ReplayArguments, places: &Places<'_>) -> Result<Measured> {
    let page_views = arguments.page_views as usize;
    let progress = bar(Recordings::count(page_views) as u64, "recording", "pages");
    let recordings = Recordings::make(arguments.seed, page_views, || progress.inc(1));
    progress.finish_and_clear();
    let sites = sites(arguments.sites);
    let setting = Setting {
        page_views,
        days: arguments.days as usize,
        sites: sites.len(),
        seed: arguments.seed,
        now_ms: now_ms(),
    };
    let days = visits::days(&setting, &recordings);
    let waiting = f64::from(arguments.waiting) / 100.0;
    let contents = Contents { sites: &sites, days: &days, recordings: &recordings, waiting };
    let made = store::make(places, &contents).await?;
    let life = Life::of(&made.lake)?;

    let site_ids: Vec<String> = sites.into_iter().map(|site| site.site_id).collect();
    let watched = reading::some(&days, &site_ids, &recordings, arguments.watched as usize + SETTLING, arguments.seed);
    let (reading, pictures) = watch(arguments, places, &made.lake, &watched).await?;
    let views = || days.iter().flatten();
    Ok(Measured {
        made,
        life,
        reading,
        pictures,
        sites: views().map(|view| view.site).collect::<HashSet<_>>().len(),
        days: days.len(),
        sessions: views().map(session).collect::<HashSet<_>>().len(),
        distinct: recordings.all.len(),
    })
}

fn session(view: &View) -> (usize, uuid::Uuid) {
    (view.site, view.visitor_id)
}

/// The first of them are site-0, site-1 …
fn sites(count: u32) -> Vec<Site> {
    let site = |number| Site { site_id: format!("site-{number}"), write_key: format!("bench-write-key-{number}") };
    (0..count).map(site).collect()
}

/// Watches the recordings at a server that asks for a token.
async fn watch(
    arguments: &ReplayArguments,
    places: &Places<'_>,
    lake: &Path,
    watched: &[Watched],
) -> Result<(Reading, Option<picture::Pictures>)> {
    let access = places.folder.join("access.toml");
    let access = access.to_str().context("the work folder's name is no text")?;
    let made = warehouse(places.bin, lake, &["token", "--access", access, "new", "bench", "--all-sites"], "a token")?;
    let token = made.trim();
    let serving = Serving::start(places.bin, lake, &["--access", access])?;
    let (settling, watched) = watched.split_at(SETTLING.min(watched.len() / 2));
    reading::read(serving.address, Some(token), settling, arguments.seed, || ()).await?;
    let progress = bar(watched.len() as u64, "reading", "page views");
    let reading = reading::read(serving.address, Some(token), watched, arguments.seed, || progress.inc(1)).await?;
    progress.finish_and_clear();
    let seen = &watched[..watched.len().min(arguments.pictures as usize)];
    let pictures = match seen {
        [] => None,
        seen => Some(tokio::task::block_in_place(|| picture::look(serving.address, token, seen, places.folder))?),
    };
    serving.stop()?;
    Ok((reading, pictures))
}
