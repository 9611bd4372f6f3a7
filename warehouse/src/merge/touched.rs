//! The visitors that some links touch, and the filters that keep a round away from everybody else's rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use schemas::landing::Link;
use schemas::session::{GAP_US_MAX, SESSION_US_MAX};

use crate::curated::scan::Scan;
use crate::curated::statistics::time_text;
use crate::limits::NAMED_IDS_MAX;
use crate::merge::visitors::{Key, Sessions, Stretch, key, register_lookup};

/// Visitors, each with the time of the first event that touches it (epoch microseconds).
#[derive(Debug, Default)]
pub struct Touched {
    from: HashMap<Key, i64>,
    least: Option<i64>,
    /// Their ids, while they are few.
    named: BTreeSet<String>,
}

impl Touched {
    /// `visitor` is the hash of site and visitor.
    pub fn add(&mut self, visitor: Key, visitor_id: &str, at: i64) {
        let from = self.from.entry(visitor).or_insert(at);
        *from = (*from).min(at);
        self.least = Some(self.least.map_or(at, |least| least.min(at)));
        note(&mut self.named, visitor_id);
    }

    pub fn is_empty(&self) -> bool {
        self.from.is_empty()
    }

    /// The visitors of the links' rows, duplicates included: the ledger counts them.
    pub async fn read(context: &SessionContext, links: &[Arc<Link>]) -> anyhow::Result<Self> {
        let rows = context.read_table(Scan::landing(links))?;
        context.register_table("touching", rows.into_view())?;
        let sql = "select site_id, visitor_id, min(occurred_at) from touching group by site_id, visitor_id";
        let mut batches = context.sql(sql).await?.execute_stream().await?;
        let mut touched = Self::default();
        while let Some(batch) = batches.try_next().await? {
            let (site, visitor) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
            let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            for row in 0..batch.num_rows() {
                touched.add(key(&[site.value(row), visitor.value(row)]), visitor.value(row), at.value(row));
            }
        }
        context.deregister_table("touching")?;
        Ok(touched)
    }

    /// Makes `touched_from(site_id, visitor_id)` known: microseconds, null for the untouched.
    pub fn register(&self, context: &SessionContext) {
        register_lookup(context, "touched_from", Arc::new(self.from.clone()));
    }

    /// A condition on `site_id`, `visitor_id`, `event_date` and `time_column`: rows of the touched visitors, not
    /// older than `back_us` before the first touch. By the plain parts of it files and row groups are skipped.
    pub fn condition(&self, time_column: &str, back_us: i64) -> String {
        let (since, named) = (self.since(time_column, back_us), in_named("visitor_id", &self.named));
        format!("{since}{named} and touched_from(site_id, visitor_id) is not null")
    }

    /// The same of the other visitors' rows.
    pub fn others_condition(&self, time_column: &str, back_us: i64) -> String {
        format!("{} and touched_from(site_id, visitor_id) is null", self.since(time_column, back_us))
    }

    /// A condition on `event_date` and `time_column`: rows of anybody from then on.
    pub fn since(&self, time_column: &str, back_us: i64) -> String {
        let Some(least) = self.least else { return "false".into() };
        let since = least.saturating_sub(back_us);
        let (date, time) = (&time_text(since)[..10], time_literal(since));
        format!("event_date >= date '{date}' and {time_column} >= {time}")
    }

    /// The touched visitors' sessions as they stand in the table `events` of the context, and for each visitor the
    /// start of the first session that the touch can have changed.
    pub async fn sessions(&self, context: &SessionContext) -> anyhow::Result<TouchedSessions> {
        let condition = self.condition("occurred_at", SESSION_US_MAX + GAP_US_MAX);
        let sql = format!(
            "select site_id, visitor_id, cast(session_started_at as bigint), cast(max(occurred_at) as bigint) \
             from events where {condition} group by site_id, visitor_id, session_started_at"
        );
        let mut batches = context.sql(&sql).await?.execute_stream().await?;
        let mut stretches: HashMap<Key, Vec<Stretch>> = HashMap::new();
        let mut first: HashMap<Key, i64> = HashMap::new();
        while let Some(batch) = batches.try_next().await? {
            let (site, visitor) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
            let (start, end) =
                (batch.column(2).as_primitive::<Int64Type>(), batch.column(3).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                let visitor = key(&[site.value(row), visitor.value(row)]);
                let stretch = Stretch { start: start.value(row), end: end.value(row) };
                stretches.entry(visitor).or_default().push(stretch);
                let reached = self.from.get(&visitor).is_some_and(|from| stretch.end >= from - GAP_US_MAX);
                if reached {
                    let least = first.entry(visitor).or_insert(stretch.start);
                    *least = (*least).min(stretch.start);
                }
            }
        }
        let mut sessions = Sessions::default();
        stretches.into_iter().for_each(|(visitor, stretches)| sessions.insert(visitor, stretches));
        Ok(TouchedSessions { sessions: Arc::new(sessions), first: Arc::new(first) })
    }
}

/// Tabs of landed events.
#[derive(Debug, Default)]
pub struct Tabs {
    /// The least number that landed of each.
    from: HashMap<Key, i64>,
    named: BTreeSet<String>,
}

impl Tabs {
    /// `tab` is the hash of site and tab.
    pub fn add(&mut self, tab: Key, tab_id: &str, seq: i64) {
        let from = self.from.entry(tab).or_insert(seq);
        *from = (*from).min(seq);
        note(&mut self.named, tab_id);
    }

    /// Makes `landed_from(site_id, tab_id)` known: a number of the tab, null for others.
    pub fn register(&self, context: &SessionContext) {
        register_lookup(context, "landed_from", Arc::new(self.from.clone()));
    }

    /// A condition on `site_id`, `tab_id` and `seq`: events that can be repeated by the landed ones.
    pub fn condition(&self) -> String {
        format!("seq >= landed_from(site_id, tab_id){}", in_named("tab_id", &self.named))
    }
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
#[derive(Clone, Debug)]
pub struct TouchedSessions {
    pub sessions: Arc<Sessions>,
    first: Arc<HashMap<Key, i64>>,
}

impl TouchedSessions {
    /// Makes `touched_start(site_id, visitor_id)` known: rows whose session began then or later must be computed
    /// again, all others are as they were (a session that ended more than the inactivity gap before the touch cannot
    /// change, and those after it are in order).
    pub fn register(&self, context: &SessionContext) {
        register_lookup(context, "touched_start", self.first.clone());
    }

    /// Condition: the row belongs to a session that must be computed again.
    pub const CHANGED: &'static str =
        "coalesce(cast(session_started_at as bigint) >= touched_start(site_id, visitor_id), false)";
}
