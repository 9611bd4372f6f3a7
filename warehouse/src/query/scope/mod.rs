//! Which sites' rows a statement may see.

mod fence;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::datasource::TableProvider;
use serde::{Deserialize, Serialize};

use fence::Fenced;

/// Whose rows there are, for one who asks. Everything else is not there: no statement can tell that it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Every site's.
    All,
    /// Those of these sites (`site_id`).
    Sites(BTreeSet<String>),
}

impl Scope {
    /// Of some sites.
    pub fn of<'a>(sites: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Sites(sites.into_iter().map(str::to_owned).collect())
    }

    /// Whether the rows of a site are there.
    pub fn holds(&self, site: &str) -> bool {
        match self {
            Self::All => true,
            Self::Sites(sites) => sites.contains(site),
        }
    }

    /// The table with these rows only.
    pub(crate) fn fence(&self, rows: Arc<dyn TableProvider>) -> Arc<dyn TableProvider> {
        match self {
            Self::All => rows,
            Self::Sites(sites) => Arc::new(Fenced::new(rows, sites)),
        }
    }
}
