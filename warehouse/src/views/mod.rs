//! Views: selects over the tables, and over other views, that history is judged by again and again. One SQL file each, whose first
//! lines say what it means and by whose rules. A view is planned when a statement names it, and costs nothing else.

mod channels;
mod coverage;
mod joined;

use crate::friction;

pub use coverage::{By, report as coverage};

/// A named select.
pub(crate) struct View {
    pub name: &'static str,
    pub sql: fn() -> String,
}

/// All views, each after those that it reads.
pub(crate) static ALL: [View; 7] = [
    View { name: "replay_page_views", sql: || include_str!("replay_page_views.sql").to_owned() },
    View { name: "replay_ledger", sql: || include_str!("replay_ledger.sql").to_owned() },
    View { name: friction::VIEW, sql: || friction::view(&friction::Settings::default()) },
    View { name: "channels", sql: channels::sql },
    View { name: "campaigns", sql: || include_str!("campaigns.sql").to_owned() },
    View { name: "telemetry_with_ga4", sql: joined::with_ga4 },
    View { name: "telemetry_with_adobe", sql: joined::with_adobe },
];

#[cfg(test)]
mod tests;
