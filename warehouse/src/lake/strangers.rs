//! Whom links are about that other compactions took, remembered: every table that meets them asks.

use std::collections::HashMap;
use std::sync::Arc;

use schemas::landing::Link;
use tokio::sync::Mutex;

use crate::engine::Engine;
use crate::limits::STRANGERS_KNOWN_MAX;
use crate::merge::strangers::Strangers;

/// By incarnation, partition and start of a link of events.
type Known = HashMap<(u32, i32, i64), Arc<Strangers>>;

/// The links that were asked for last.
#[derive(Debug, Default)]
pub(crate) struct KnownStrangers(Mutex<Known>);

impl KnownStrangers {
    /// Whom a link is about.
    pub(crate) async fn of(&self, engine: &Engine, link: &Arc<Link>) -> anyhow::Result<Arc<Strangers>> {
        let mut known = self.0.lock().await;
        let name = (link.incarnation, link.partition, link.start);
        if let Some(found) = known.get(&name) {
            return Ok(found.clone());
        }
        let found = Arc::new(Strangers::of(engine, link).await?);
        let held: usize = known.values().map(|known| known.len()).sum();
        if held + found.len() > STRANGERS_KNOWN_MAX {
            known.clear();
        }
        known.insert(name, found.clone());
        Ok(found)
    }
}
