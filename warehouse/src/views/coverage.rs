//! What `warehouse coverage` asks: of how many sessions we and another provider know both, and of how many only one.

use clap::ValueEnum;

use crate::limits::COVERAGE_ROWS_MAX;

/// What sessions are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// All sessions together
    #[default]
    All,
    /// The page on which they began
    Page,
    /// The browser, without its version
    Browser,
    /// The day on which they began, in UTC
    Day,
}

/// A select with a row for each page, browser or day, the most sessions first: sessions that both saw, that only we saw, that only
/// `provider` (`ga4` or `adobe`) saw, and the share of each side's sessions that the other one saw. Without bots, unless they
/// are wanted: other providers leave out those that they know.
pub fn report(provider: &str, by: By, with_bots: bool) -> String {
    let (name, of_ours, of_theirs) = match by {
        By::All => ("sessions of", "'all'".to_owned(), "'all'".to_owned()),
        By::Page => ("entry page", "entry_page".to_owned(), format!("{provider}_entry_page")),
        By::Browser => ("browser", plain_browser("browser_name"), plain_browser(&format!("{provider}_browser"))),
        By::Day => ("day", "cast(started_at as date)".to_owned(), format!("cast({provider}_started_at as date)")),
    };
    let people = if with_bots { "true" } else { "not coalesce(is_bot, false)" };
    let counted = |which: &str, seen_by: &str| {
        format!("count(distinct case when seen_by = '{seen_by}' then site_id || ' ' || {which} end)")
    };
    let own = |seen_by: &str| counted("session_id", seen_by);
    let their = |seen_by: &str| counted(&format!("{provider}_session"), seen_by);
    format!(
        "select told as \"{name}\", seen_by_both as \"both\", only_us as \"only us\", only_them as \"only {provider}\", \
         round(100.0 * seen_by_both / nullif(seen_by_both + only_us, 0), 2) as \"% of ours in {provider}\", \
         round(100.0 * theirs_of_both / nullif(theirs_of_both + only_them, 0), 2) as \"% of {provider}'s in ours\" \
         from (select told, {} as seen_by_both, {} as only_us, {} as only_them, {} as theirs_of_both from (\
         select *, case when session_id is null then {of_theirs} else {of_ours} end as told \
         from telemetry_with_{provider} where {people}) as sessions_told group by told) as counted \
         order by seen_by_both + only_us + only_them desc, told limit {COVERAGE_ROWS_MAX}",
        own("both"),
        own("us"),
        their(provider),
        their("both"),
    )
}

/// Providers write the same browser as `Chrome`, `Chrome Mobile`, `Chrome Mobile iOS` and `Google Chrome 130.0`. Of `Chrome Mobile WebView`
/// the last word stays: a program that shows pages is no browser.
fn plain_browser(column: &str) -> String {
    format!(
        "regexp_replace({column}, '^((Google|Mozilla|Microsoft|Apple|Mobile) )+| (Mobile|iOS)\\b| [0-9][0-9.]*.*$', '', 'g')"
    )
}
