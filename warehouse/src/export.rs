//! A session's replay as a folder that a browser opens without a server: for a ticket, or for whoever has no access here.
//!
//! The same pages, the same workers and the same sanitiser as `warehouse serve`; what a server would answer stands in scripts that say
//! one thing each, since a page that was opened as a file may fetch nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::query::{Limits, Scope};
use crate::sql::{Form, Pool, Question, Reply, Settings};
use crate::watch::{self, Addresses, Frames, Wanted, pages};

/// What stands for a server's headers. `frame-ancestors` has no meaning there.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; frame-src 'self'; img-src 'self' data:; \
                           base-uri 'none'; form-action 'none'";
const ASSETS: &str = "assets";

/// What was written.
#[derive(Debug, Default)]
pub struct Exported {
    pub page_views: usize,
    pub recorded: usize,
    pub chunks_lost: i64,
    pub assets: usize,
    pub bytes: u64,
}

/// Writes the replay of a session into a folder, which must not be there yet; it is there whole or not at all.
///
/// # Errors
/// When the folder is there or cannot be written, the session is not there, or the store cannot be read.
pub async fn export(settings: Settings, session_id: &str, folder: &Path) -> anyhow::Result<Exported> {
    let session_id = watch::id("session_id", session_id)?;
    ensure!(
        fs::symlink_metadata(folder).is_err(),
        "--out {}: it is there already, and nothing is overwritten; name another folder, or remove it",
        folder.display()
    );
    ensure!(
        pages::are_built(),
        "the player is not in this program; run `npm ci && npm run build` in web/ and build it again"
    );
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::Builder::new().prefix(".replay-").tempdir_in(parent);
    let made = made.with_context(|| format!("--out {}: cannot write into {}", folder.display(), parent.display()))?;
    let pool = Pool::start(Settings { workers_max: 1, ..settings });
    let written = Export { pool: &pool, made, bytes: 0 }.write(session_id, folder).await;
    pool.stop().await;
    written
}

struct Export<'a> {
    pool: &'a Pool,
    made: TempDir,
    bytes: u64,
}

