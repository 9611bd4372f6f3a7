//! What `warehouse friction` asks: how much there is of each signal, by the defaults and by other thresholds.

use super::{SIGNALS, Settings, Signal};

/// A select with a row for each signal: findings, the sessions that have any, and their share of all sessions; beside them the same
/// by other thresholds, if there are any.
pub fn report(settings: &Settings) -> String {
    let places = SIGNALS.iter().enumerate().map(|(place, signal)| format!("({place}, '{}')", signal.name));
    let places = places.collect::<Vec<_>>().join(", ");
    let found = SIGNALS.iter().flat_map(|signal| judged(signal, settings)).collect::<Vec<_>>().join("\nunion all\n");
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
        "with signals (place, signal) as (values {places}),\nvisits as (select count(*) as sessions from sessions),\n\
         counted as (select signal{counts} from (\n{found}\n) as found group by signal)\n\
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
