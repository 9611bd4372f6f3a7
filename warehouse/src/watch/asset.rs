//! One asset, as a browser may have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::replay::{Part, clean_css, inflate};
use datafusion::arrow::array::AsArray;
use datafusion::datasource::TableProvider;

use super::address::{Addresses, Shown};
use super::names::Names;
use super::{not_found, unread};
use crate::curated::scan::Scan;
use crate::engine::inputs::text;
use crate::lake::Lake;
use crate::limits::{BATCH_ROWS, REPLAY_BATCH_ROWS};
use crate::query::Failure;
use crate::tables::REPLAY_ASSETS;

const CSS: &str = "text/css";

/// Its media type and its bytes. Style sheets come sanitised, their own assets with addresses like this one's.
pub(super) async fn read(
    lake: &Lake,
    (site_id, sha256): (&str, &str),
    addresses: &Addresses,
) -> Result<(String, Vec<u8>), Failure> {
    let stored = stored(lake, site_id, sha256).await.map_err(unread)?;
    let Some(Stored { kind, encoding, payload }) = stored else {
        return Err(not_found(format_args!("asset {sha256} of this site")));
    };
    let unreadable = |why: String| Failure::theirs("unreadable", format!("the asset {sha256} cannot be read: {why}"));
    let bytes = match encoding.as_str() {
        "gzip" => {
            inflate(&[Part { part: 0, parts: 1, payload: &payload }]).map_err(|why| unreadable(why.to_string()))?
        }
        _ => payload,
    };
    if kind != CSS {
        return Ok((kind, bytes));
    }
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no text in UTF-8".into()))?;
    let (clean, _) = clean_css(&text, None, &Shown { site_id, addresses, names: &Names::new() });
    Ok((format!("{CSS}; charset=utf-8"), clean.into_bytes()))
}

struct Stored {
    kind: String,
    encoding: String,
    payload: Vec<u8>,
}

/// Whichever copy is found first: all of a hash are the same.
async fn stored(lake: &Lake, site_id: &str, sha256: &str) -> anyhow::Result<Option<Stored>> {
    anyhow::ensure!(sha256.bytes().all(|digit| digit.is_ascii_hexdigit()), "{sha256:?} is no hash");
    let sql = format!("select site_id, content_type, encoding, payload from assets where sha256 = '{sha256}'");
    let mut found = None;
    for rows in sources(lake, site_id).await? {
        let inputs = lake.engine.inputs_of_few_rows(REPLAY_BATCH_ROWS).table("assets", rows)?;
        inputs
            .each(&sql, |batch, row| {
                if found.is_none() && text(batch, 0, row) == site_id {
                    let payload = batch.column(3).as_binary::<i32>().value(row).to_vec();
                    let (kind, encoding) = (text(batch, 1, row).to_owned(), text(batch, 2, row).to_owned());
                    found = Some(Stored { kind, encoding, payload });
                }
            })
            .await?;
        if found.is_some() {
            break;
        }
    }
    Ok(found)
}

/// Media types of those of some assets that are stored for a site.
pub(super) async fn known(lake: &Lake, site_id: &str, hashes: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut known = BTreeMap::new();
    // Whoever sends a recording names what they like.
    let digits = |hash: &&str| hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    let names: Vec<String> = hashes.iter().copied().filter(digits).map(|hash| format!("'{hash}'")).collect();
    if names.is_empty() {
        return Ok(known);
    }
    let sql = format!("select site_id, content_type, sha256 from assets where sha256 in ({})", names.join(", "));
    for rows in sources(lake, site_id).await? {
        let inputs = lake.engine.inputs_of_few_rows(BATCH_ROWS).table("assets", rows)?;
        inputs
            .each(&sql, |batch, row| {
                if text(batch, 0, row) == site_id {
                    known.insert(text(batch, 2, row).to_owned(), text(batch, 1, row).to_owned());
                }
            })
            .await?;
    }
    Ok(known)
}

/// What was compacted of a site's assets, then what has landed since.
async fn sources(lake: &Lake, site_id: &str) -> anyhow::Result<Vec<Arc<dyn TableProvider>>> {
    let base = lake.recordings.table(&REPLAY_ASSETS).newest().await?;
    let links = lake.recordings.chains.links_after(&base.progress).await?;
    let files: Vec<_> = base.files.iter().filter(|file| file.site_id == site_id).collect();
    let mut sources: Vec<Arc<dyn TableProvider>> = Vec::new();
    if !files.is_empty() {
        sources.push(Scan::some(&base, &files));
    }
    if links.iter().any(|link| !link.files.is_empty()) {
        sources.push(Scan::frames(&links));
    }
    Ok(sources)
}
