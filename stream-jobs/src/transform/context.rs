//! Columns that all events of a package share. Each value is worked out once per package; the events refer to it by a
//! dictionary whose keys are the package's row, so nothing is copied per event.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray, StructArray};
use arrow::compute::take;
use arrow::datatypes::Int32Type;

use super::agent::{Agent, Agents, BotClass, HintColumns, bot_class};
use super::campaign::Campaign;
use super::lift;
use super::referrer::{OwnDomains, Referrer};
use super::scrub::{AllowedQueryKeys, host_and_path, scrub};
use crate::events::Columns;

/// Spreads package-level values over the events.
pub(super) struct Spread {
    /// For each event the row of its package.
    pub rows: Int32Array,
}

impl Spread {
    /// One event after the other, `lengths[i]` of package `i`.
    pub(super) fn new(lengths: impl Iterator<Item = usize>, events_total: usize) -> Self {
        let mut rows = Vec::with_capacity(events_total);
        for (row, length) in lengths.enumerate() {
            let row = i32::try_from(row).expect("a batch holds at most PACKAGES_PER_BATCH_MAX packages");
            rows.resize(rows.len() + length, row);
        }
        Self { rows: Int32Array::from(rows) }
    }

    pub(super) fn text(&self, values: StringArray) -> Result<ArrayRef> {
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(self.rows.clone(), Arc::new(values))?))
    }

    /// A column of texts without any.
    pub(super) fn no_text(&self) -> Result<ArrayRef> {
        let keys = Int32Array::new_null(self.rows.len());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::new_null(0)))?))
    }

    pub(super) fn copied(&self, values: &dyn Array) -> Result<ArrayRef> {
        Ok(take(values, &self.rows, None)?)
    }
}

/// Columns that are taken over as they are: `(landing column, path in the package)`.
const TEXTS: [(&str, &[&str]); 14] = [
    ("site_id", &["site_id"]),
    ("visitor_id", &["visitor_id"]),
    ("tab_id", &["tab_id"]),
    ("page_view_id", &["page_view_id"]),
    ("batch_id", &["batch_id"]),
    ("sdk", &["sdk"]),
    ("page_title", &["page", "title"]),
    ("page_language", &["page", "language"]),
    ("page_timezone", &["page", "timezone"]),
    ("user_id", &["identity", "user_id"]),
    ("ga_client_id", &["identity", "ga_client_id"]),
    ("ga_session_id", &["identity", "ga_session_id"]),
    ("adobe_ecid", &["identity", "adobe_ecid"]),
    ("client_address", &["client_address"]),
];

const NUMBERS: [(&str, &[&str]); 5] = [
    ("clock_error_ms", &["clock", "error_ms"]),
    ("page_viewport_width", &["page", "viewport", "width"]),
    ("page_viewport_height", &["page", "viewport", "height"]),
    ("page_screen_width", &["page", "screen", "width"]),
    ("page_screen_height", &["page", "screen", "height"]),
];

/// Adds every column that comes from the packages' shared context, but for the times.
pub(super) fn add(
    columns: &mut Columns,
    packages: &StructArray,
    spread: &Spread,
    agents: &mut Agents,
    allowed: &AllowedQueryKeys,
    own: &OwnDomains,
) -> Result<()> {
    for (column, path) in TEXTS {
        let (parent, name) = descend(packages, path)?;
        columns.insert(column, spread.text(lift::child_text(&parent, name)?)?);
    }
    for (column, path) in NUMBERS {
        let (parent, name) = descend(packages, path)?;
        columns.insert(column, spread.copied(&lift::child_number(&parent, name)?)?);
    }
    columns.insert("batch_seq", spread.copied(&lift::child_int(packages, "batch_seq")?)?);
    add_page(columns, packages, spread, allowed, own)?;
    add_agent(columns, packages, spread, agents)
}

/// The struct that holds the last name of a path, and that name.
fn descend<'a>(packages: &StructArray, path: &[&'a str]) -> Result<(StructArray, &'a str)> {
    let (name, parents) = path.split_last().expect("every path has a name");
    let mut parent = packages.clone();
    for step in parents {
        parent = lift::child_struct(&parent, step)?;
    }
    Ok((parent, name))
}

/// What is worked out of one distinct pair of page and referrer addresses.
struct PageAddress {
    url: Option<String>,
    host: Option<String>,
    path: Option<String>,
    referrer_url: Option<String>,
    referrer_host: Option<String>,
    referrer: Option<Referrer>,
    campaign: Campaign,
}

