//! The commit of a round that another one came before.

use std::sync::Arc;

use anyhow::Context;
use deltalake_core::kernel::Add;
use schemas::landing::Link;

use super::{Committed, Curated, CuratedFile, Version};

/// What a round wrote, and of what.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    /// The files that its own ones replace.
    pub replaced: &'a [&'a CuratedFile],
    pub added: Vec<Add>,
    pub links: &'a [Arc<Link>],
}

impl Curated {
    /// Commits what a round wrote on `base`: again as it is, while the version that others committed first leaves it right, which
    /// `holds` says. Each commit that is refused takes one of the `tries`. What is not committed in the end is deleted.
    pub(crate) async fn commit_round<F>(
        &self,
        base: &Arc<Version>,
        written: &Written<'_>,
        tries: &mut usize,
        holds: impl Fn(Arc<Version>) -> F,
    ) -> anyhow::Result<Committed>
    where
        F: Future<Output = anyhow::Result<bool>>,
    {
        let mut base = base.clone();
        loop {
            let replaced = base.same_files(written.replaced).context("a round replaces files of its base")?;
            let goal = base.progress.after(written.links);
            let newest = match self.commit(&base, &replaced, written.added.clone(), &goal).await? {
                Committed::Refused(newest) => newest,
                landed @ Committed::Landed(_) => return Ok(landed),
            };
            *tries = tries.saturating_sub(1);
            let holds = if *tries > 0 { holds(newest.clone()).await } else { Ok(false) };
            if !matches!(holds, Ok(true)) {
                self.give_up(&base, &newest, &written.added).await;
                return holds.map(|_| Committed::Refused(newest));
            }
            tracing::debug!(table = self.table.name, version = newest.number, "a round holds on another's version");
            base = newest;
        }
    }
}
