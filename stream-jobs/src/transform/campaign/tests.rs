use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::transform::scrub::{AllowedQueryKeys, scrub};

/// A case that the SDK is tested with too: an address, what the SDK sends of it, and the columns.
#[derive(Deserialize)]
struct Case {
    why: String,
    address: String,
    sdk: String,
    columns: BTreeMap<String, String>,
}

fn cases() -> Vec<Case> {
    serde_json::from_slice(&std::fs::read("../schemas/lists/campaign_cases.json").unwrap()).unwrap()
}

fn found(address: &str) -> BTreeMap<String, String> {
    let campaign = Campaign::parse(address);
    let values = columns().iter().enumerate().map(|(index, column)| (column, campaign.get(index)));
    values.filter_map(|(column, value)| Some((column.clone(), value?.to_owned()))).collect()
}

#[test]
fn addresses_give_their_columns_before_and_after_the_sdk() {
    let cases = cases();
    assert!(cases.len() > 10);
    for case in cases {
        assert_eq!(found(&case.address), case.columns, "{}", case.why);
        assert_eq!(found(&case.sdk), case.columns, "as the SDK sends it: {}", case.why);
    }
}

#[test]
fn the_page_address_keeps_what_the_columns_hold() {
    for case in cases().into_iter().filter(|case| !case.address.contains('#')) {
        let scrubbed = scrub(&case.address, &AllowedQueryKeys::default());
        assert_eq!((found(&scrubbed), &scrubbed), (case.columns, &case.sdk), "{}", case.why);
    }
}

#[test]
fn values_hold_no_address_of_a_person_and_have_an_end() {
    let long = "x".repeat(5_000);
    for (query, column, expected) in [
        ("utm_content=me@example.org", "utm_content", Some("{email}")),
        ("utm_term=a+eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2ln", "utm_term", Some("a {token}")),
        ("gclid=me%40example.org", "gclid", Some("{email}")),
        (
            "gclid=EAIaIQobChMIrpCWk4fHgQMVyFJ_Ch1-3gSREAAYASAAEgJ8bPD_BwE",
            "gclid",
            Some("EAIaIQobChMIrpCWk4fHgQMVyFJ_Ch1-3gSREAAYASAAEgJ8bPD_BwE"),
        ),
        (
            "fbclid=IwY2xjawE5eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
            "fbclid",
            Some("IwY2xjawE5eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"),
        ),
        (&format!("utm_source={long}"), "utm_source", Some(&long[..VALUE_BYTES_MAX])),
        (&format!("gclid={long}"), "gclid", None),
        ("utm_source=+%20", "utm_source", None),
        ("utm_source=%ff", "utm_source", Some("\u{fffd}")),
    ] {
        assert_eq!(found(&format!("https://s.example/?{query}")).get(column).map(String::as_str), expected, "{query}");
    }
    assert!(Campaign::parse(&format!("/?utm_source={}", "ü".repeat(1_000))).get(0).unwrap().len() <= VALUE_BYTES_MAX);
    assert_eq!(Campaign::parse("no query"), Campaign::default());
}

#[test]
fn the_medium_follows_ga4s_channel_groups() {
    for (query, expected) in [
        ("gclid=x", Some("paid")),
        ("wbraid=x&utm_medium=email", Some("paid")),
        ("fbclid=x", None),
        ("srsltid=x", None),
        ("utm_medium=cpc", Some("paid")),
        ("utm_medium=PPC", Some("paid")),
        ("utm_medium=paid_social", Some("paid")),
        ("utm_medium=CPM", Some("paid")),
        ("utm_medium=display", Some("paid")),
        ("utm_medium=retargeting", Some("paid")),
        ("utm_medium=unpaid", None),
        ("utm_medium=e_mail", Some("email")),
        ("utm_source=email", Some("email")),
        ("utm_medium=Social+Network", Some("social")),
        ("utm_medium=organic", Some("search")),
        ("utm_medium=link", Some("referral")),
        ("utm_medium=affiliate", None),
        ("", None),
    ] {
        assert_eq!(Campaign::parse(&format!("https://s.example/?{query}")).medium(), expected, "{query}");
    }
}
