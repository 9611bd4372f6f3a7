//! The visitors that some links touch, and the filters that keep a round away from everybody else's rows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use schemas::session::{GAP_US_MAX, SESSION_US_MAX};

use super::functions::lookup;
use super::held::{Held, Pairs, Wanted};
use super::until::EventsUntil;
use super::visitors::{Key, Sessions, Stretch, key};
use crate::curated::statistics::time_text;
use crate::engine::inputs::{Inputs, number, text, time};
use crate::limits::NAMED_IDS_MAX;

/// The farthest that a changed session can begin before the event that touched it.
pub(super) const BACK_US: i64 = SESSION_US_MAX + GAP_US_MAX;

/// Visitors, each with the time of the first event that touches it (epoch microseconds).
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    from: Arc<HashMap<Key, i64>>,
    least: Option<i64>,
    /// Their ids, while they are few.
    named: BTreeSet<String>,
}

impl Touched {
    /// `visitor` is the hash of site and visitor.
    pub(super) fn add(&mut self, visitor: Key, visitor_id: &str, at: i64) {
        let from = Arc::make_mut(&mut self.from).entry(visitor).or_insert(at);
        *from = (*from).min(at);
        self.least = Some(self.least.map_or(at, |least| least.min(at)));
        note(&mut self.named, visitor_id);
    }

    /// Whether one of some visitors is touched.
    pub(super) fn meets(&self, visitors: &HashSet<Key>) -> bool {
        visitors.iter().any(|visitor| self.from.contains_key(visitor))
    }

    /// The first event that touches a visitor, if one does.
    pub(super) fn from(&self, visitor: Key) -> Option<i64> {
        self.from.get(&visitor).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from.is_empty()
    }

    /// The visitors of the rows of `landing`, duplicates included: the ledger counts them.
    pub(super) async fn read(inputs: &Inputs) -> anyhow::Result<Self> {
        let mut touched = Self::default();
        let sql = "select site_id, visitor_id, min(occurred_at) from landing group by site_id, visitor_id";
        inputs
            .each(sql, |batch, row| {
                let (site, visitor) = (text(batch, 0, row), text(batch, 1, row));
                touched.add(key(&[site, visitor]), visitor, time(batch, 2, row));
            })
            .await?;
        Ok(touched)
    }

    /// `touched_from(site_id, visitor_id)`: microseconds, null for the untouched.
    pub(super) fn function(&self) -> ScalarUDF {
        lookup("touched_from", self.from.clone())
    }

    /// A condition on `site_id`, `visitor_id`, `event_date` and `time_column`: rows of the touched visitors, not
    /// older than `back_us` before the first touch. By the plain parts of it files and row groups are skipped.
    pub(super) fn condition(&self, time_column: &str, back_us: i64) -> String {
        let (since, named) = (self.since(time_column, back_us), in_named("visitor_id", &self.named));
        format!("{since}{named} and touched_from(site_id, visitor_id) is not null")
    }

    /// Rows of these visitors.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted::of_visitors(self.from.keys().copied())
    }

    /// The time that lies `back_us` before the first touch; none when nobody is touched.
    pub(super) fn earliest(&self, back_us: i64) -> Option<i64> {
        Some(self.least?.saturating_sub(back_us))
    }

    /// A condition on `event_date` and `time_column`: rows of anybody from then on.
    pub(super) fn since(&self, time_column: &str, back_us: i64) -> String {
        let Some(since) = self.earliest(back_us) else { return "false".into() };
        let (date, time) = (&time_text(since)[..10], time_literal(since));
        format!("event_date >= date '{date}' and {time_column} >= {time}")
    }

    /// The touched visitors' sessions as they stand in `events`, and for each visitor the start of the first session that
    /// the touch can have changed.
    pub(super) async fn sessions(&self, inputs: &Inputs) -> anyhow::Result<TouchedSessions> {
        let condition = self.condition("occurred_at", BACK_US);
        let sql = format!(
            "select site_id, visitor_id, cast(session_started_at as bigint), cast(max(occurred_at) as bigint) \
             from events where {condition} group by site_id, visitor_id, session_started_at"
        );
        let mut stretches: HashMap<Key, Vec<Stretch>> = HashMap::new();
        inputs
            .each(&sql, |batch, row| {
                let visitor = key(&[text(batch, 0, row), text(batch, 1, row)]);
                let stretch = Stretch { start: number(batch, 2, row), end: number(batch, 3, row) };
                stretches.entry(visitor).or_default().push(stretch);
            })
            .await?;
        let mut sessions = Sessions::default();
        stretches.into_iter().for_each(|(visitor, stretches)| sessions.insert(visitor, stretches));
        Ok(self.among(Arc::new(sessions)))
    }
}

