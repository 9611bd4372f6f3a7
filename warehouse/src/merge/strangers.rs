//! Whom links are about: what two compactions have to compare to know that neither changed what the other computed.

use std::collections::HashSet;
use std::sync::Arc;

use schemas::landing::Link;

use super::visitors::{Key, key};
use crate::curated::scan::Scan;
use crate::engine::Engine;
use crate::engine::inputs::text;

/// Visitors and tabs of a link's rows, repeats included.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    pub visitors: HashSet<Key>,
    pub tabs: HashSet<Key>,
}

impl Strangers {
    /// Reads three columns of the link's files.
    ///
    /// # Errors
    /// When a file cannot be read, for example because `maintain` has removed it.
    pub(crate) async fn of(engine: &Engine, link: &Arc<Link>) -> anyhow::Result<Self> {
        let mut found = Self::default();
        if link.files.is_empty() {
            return Ok(found);
        }
        let inputs = engine.inputs().table("landing", Scan::landing(std::slice::from_ref(link)))?;
        let sql = "select distinct site_id, visitor_id, tab_id from landing";
        inputs
            .each(sql, |batch, row| {
                let site = text(batch, 0, row);
                found.visitors.insert(key(&[site, text(batch, 1, row)]));
                found.tabs.insert(key(&[site, text(batch, 2, row)]));
            })
            .await?;
        Ok(found)
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.visitors.len() + self.tabs.len()
    }
}
