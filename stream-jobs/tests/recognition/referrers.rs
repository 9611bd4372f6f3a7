//! Rows about referrers and campaigns.

use std::collections::BTreeMap;

use schemas::campaign::columns;
use serde::Deserialize;
use stream_jobs::{Campaign, OwnDomains, Referrer};

use crate::table::{Row, Suite, suite};

#[derive(Deserialize)]
struct Visit {
    referrer: String,
    medium: String,
    source: String,
}

impl Visit {
    fn is_right(&self) -> bool {
        let (page, campaign, own) = (Some("www.shop.example"), Campaign::default(), OwnDomains::default());
        let found = Referrer::classify(&self.referrer, page, &campaign, &own);
        found.is_some_and(|found| found.medium == self.medium && found.source == Some(self.source.as_str()))
    }
}

/// A case of the contract that the SDK is tested with too.
#[derive(Deserialize)]
struct Tagged {
    sdk: String,
    columns: BTreeMap<String, String>,
}

impl Tagged {
    fn is_right(&self) -> bool {
        let campaign = Campaign::parse(&self.sdk);
        let values = columns().iter().enumerate().map(|(index, column)| (column.as_str(), campaign.get(index)));
        values.eq(columns().iter().map(|column| (column.as_str(), self.columns.get(column).map(String::as_str))))
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let snowplow = suite::<Visit>("snowplow_referrers");
    let assistants = suite::<Visit>("assistants");
    let cases = std::fs::read("../schemas/lists/campaign_cases.json").expect("the cases are there");
    let cases = serde_json::from_slice(&cases).expect("the cases are JSON");
    let tagged: Suite<Tagged> = Suite { source: "schemas/lists".into(), cases };
    vec![
        Row::of("referrer's medium and source", "Snowplow's tests", 97.0, &snowplow, |case| case.is_right()),
        Row::of("AI assistants", "our own list", 100.0, &assistants, |case| case.is_right()),
        Row::of("campaign keys and click ids", "cases of the contract", 100.0, &tagged, |case| case.is_right()),
    ]
}
