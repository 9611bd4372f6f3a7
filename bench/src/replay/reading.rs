//! Recordings, asked as the player asks for them: one request after the other, each on a connection of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::http::{self, Reply};
use tokio::io::AsyncReadExt;

use super::recordings::Recordings;
use super::visits::View;
use crate::traffic::chance::Chance;

/// Longer than any answer takes on a busy machine.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// The player asks for frames so far ahead (`web/player/page/film.ts`).
const AHEAD_MS: f64 = 60_000.0;
/// Places in a page view to which somebody goes.
const SEEKS: usize = 2;

/// A page view that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    pub site_id: String,
    pub visitor_id: String,
    pub session_id: String,
    pub page_view_id: String,
    pub began_ms: f64,
    pub length_ms: f64,
    pub chunks: usize,
}

/// Some page views of any day and site, each of another session where there are enough.
pub fn some(days: &[Vec<View>], site_ids: &[String], recordings: &Recordings, count: usize, seed: u64) -> Vec<Watched> {
    let mut chance = Chance::new(seed);
    let views: Vec<&View> = days.iter().flatten().collect();
    let mut some: Vec<Watched> = Vec::new();
    // Page views are far more than are watched: whoever is drawn again is passed over, and not looked for without end.
    for _ in 0..count * 8 {
        let view = *chance.pick(&views);
        let site_id = &site_ids[view.site];
        let session_id = view.session_id(site_id).to_string();
        if some.len() < count && some.iter().all(|other| other.session_id != session_id) {
            let recording = &recordings.all[view.recording];
            some.push(Watched {
                site_id: site_id.clone(),
                visitor_id: view.visitor_id.to_string(),
                session_id,
                page_view_id: view.page_view_id.to_string(),
                began_ms: view.began_ms,
                length_ms: recording.length_ms,
                chunks: recording.chunks.len(),
            });
        }
    }
    some
}

/// How long answers of a kind took.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub first_byte: Vec<Duration>,
    pub whole: Vec<Duration>,
    pub bytes: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub index: Answers,
    /// Frames from the beginning of a page view, a minute ahead.
    pub first: Answers,
    /// The same from the last snapshot before any time of it.
    pub seek: Answers,
}

/// Asks a server for all of them; each answer must hold what was recorded. `asked` hears of each page view.
pub async fn read(
    address: SocketAddr,
    token: Option<&str>,
    watched: &[Watched],
    seed: u64,
    mut asked: impl FnMut(),
) -> Result<Reading> {
    let server = Server { address, authorization: token.map(|token| format!("Bearer {token}")) };
    let mut chance = Chance::new(seed);
    let mut reading = Reading::default();
    for one in watched {
        server.look(one, &mut chance, &mut reading).await.with_context(|| format!("{one:?}"))?;
        asked();
    }
    Ok(reading)
}

struct Server {
    address: SocketAddr,
    authorization: Option<String>,
}

impl Server {
    async fn look(&self, one: &Watched, chance: &mut Chance, reading: &mut Reading) -> Result<()> {
        let index = self.get(&format!("/api/v1/sessions/{}/replay", one.session_id), &mut reading.index).await?;
        check_index(&serde_json::from_slice(&index).context("the index")?, one)?;
        let first = self.frames(one, 0.0, &mut reading.first).await?;
        check_frames(&first).context("the first frames")?;
        for _ in 0..SEEKS {
            let at_ms = chance.between(0.0, one.length_ms).floor();
            let frames = self.frames(one, at_ms, &mut reading.seek).await?;
            check_frames(&frames).with_context(|| format!("the frames at {at_ms} ms"))?;
        }
        Ok(())
    }

    async fn frames(&self, one: &Watched, at_ms: f64, answers: &mut Answers) -> Result<Vec<u8>> {
        let at = one.began_ms + at_ms;
        let path = format!(
            "/api/v1/replay/{}?from=snapshot&at={at}&until={}&site_id={}&visitor_id={}",
            one.page_view_id,
            at + AHEAD_MS,
            one.site_id,
            one.visitor_id
        );
        self.get(&path, answers).await
    }

    /// The body of an answer.
    async fn get(&self, path: &str, answers: &mut Answers) -> Result<Vec<u8>> {
        let headers: Vec<_> = self.authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let started = Instant::now();
        let mut stream = http::ask(self.address, "GET", path, &headers, b"").await;
        let (mut bytes, mut first_byte) = (Vec::new(), None);
        let read = async {
            while stream.read_buf(&mut bytes).await? > 0 {
                if first_byte.is_none() && has_body(&bytes) {
                    first_byte = Some(started.elapsed());
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(ANSWER_WAIT, read)
            .await
            .with_context(|| format!("no answer within {ANSWER_WAIT:?}"))??;
        let whole = started.elapsed();
        let reply = Reply::parse(&bytes);
        ensure!(reply.status == 200 && reply.is_whole, "{path}: {} {}", reply.status, reply.text());
        answers.first_byte.push(first_byte.unwrap_or(whole));
        answers.whole.push(whole);
        answers.bytes += reply.body.len() as u64;
        Ok(reply.body)
    }
}

fn has_body(bytes: &[u8]) -> bool {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").is_some_and(|head| bytes.len() > head + 4)
}

fn check_index(index: &Value, one: &Watched) -> Result<()> {
    ensure!(index["ledger"]["lost"] == 0, "something is lost: {}", index["ledger"]);
    let views = index["page_views"].as_array().context("page views")?;
    let view = views.iter().find(|view| view["page_view_id"] == one.page_view_id.as_str());
    let view = view.context("the page view is not in its session")?;
    let chunks = view["chunks"].as_array().map_or(0, Vec::len);
    ensure!(chunks == one.chunks, "{} chunks were recorded, {chunks} are there", one.chunks);
    ensure!(view["assets"]["stored"].as_object().is_some_and(|stored| stored.len() == 1), "its style sheet is missing");
    Ok(())
}

/// A snapshot comes first, and the end at the end.
fn check_frames(lines: &[u8]) -> Result<()> {
    let text = std::str::from_utf8(lines).context("no text")?;
    let mut lines = text.lines();
    let first: Value = serde_json::from_str(lines.next().context("no line")?)?;
    ensure!(first["chunk"]["kind"] == "snapshot", "it begins with {first}");
    ensure!(lines.clone().any(|line| line.starts_with(r#"{"type":2,"#)), "there is no document");
    let last: Value = serde_json::from_str(lines.next_back().context("no end")?)?;
    ensure!(last.get("end").is_some(), "it ends with {last}");
    Ok(())
}
