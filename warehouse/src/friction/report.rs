//! What `warehouse friction` asks: how much there is of each signal, by the defaults and by other thresholds.

use super::{SIGNALS, Settings, Signal};

/// A select with a row for each signal: findings, the sessions that have any, and their share of all sessions; beside them the same
/// by other thresholds, if there are any. Without bots, unless they are wanted.
pub fn report(settings: &Settings, with_bots: bool) -> String {
    let places = SIGNALS.iter().enumerate().map(|(place, signal)| format!("({place}, '{}')", signal.name));
    let places = places.collect::<Vec<_>>().join(", ");
    let found = SIGNALS.iter().flat_map(|signal| judged(signal, settings)).collect::<Vec<_>>().join("\nunion all\n");
    let people = if with_bots { "true" } else { "not coalesce(is_bot, false)" };
    let mut counted = vec![("by_default", "")];
    if !settings.is_empty() {
        counted.push(("as_set", " as set"));
    }
    let (mut counts, mut columns) = (String::new(), String::new());
    for (name, suffix) in counted {
        counts += &format!(
            ", count(*) filter (where judged in ('{name}', 'both')) as {name}_findings, \
             count(distinct site_id || '/' || session_id) filter (where judged in ('{name}', 'both')) as {name}_sessions"
        );
        columns += &format!(
            ", coalesce({name}_findings, 0) as \"findings{suffix}\", coalesce({name}_sessions, 0) as \"sessions{suffix}\", \
             round(100.0 * coalesce({name}_sessions, 0) / nullif(visits.sessions, 0), 2) as \"% of sessions{suffix}\""
        );
    }
    format!(
        "with signals (place, signal) as (values {places}),\nvisits as (select count(*) as sessions from sessions where {people}),\n\
         others as (select site_id as other_site, session_id as other from sessions where not ({people})),\n\
         counted as (select signal{counts} from others right join (\n{found}\n) as found \
         on other_site = site_id and other = session_id where other is null group by signal)\n\
         select signals.signal{columns} from signals cross join visits \
         left join counted on counted.signal = signals.signal order by signals.place"
    )
}

/// Selects of the findings of a signal: by its defaults, and as it is set. One of both where these are the same: history is long.
fn judged(signal: &Signal, settings: &Settings) -> Vec<String> {
    let select = |judged: &str, settings: &Settings| {
        let (name, sql) = (signal.name, signal.sql(settings));
        format!("select '{name}' as signal, '{judged}' as judged, site_id, session_id from (\n{sql}) as found")
    };
    match signal.is_as_by_default(settings) {
        true => vec![select("both", settings)],
        false => vec![select("by_default", &Settings::default()), select("as_set", settings)],
    }
}
