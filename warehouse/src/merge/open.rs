//! Sessions that may go on: what follows from them is computed again in the next rounds, so their rows stand in files of their own.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use schemas::session::GAP_US_MAX;

use super::functions::lookup;
use super::visitors::Key;

/// Of some landed events the sessions that another event may continue, one of each visitor. Times are epoch microseconds.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// When they began.
    pub(super) starts: Arc<HashMap<Key, i64>>,
    /// When the newest of the events was.
    pub newest: i64,
}

impl Open {
    /// Condition: the row belongs to one of them.
    pub(crate) const HOLDS: &'static str =
        "coalesce(cast(session_started_at as bigint) >= open_start(site_id, visitor_id), false)";

    /// `open_start(site_id, visitor_id)`, for the condition.
    pub(crate) fn function(&self) -> ScalarUDF {
        lookup("open_start", self.starts.clone())
    }

    /// The newest event after which all of these are over.
    pub(crate) fn until(&self) -> i64 {
        self.newest.saturating_add(GAP_US_MAX)
    }
}
