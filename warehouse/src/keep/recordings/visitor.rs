//! A visitor's recordings, and the assets that no one else's name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};

use super::super::rewrite::Going;
use super::super::zone::Zone;
use super::super::{Removed, leftovers};
use super::removal::remove;
use crate::curated::scan::Scan;
use crate::engine::inputs::{Inputs, text};
use crate::lake::Lake;
use crate::merge::lookup;
use crate::merge::visitors::key;
use crate::progress::quoted;
use crate::tables::{REPLAY_ASSETS, REPLAY_CHUNKS};

/// Erases the frames of a visitor of a site: first the assets, which are known by the chunks that name them.
pub(in super::super) async fn erase(lake: &Lake, site_id: &str, visitor_id: &str) -> anyhow::Result<Vec<Removed>> {
    crate::replay::compact(lake, std::time::Duration::ZERO).await?;
    let own = own_assets(lake, site_id, visitor_id).await?;
    let mut assets = Going::none();
    if !own.is_empty() {
        let keys: HashMap<_, _> = own.iter().map(|sha256| (key(&[site_id, sha256]), 1)).collect();
        assets = Going::rows(format!("site_id = {} and own_asset(site_id, sha256) is not null", quoted(site_id)));
        assets.functions.push(lookup("own_asset", Arc::new(keys)));
    }
    let chunks = format!("site_id = {} and visitor_id = {}", quoted(site_id), quoted(visitor_id));
    Ok(vec![
        remove(lake, &REPLAY_ASSETS, &assets, true).await?,
        remove(lake, &REPLAY_CHUNKS, &Going::rows(chunks), true).await?,
    ])
}

/// Assets that the visitor's chunks name, or that the visitor has sent, without those that another's chunk names.
async fn own_assets(lake: &Lake, site_id: &str, visitor_id: &str) -> anyhow::Result<HashSet<String>> {
    let mut own = HashSet::new();
    let of_site = format!("site_id = {}", quoted(site_id));
    let of_visitor = format!("visitor_id = {}", quoted(visitor_id));
    let zone = Zone::of_recordings(lake).await?;
    let links = leftovers::there(lake, &zone).await?;
    let landed = lake.engine.inputs().table("landing", zone.scan(&links))?;
    let sent = format!("select distinct sha256 from landing where kind = 'asset' and {of_site} and {of_visitor}");
    landed
        .each(&sent, |batch, row| {
            own.insert(text(batch, 0, row).to_owned());
        })
        .await?;
    let chunks = lake.table(&REPLAY_CHUNKS).newest().await?;
    if !chunks.exists() {
        return Ok(own);
    }
    let chunks = lake.engine.inputs().table("chunks", Scan::version(&chunks))?;
    each_asset(&chunks, &format!("{of_site} and {of_visitor}"), |sha256| {
        own.insert(sha256.to_owned());
    })
    .await?;
    if !own.is_empty() {
        each_asset(&chunks, &format!("{of_site} and not {of_visitor}"), |sha256| {
            own.remove(sha256);
        })
        .await?;
    }
    Ok(own)
}

async fn each_asset(chunks: &Inputs, condition: &str, mut asset: impl FnMut(&str)) -> anyhow::Result<()> {
    chunks
        .each(&format!("select assets from chunks where {condition}"), |batch, row| {
            let lists = batch.column(0).as_list::<i32>();
            if lists.is_valid(row) {
                let names = lists.value(row);
                names.as_string::<i32>().iter().flatten().for_each(&mut asset);
            }
        })
        .await
}