impl Export<'_> {
    async fn write(mut self, session_id: Uuid, folder: &Path) -> anyhow::Result<Exported> {
        let session: Value = serde_json::from_slice(&self.look(Wanted::Session { session_id }).await?)?;
        self.say("session", &session.to_string())?;
        let site_id = session["site_id"].as_str().unwrap_or_default().to_owned();
        let visitor_id = session["visitor_id"].as_str().unwrap_or_default().to_owned();
        let views = session["page_views"].as_array().cloned().unwrap_or_default();
        let names = asset_names(&views);
        let beside = names.iter().map(|(hash, name)| (hash.clone(), format!("{ASSETS}/{name}"))).collect();
        let mut exported = Exported { page_views: views.len(), assets: names.len(), ..Exported::default() };
        exported.chunks_lost = session["ledger"]["lost"].as_i64().unwrap_or_default();
        for view in &views {
            // Of what is no UUID nothing can have been recorded, and no file is named by it.
            let Some(id) = view["page_view_id"].as_str().and_then(|id| watch::id("page_view_id", id).ok()) else {
                continue;
            };
            for (what, sql) in [
                ("pointer", watch::pointer(session_id, id)),
                ("marks", watch::marks(session_id, id)),
                ("friction", watch::friction(session_id, id)),
            ] {
                let rows = self.ask(sql).await?;
                self.say(&format!("{id}.{what}"), &String::from_utf8(rows)?)?;
            }
            if view["chunks"].as_array().is_some_and(|chunks| !chunks.is_empty()) {
                exported.recorded += 1;
                let whose = (site_id.clone(), visitor_id.clone());
                self.frames(id, whose, &Addresses::Files(BTreeMap::clone(&beside))).await?;
            }
        }
        for (sha256, name) in &names {
            let addresses = Addresses::Files(names.clone());
            let (site_id, sha256) = (site_id.clone(), sha256.clone());
            // What cannot be read is missing there as it is here.
            if let Ok(bytes) = self.look(Wanted::Asset { site_id, sha256, addresses }).await {
                self.put(&format!("{ASSETS}/{name}"), &bytes)?;
            }
        }
        self.pages()?;
        exported.bytes = self.bytes;
        let made = self.made.keep();
        // A rename onto a folder that came meanwhile fails, but onto an empty one.
        if fs::symlink_metadata(folder).is_ok() || fs::rename(&made, folder).is_err() {
            let _ = fs::remove_dir_all(&made);
            bail!("--out {}: it came while the replay was written, or cannot be written", folder.display());
        }
        Ok(exported)
    }

    /// All frames of a page view, as a list of lines.
    async fn frames(&mut self, id: Uuid, (site, visitor): (String, String), to: &Addresses) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        let mut wanted = Frames {
            page_view_id: id,
            site_id: Some(site),
            visitor_id: Some(visitor),
            at: None,
            until: None,
            after: None,
            addresses: to.clone(),
        };
        loop {
            let text = String::from_utf8(self.look(Wanted::Frames(wanted.clone())).await?)?;
            let (some, end) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
            lines.extend(
                some.lines()
                    .filter(|line| !line.is_empty())
                    .map(serde_json::to_string)
                    .collect::<Result<Vec<_>, _>>()?,
            );
            let end: Value = serde_json::from_str(end).context("the end of the frames")?;
            let after = end["end"]["after"].as_i64();
            if end["end"]["next_at"].is_null() || after == wanted.after {
                lines.push(serde_json::to_string(&end.to_string())?);
                break;
            }
            wanted.after = after;
        }
        self.say(&format!("{id}.frames"), &format!("[\n{}\n]", lines.join(",\n")))
    }

    fn pages(&mut self) -> anyhow::Result<()> {
        for (name, bytes) in pages::all() {
            let policy = match name.as_str() {
                "index.html" => PAGE_POLICY.to_owned(),
                "player.html" => pages::POLICY.split("; frame-ancestors").next().unwrap_or_default().to_owned(),
                _ => {
                    self.put(&name, &bytes)?;
                    continue;
                }
            };
            let policy = format!("<head>\n    <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
            self.put(&name, String::from_utf8(bytes)?.replacen("<head>", &policy, 1).as_bytes())?;
        }
        Ok(())
    }

    /// A script that says one thing; JSON is a value of JavaScript as it is.
    fn say(&mut self, name: &str, json: &str) -> anyhow::Result<()> {
        self.put(&format!("data/{name}.js"), format!("replay({}, {json});\n", serde_json::to_string(name)?).as_bytes())
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path: PathBuf = self.made.path().join(name);
        self.bytes += bytes.len() as u64;
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(self.made.path()))?;
            fs::write(&path, bytes)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    async fn look(&self, wanted: Wanted) -> anyhow::Result<Vec<u8>> {
        whole(self.pool.watch(wanted, Scope::All, "").await?).await
    }

    async fn ask(&self, sql: String) -> anyhow::Result<Vec<u8>> {
        let (form, limits) = (Form::Json, Limits::answer());
        let (asker, parameters, held_bytes_max) = (String::new(), Vec::new(), usize::MAX);
        let question = Question { asker, sql, scope: Scope::All, form, parameters, limits, held_bytes_max };
        whole(self.pool.ask(&question).await?).await
    }
}

async fn whole(mut reply: Reply) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(more) = reply.next().await? {
        bytes.extend_from_slice(&more);
    }
    Ok(bytes)
}

/// Of the assets that are stored, by hash: a browser tells what a file is by its name.
fn asset_names(views: &[Value]) -> BTreeMap<String, String> {
    let stored = views.iter().filter_map(|view| view["assets"]["stored"].as_object()).flatten();
    let named = stored.filter_map(|(hash, kind)| {
        let ending = match kind.as_str()? {
            "text/css" => "css",
            "font/woff2" => "woff2",
            "image/png" => "png",
            "image/jpeg" => "jpg",
            "image/webp" => "webp",
            "image/avif" => "avif",
            "image/svg+xml" => "svg",
            "image/gif" => "gif",
            _ => return None,
        };
        let is_hash = hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hash.then(|| (hash.clone(), format!("{hash}.{ending}")))
    });
    named.collect()
}