impl PageAddress {
    fn parse(url: Option<&str>, referrer_url: Option<&str>, allowed: &AllowedQueryKeys, own: &OwnDomains) -> Self {
        let clean = |raw: Option<&str>| raw.filter(|raw| !raw.is_empty()).map(|raw| scrub(raw, allowed));
        let campaign = url.map(Campaign::parse).unwrap_or_default();
        let (url, referrer_url) = (clean(url), clean(referrer_url));
        let (host, path) = url.as_deref().map(host_and_path).unwrap_or_default();
        let referrer_host = referrer_url.as_deref().and_then(|url| host_and_path(url).0);
        // A page without referrer was opened directly; of an event without page nothing is known.
        let from = referrer_url.as_deref().or(url.as_ref().map(|_| ""));
        let referrer = from.and_then(|from| Referrer::classify(from, host.as_deref(), &campaign, own));
        Self { url, host, path, referrer_url, referrer_host, referrer, campaign }
    }
}

fn add_page(
    columns: &mut Columns,
    packages: &StructArray,
    spread: &Spread,
    allowed: &AllowedQueryKeys,
    own: &OwnDomains,
) -> Result<()> {
    let page = lift::child_struct(packages, "page")?;
    let (urls, referrers) = (lift::child_text(&page, "url")?, lift::child_text(&page, "referrer")?);
    let mut known: HashMap<(Option<&str>, Option<&str>), usize> = HashMap::new();
    let mut addresses: Vec<PageAddress> = Vec::new();
    let rows: Vec<usize> = urls
        .iter()
        .zip(&referrers)
        .map(|(url, referrer)| {
            *known.entry((url, referrer)).or_insert_with(|| {
                addresses.push(PageAddress::parse(url, referrer, allowed, own));
                addresses.len() - 1
            })
        })
        .collect();
    // Most of the campaign's columns are empty in most batches: they share one array.
    let none = spread.no_text()?;
    let mut add = |column: &'static str, of: &dyn Fn(&PageAddress) -> Option<&str>| -> Result<()> {
        let is_empty = addresses.iter().all(|address| of(address).is_none());
        let values = || rows.iter().map(|row| of(&addresses[*row])).collect();
        columns.insert(column, if is_empty { none.clone() } else { spread.text(values())? });
        Ok(())
    };
    add("page_url", &|page| page.url.as_deref())?;
    add("page_host", &|page| page.host.as_deref())?;
    add("page_path", &|page| page.path.as_deref())?;
    add("referrer_url", &|page| page.referrer_url.as_deref())?;
    add("referrer_host", &|page| page.referrer_host.as_deref())?;
    add("referrer_medium", &|page| page.referrer.as_ref().map(|referrer| referrer.medium))?;
    add("referrer_source", &|page| page.referrer.as_ref().and_then(|referrer| referrer.source))?;
    for (index, column) in schemas::campaign::columns().iter().enumerate() {
        add(column, &|page| page.campaign.get(index))?;
    }
    Ok(())
}

fn add_agent(columns: &mut Columns, packages: &StructArray, spread: &Spread, agents: &mut Agents) -> Result<()> {
    let texts = lift::child_text(packages, "user_agent")?;
    let hints = HintColumns::new(packages)?;
    let page = lift::child_struct(packages, "page")?;
    let webdriver = lift::child(&page, "webdriver")?;
    let webdriver = webdriver.as_boolean_opt().ok_or_else(|| anyhow::anyhow!("the field webdriver is no flag"))?;
    let read = |(row, text)| agents.read(text, hints.row(row).as_ref());
    let parsed: Vec<Arc<Agent>> = texts.iter().enumerate().map(read).collect();
    let classes: Vec<Option<&'static str>> = parsed
        .iter()
        .zip(webdriver)
        .map(|(agent, webdriver)| bot_class(agent, webdriver).map(BotClass::name))
        .collect();
    let is_bot: arrow::array::BooleanArray = classes.iter().map(|class| Some(class.is_some())).collect();
    columns.insert("is_bot", spread.copied(&is_bot)?);
    columns.insert("bot_class", spread.text(classes.into_iter().collect())?);
    let mut add = |column: &'static str, of: &dyn Fn(&Agent) -> Option<&str>| -> Result<()> {
        let values: StringArray = parsed.iter().map(|agent| of(agent)).collect();
        columns.insert(column, spread.text(values)?);
        Ok(())
    };
    add("device_type", &|agent| agent.device_type)?;
    add("browser_name", &|agent| agent.browser_name.as_deref())?;
    add("browser_version", &|agent| agent.browser_version.as_deref())?;
    add("os_name", &|agent| agent.os_name.as_deref())?;
    add("os_version", &|agent| agent.os_version.as_deref())
}
