//! What `warehouse friction` asks: how much there is of each signal, by the defaults and by other thresholds.

use super::{SIGNALS, Settings, view};

/// A select with a row for each signal: findings, the sessions that have any, and their share of all sessions; beside them the same
/// by other thresholds, if there are any.
pub fn report(settings: &Settings) -> String {
    let places = SIGNALS.iter().enumerate().map(|(place, signal)| format!("({place}, '{}')", signal.name));
    let places = places.collect::<Vec<_>>().join(", ");
    let mut counted = vec![("by_default", "", Settings::default())];
    if !settings.is_empty() {
        counted.push(("as_set", " as set", settings.clone()));
    }
    let (mut with, mut columns, mut joins) = (String::new(), String::new(), String::new());
    for (name, suffix, settings) in counted {
        with += &format!(
            ",\n{name} as (select signal, count(*) as findings, count(distinct site_id || '/' || session_id) as sessions \
             from (\n{}\n) as found group by signal)",
            view(&settings)
        );
        columns += &format!(
            ", coalesce({name}.findings, 0) as \"findings{suffix}\", coalesce({name}.sessions, 0) as \"sessions{suffix}\", \
             round(100.0 * coalesce({name}.sessions, 0) / nullif(visits.sessions, 0), 2) as \"% of sessions{suffix}\""
        );
        joins += &format!(" left join {name} on {name}.signal = signals.signal");
    }
    format!(
        "with signals (place, signal) as (values {places}),\nvisits as (select count(*) as sessions from sessions){with}\n\
         select signals.signal{columns} from signals cross join visits{joins} order by signals.place"
    )
}
