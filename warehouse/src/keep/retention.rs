//! How long rows stay, for each site and table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::removal::Cut;
use crate::curated::Version;
use crate::limits::{DATED_KEPT_MIN, REPLAY_ASSETS_LONGER, REPLAY_KEPT, RETENTION_MIN};
use crate::progress::sessions_before;
use crate::tables::{self, REPLAY_ASSETS, REPLAY_CHUNKS, Table};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Rules, of which the last one that fits a site and a table counts. Without one that fits rows stay for ever, recordings for
/// [`REPLAY_KEPT`]: only a rule that names their table is about them, since a year of clicks is another thing than a year of
/// pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// None fits all.
    site_id: Option<String>,
    table: Option<&'static str>,
    /// None keeps for ever.
    days: Option<i32>,
}

impl Retention {
    /// Rules as people write them: `SITE/TABLE=DURATION`.
    pub fn parse(rules: &[String]) -> Result<Self, String> {
        rules
            .iter()
            .map(|rule| parse(rule).map_err(|what| format!("{rule:?}: {what}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn days(&self, site_id: &str, table: &Table) -> Option<i32> {
        if *table == REPLAY_ASSETS {
            let longer = i32::try_from(days_of(REPLAY_ASSETS_LONGER)).ok()?;
            return self.days(site_id, &REPLAY_CHUNKS)?.checked_add(longer);
        }
        let recorded = *table == REPLAY_CHUNKS;
        let fits = |rule: &&Rule| {
            let fits_table = rule.table.map_or(!recorded, |own| own == table.name);
            fits_table && rule.site_id.as_ref().is_none_or(|own| own == site_id)
        };
        match self.0.iter().rfind(fits) {
            Some(rule) => rule.days,
            None if recorded => i32::try_from(days_of(REPLAY_KEPT)).ok(),
            None => None,
        }
    }

    /// What of a table goes today (a day since the epoch): sessions of each site that began before the day that its rule
    /// says, where the table holds any.
    pub(super) fn cut(&self, version: &Version, today: i32) -> Cut {
        let sites: BTreeSet<&str> = version.files.iter().map(|file| file.site_id.as_str()).collect();
        let mut cut = Cut::default();
        for site in sites {
            let Some(day) = self.days(site, version.table).map(|days| today - days) else { continue };
            if version.files.iter().any(|file| file.site_id == site && file.event_date < day) {
                cut.expired.insert(site.to_owned(), day);
            }
        }
        cut.condition = condition(&cut.expired);
        cut
    }
}

fn condition(expired: &BTreeMap<String, i32>) -> Option<String> {
    let sites: Vec<String> = expired
        .iter()
        // A session's last event may be a day younger than its first. By the day files are skipped.
        .map(|(site, day)| format!("({} and event_date <= {})", sessions_before(site, *day), day_literal(*day)))
        .collect();
    (!sites.is_empty()).then(|| format!("({})", sites.join(" or ")))
}

fn day_literal(day: i32) -> String {
    format!("date '{}'", crate::books::date(day))
}

fn days_of(time: Duration) -> u64 {
    time.as_secs().div_ceil(DAY.as_secs())
}

fn parse(rule: &str) -> Result<Rule, String> {
    const SHAPE: &str =
        "write SITE/TABLE=DURATION, with * for all, such as */*=400d, */pointer=30d or shop/sessions=forever";
    let (what, duration) = rule.rsplit_once('=').ok_or(SHAPE)?;
    // A site may have a slash in its name, a table has none.
    let (site, table) = what.rsplit_once('/').ok_or(SHAPE)?;
    let table = match table {
        "*" => None,
        name => Some(tables::named(name).ok_or_else(|| format!("no table {name:?}; there are {}", names()))?),
    };
    if table == Some(&REPLAY_ASSETS) {
        return Err("assets go with the recordings that name them: write a rule for replay_chunks".to_owned());
    }
    let is_dated = table.is_some_and(|table| table.is_imported() || *table == REPLAY_CHUNKS);
    let days = match duration.trim() {
        "forever" => None,
        text => {
            let time = humantime::parse_duration(text).map_err(|error| format!("no duration such as 90d: {error}"))?;
            if !is_dated && time < RETENTION_MIN {
                return Err(format!(
                    "less than {}; an event may come that late, and its session must still be there",
                    humantime::format_duration(RETENTION_MIN)
                ));
            }
            if time < DATED_KEPT_MIN {
                return Err("less than a day; days go whole".to_owned());
            }
            Some(i32::try_from(days_of(time)).map_err(|_| "more days than there are; write forever".to_owned())?)
        }
    };
    Ok(Rule { site_id: (site != "*").then(|| site.to_owned()), table: table.map(|table| table.name), days })
}

fn names() -> String {
    let all = tables::every().filter(|table| *table != &REPLAY_ASSETS);
    all.map(|table| table.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::EVENTS;

    fn retention(rules: &[&str]) -> Result<Retention, String> {
        Retention::parse(&rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_rule_that_fits_counts() {
        let rules = retention(&["*/*=400d", "*/pointer=30d", "shop/*=90d", "a/b/pointer=11d", "shop/sessions=forever"])
            .unwrap();
        let days = |site: &str, table: &str| rules.days(site, tables::named(table).unwrap());
        assert_eq!(days("blog", "events"), Some(400));
        assert_eq!(days("blog", "pointer"), Some(30));
        assert_eq!(days("shop", "pointer"), Some(90));
        assert_eq!(days("a/b", "pointer"), Some(11));
        assert_eq!(days("shop", "sessions"), None);
        assert_eq!(Retention::default().days("shop", &EVENTS), None);
    }

    #[test]
    fn recordings_stay_a_month_unless_a_rule_names_them_and_assets_a_week_longer() {
        let days = |rules: &[&str]| {
            let rules = retention(rules).unwrap();
            [&REPLAY_CHUNKS, &REPLAY_ASSETS].map(|table| rules.days("shop", table))
        };
        assert_eq!(days(&[]), [Some(30), Some(37)]);
        assert_eq!(days(&["*/*=400d", "shop/*=90d"]), [Some(30), Some(37)], "all is not recordings");
        assert_eq!(days(&["shop/replay_chunks=3d", "blog/replay_chunks=60d"]), [Some(3), Some(10)]);
        assert_eq!(days(&["*/replay_chunks=forever"]), [None, None]);
        let imported = retention(&["*/*=400d", "*/ga4_events=20d"]).unwrap();
        let days = |table| imported.days("shop", tables::named(table).unwrap());
        assert_eq!((days("ga4_events"), days("adobe_hits")), (Some(20), Some(400)));
    }

    #[test]
    fn a_rule_that_nobody_can_mean_is_told_with_a_way_out() {
        for (rule, part) in [
            ("90d", "write SITE/TABLE=DURATION"),
            ("shop=90d", "write SITE/TABLE=DURATION"),
            ("shop/event=90d", "no table \"event\"; there are events, pointer"),
            ("*/*=soon", "no duration such as 90d"),
            ("*/*=3d", "less than 10days"),
            ("*/pointer=9d", "less than 10days"),
            ("*/replay_chunks=3h", "less than a day"),
            ("*/replay_assets=30d", "write a rule for replay_chunks"),
            ("*/*=9999999999d", "more days than there are"),
        ] {
            let told = retention(&[rule]).unwrap_err();
            assert!(told.starts_with(&format!("{rule:?}: ")) && told.contains(part), "{told}");
        }
    }
}
