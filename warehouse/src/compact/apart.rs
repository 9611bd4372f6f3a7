//! Whether what a round computed still holds where others have taken a table further. `ARCHITECTURE.md` says why this is enough.

use landing::Progress;

use super::round::Round;
use crate::curated::{CuratedFile, Version};
use crate::lake::Lake;
use crate::merge::Effect;

/// Whether the effect of links on a table that is as far as one progress is that on one as far as the other: no link that only
/// one of them covers is about a visitor or a tab of the effect. Where that cannot be found out, it is not.
pub(super) async fn are_apart(lake: &Lake, effect: &Effect, one: &Progress, other: &Progress) -> anyhow::Result<bool> {
    if one == other {
        return Ok(true);
    }
    let mut links = lake.chains.links_between(one, other).await?;
    links.extend(lake.chains.links_between(other, one).await?);
    for link in &links {
        match lake.strangers.of(&lake.engine, link).await {
            Ok(strangers) if !effect.meets(&strangers) => {}
            Ok(_) => return Ok(false),
            Err(error) => {
                let (partition, start) = (link.partition, link.start);
                tracing::debug!(partition, start, %error, "whom another compaction's link is about cannot be read");
                return Ok(false);
            }
        }
    }
    Ok(true)
}

impl Round<'_> {
    /// Whether the round, which was computed on its base and replaces some files of it, is right on `newest` as well.
    pub(super) async fn holds_on(
        &self,
        newest: &Version,
        rewritten: &[&CuratedFile],
        effect: &Effect,
    ) -> anyhow::Result<bool> {
        let base = &self.base;
        let ours_stand = self.links.iter().all(|link| {
            let partition = link.as_ref().into();
            newest.progress.get(&partition) == base.progress.get(&partition)
        });
        if !ours_stand || newest.kept != base.kept || newest.same_files(rewritten).is_none() {
            return Ok(false);
        }
        Ok(self.lake.table(base.table).only_rounds_between(base, newest).await?
            && are_apart(self.lake, effect, &base.progress, &newest.progress).await?)
    }
}