impl Touched {
    /// The same, where those of most visitors are known already, from a time on: those of others are read, and of whoever is touched
    /// before, as by a repeat of what was long ago.
    pub(super) async fn sessions_beside(
        &self,
        (known, since): (&Arc<Sessions>, i64),
        events: EventsUntil<'_>,
    ) -> anyhow::Result<TouchedSessions> {
        let mut sessions = known.clone();
        let is_known = |visitor: Key, from: i64| from - GAP_US_MAX >= since && known.of(visitor).is_some();
        let others = self.from.iter().filter(|(visitor, from)| !is_known(**visitor, **from));
        let others: HashMap<Key, i64> =
            others.map(|(visitor, from)| (*visitor, from.saturating_sub(BACK_US))).collect();
        if let Some(since) = others.values().min().copied() {
            let others = Wanted { visitors: Arc::new(others), time: Some("occurred_at"), ..Wanted::default() };
            for (visitor, stretches) in read_sessions(events, (&others, since)).await? {
                Arc::make_mut(&mut sessions).insert(visitor, stretches);
            }
        }
        Ok(self.among(sessions))
    }

    /// Some sessions, and which of these the touch can have changed.
    fn among(&self, sessions: Arc<Sessions>) -> TouchedSessions {
        let reached = |visitor: &Key| Some((*visitor, self.first_reached(*visitor, sessions.of(*visitor)?)?));
        let first = Arc::new(self.from.keys().filter_map(reached).collect());
        TouchedSessions { sessions, first }
    }

    /// Start of the first session of a visitor that the touch can have changed.
    pub(super) fn first_reached(&self, visitor: Key, sessions: &[Stretch]) -> Option<i64> {
        let from = self.from.get(&visitor)?;
        sessions.iter().find(|stretch| stretch.end >= from - GAP_US_MAX).map(|stretch| stretch.start)
    }
}

/// The sessions of the wanted visitors, as they stand in events of a time or later.
async fn read_sessions(events: EventsUntil<'_>, wanted: (&Wanted, i64)) -> anyhow::Result<HashMap<Key, Vec<Stretch>>> {
    let mut ends: HashMap<(Key, i64), i64> = HashMap::new();
    let take = |held: &Held, rows: &[usize]| {
        let visitors = Pairs::of(held, "visitor_id");
        let (keys, at, start) = (visitors.keys(), held.times("occurred_at")?, held.times("session_started_at")?);
        for row in rows.iter().copied() {
            let end = ends.entry((keys[visitors.of_row[row] as usize], start[row])).or_insert(at[row]);
            *end = (*end).max(at[row]);
        }
        Ok(())
    };
    events.each_chosen(&["visitor_id", "occurred_at", "session_started_at"], wanted, take).await?;
    let mut sessions: HashMap<Key, Vec<Stretch>> = HashMap::new();
    for ((visitor, start), end) in ends {
        sessions.entry(visitor).or_default().push(Stretch { start, end });
    }
    Ok(sessions)
}

/// Collects ids until they are too many to be named.
fn note(named: &mut BTreeSet<String>, id: &str) {
    if named.len() <= NAMED_IDS_MAX && !named.contains(id) {
        named.insert(id.to_owned());
    }
}

/// A condition by which files and row groups are skipped, if the ids are few.
fn in_named(column: &str, named: &BTreeSet<String>) -> String {
    // None at all: the other conditions are false already, and SQL knows no empty list.
    if named.is_empty() || named.len() > NAMED_IDS_MAX {
        return String::new();
    }
    let ids: Vec<String> = named.iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
    format!(" and {column} in ({})", ids.join(", "))
}

/// A time in SQL, of the very type of the time columns: a literal of another type would hide the statistics.
fn time_literal(micros: i64) -> String {
    format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

/// See [`Touched::sessions`].
#[derive(Clone, Debug, Default)]
pub(super) struct TouchedSessions {
    pub sessions: Arc<Sessions>,
    first: Arc<HashMap<Key, i64>>,
}

impl TouchedSessions {
    /// `touched_start(site_id, visitor_id)`: rows whose session began then or later must be computed again, all others are
    /// as they were (a session that ended more than the inactivity gap before the touch cannot change, and those after it
    /// are in order).
    pub(super) fn function(&self) -> ScalarUDF {
        lookup("touched_start", self.first.clone())
    }

    /// Rows of sessions that must be computed again, by a column that holds their times or those of their sessions; none is older
    /// than the time beside them. None when there are none.
    pub(super) fn wanted(&self, time: &'static str) -> Option<(Wanted, i64)> {
        let since = *self.first.values().min()?;
        Some((Wanted { visitors: self.first.clone(), time: Some(time), ..Wanted::default() }, since))
    }

    /// For each visitor the start of the first session that must be computed again.
    pub(super) fn first(&self) -> &HashMap<Key, i64> {
        &self.first
    }

    /// Condition: the row belongs to a session that must be computed again.
    pub(super) const CHANGED: &'static str =
        "coalesce(cast(session_started_at as bigint) >= touched_start(site_id, visitor_id), false)";
}
