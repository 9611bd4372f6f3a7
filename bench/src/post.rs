//! `bench post`: generated traffic to any collector.

use std::borrow::Cow;

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::load::{self, Encoding, Pace, Target};
use crate::traffic::{Profile, Traffic};

#[derive(Args)]
pub struct PostArguments {
    /// Address of the collector, http://host:port
    #[arg(long)]
    pub url: String,
    /// Write key of the site
    #[arg(long)]
    pub key: String,
    /// How many distinct events
    #[arg(long, default_value_t = 10_000)]
    pub events: u64,
    /// The same seed gives the same visitors
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// About this many events a second, at the time they happen (for a lively studio); without it as fast as possible,
    /// with times of the past
    #[arg(long, value_name = "EVENTS_PER_SECOND")]
    pub rate: Option<f64>,
    /// Most events of a batch
    #[arg(long, default_value_t = 50)]
    pub batch: usize,
    /// How bodies are compressed
    #[arg(long, value_enum, default_value_t)]
    pub encoding: Encoding,
    /// Late and repeated batches and wrong clocks too
    #[arg(long)]
    pub rough: bool,
    /// Requests at the same time
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
}

/// Posts, prints what came back, fails when something was refused.
pub async fn run(arguments: PostArguments) -> Result<()> {
    let target = Target::new(&arguments.url, &arguments.key, arguments.encoding)?;
    let now_ms = load::now_ms();
    let past_ms = Profile::past(now_ms, arguments.events);
    let (profile, pace) = match arguments.rate {
        Some(rate) if rate > 0.0 => (Profile::live(now_ms, arguments.events, rate), Pace::Live),
        Some(rate) => bail!("--rate {rate}: give a number above 0, or leave it out"),
        None if arguments.rough => (Profile::rough(past_ms, arguments.events), Pace::Fast),
        None => (Profile::plain(past_ms, arguments.events), Pace::Fast),
    };
    let profile = Profile { batch_events_max: arguments.batch.max(1), ..profile };
    let progress = events_bar(arguments.events, "posting");
    let batches = Traffic::new(arguments.seed, profile)
        .map(|batch| arguments.encoding.encode(batch).expect("compressing into memory does not fail"));
    let tally = load::post_all(&target, arguments.connections, pace, batches, &progress).await?;
    progress.finish_and_clear();
    println!("{tally}");
    if tally.refused() {
        bail!("the collector refused some of it");
    }
    Ok(())
}

/// A progress bar over events.
pub fn events_bar(events: u64, what: &'static str) -> ProgressBar {
    bar(events, what, "events")
}

/// A progress bar over so many of something.
pub fn bar(count: u64, what: impl Into<Cow<'static, str>>, of: &str) -> ProgressBar {
    let template = format!("{{msg:12}} {{bar:40}} {{human_pos}}/{{human_len}} {of}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&template).expect("the template is one that indicatif takes");
    ProgressBar::new(count).with_style(style).with_message(what)
}
