//! The attackers: each row of what has once stopped the pipeline, as something that is done again and again.
//!
//! All of it is bounded: in number, in memory, to loopback.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::Rng;
use serde_json::{Value, json};

use super::broker;
use super::peers;
use super::system::{Outcome, Standalone, Tab, event_ids, now_ms, post};

/// Attacks whose name holds one of these words, separated by commas, are left out: to see the others alone.
const WITHOUT_VARIABLE: &str = "SOAK_WITHOUT";
/// An attack waits in pieces of this length, so that a stop is quick.
const PIECE: Duration = Duration::from_millis(100);
const SEED: u64 = 666;

/// Where the attackers aim.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub collector_url: String,
    pub studio_url: String,
    pub kafka: String,
    pub write_key: String,
}

/// How often an attack was made, by what came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

/// What all attacks came to.
pub(crate) struct Attacked {
    pub tallies: BTreeMap<&'static str, Tally>,
    /// Their events too are legal ones, for the most part, and stand in the books.
    pub outcome: Outcome,
}

/// Running attackers; they end when this is stopped.
pub(crate) struct Attacks {
    stop: Arc<AtomicBool>,
    attackers: Vec<(&'static str, JoinHandle<(Tally, Outcome)>)>,
}

/// What an attacker has: a tab of its own, the books of its events, and whether to stop.
pub(crate) struct Attacker {
    pub target: Target,
    pub tab: Tab,
    pub outcome: Outcome,
    pub stop: Arc<AtomicBool>,
}

impl Target {
    pub(crate) fn of(system: &Standalone) -> Self {
        Self {
            collector_url: system.address("collector_url"),
            studio_url: system.address("studio_url"),
            kafka: system.address("kafka_bootstrap"),
            write_key: system.address("write_key"),
        }
    }

    /// `host:port` of the collector.
    pub(crate) fn collector(&self) -> String {
        self.collector_url.trim_start_matches("http://").to_owned()
    }
}

type Act = fn(&mut Attacker) -> String;

/// Name, pause between two tries, and the try.
const ATTACKS: [(&str, Duration, Act); 11] = [
    ("hostile texts", Duration::from_millis(500), hostile_texts),
    ("shared texts", Duration::from_secs(5), shared_texts),
    ("empty batches", Duration::from_secs(1), empty_batch),
    ("SQL that nothing interrupts", Duration::from_secs(2), |attacker| sql(attacker, &ENDLESS)),
    ("SQL that aborts", Duration::from_secs(2), |attacker| sql(attacker, &DEADLY)),
    ("slow bodies", Duration::from_millis(500), peers::slow_bodies),
    ("peers that do not read", Duration::from_millis(500), peers::never_read),
    ("CONNECT", Duration::from_millis(200), peers::connect),
    ("poison records", Duration::from_secs(1), broker::poison),
    ("records of a far future", Duration::from_secs(10), broker::far_future),
    ("requests that kill the log", Duration::from_secs(20), broker::kill_log),
];

impl Attacks {
    pub(crate) fn start(target: &Target) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let without = std::env::var(WITHOUT_VARIABLE).unwrap_or_default();
        let wanted = |name: &str| !without.split(',').any(|word| !word.is_empty() && name.contains(word));
        let chosen = ATTACKS.iter().zip(0..).filter(|((name, _, _), _)| wanted(name));
        let attackers = chosen.map(|((name, pause, act), number)| {
            let mut attacker = Attacker {
                target: target.clone(),
                tab: Tab::new(SEED, number),
                outcome: Outcome::default(),
                stop: Arc::clone(&stop),
            };
            let attack = move || {
                let mut tally = Tally::default();
                while !attacker.stopping() {
                    *tally.0.entry(act(&mut attacker)).or_default() += 1;
                    attacker.wait(*pause);
                }
                (tally, attacker.outcome)
            };
            (*name, std::thread::spawn(attack))
        });
        Self { attackers: attackers.collect(), stop: Arc::clone(&stop) }
    }

    pub(crate) fn stop(self) -> Attacked {
        self.stop.store(true, Ordering::Relaxed);
        let mut attacked = Attacked { tallies: BTreeMap::new(), outcome: Outcome::default() };
        for (name, attacker) in self.attackers {
            let (tally, outcome) = attacker.join().unwrap_or_else(|_| panic!("the attacker with {name} panicked"));
            attacked.tallies.insert(name, tally);
            attacked.outcome.extend(outcome);
        }
        attacked
    }
}

impl Attacker {
    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits so long, or until the end.
    pub(crate) fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.stopping() && Instant::now() < until {
            std::thread::sleep(PIECE.min(time));
        }
    }

    /// Sends a batch once, and notes in the books what became of it.
    fn send(&mut self, batch: &Value) -> String {
        let url = format!("{}/v1/events", self.target.collector_url);
        let answer = post(&url, Some(&self.target.write_key), &batch.to_string());
        let accepted = answer.as_ref().is_ok_and(|answer| answer.status == 200);
        let book = if accepted { &mut self.outcome.answered_200 } else { &mut self.outcome.given_up };
        book.extend(event_ids(batch));
        answer.map_or_else(|_| "no answer".to_owned(), |answer| answer.status.to_string())
    }
}

/// Texts that look like addresses and tokens everywhere.
fn hostile_texts(attacker: &mut Attacker) -> String {
    let text = format!("{}{}", "a@b.cc:".repeat(50), "eyJ".repeat(2_590));
    let events = (0..10).map(|_| {
        let click = attacker.tab.click(now_ms());
        json!({"seq": click["seq"], "type": "error", "at": click["at"], "error": {"message": text, "source": "/app.js"}})
    });
    let events = events.collect();
    let batch = attacker.tab.batch_of(events);
    attacker.send(&batch)
}

/// A thousand small events that share long texts.
fn shared_texts(attacker: &mut Attacker) -> String {
    let mut text = || -> String {
        let letters = (0..7_900).map(|_| char::from(attacker.tab.random.random_range(b'a'..=b'z')));
        letters.collect()
    };
    let page = json!({"url": format!("https://shop.example/{}", text()), "referrer": format!("https://other.example/{}", text()),
                      "title": text(), "viewport": [1280, 720], "language": text(), "timezone": text()});
    let identity = json!({"user_id": text(), "ga_client_id": text(), "ga_session_id": text(), "adobe_ecid": text()});
    let events = (0..1_000).map(|_| {
        let click = attacker.tab.click(now_ms());
        json!({"seq": click["seq"], "type": "heartbeat", "at": click["at"]})
    });
    let events = events.collect();
    let mut batch = attacker.tab.batch_of(events);
    batch["page"] = page;
    batch["identity"] = identity;
    attacker.send(&batch)
}

fn empty_batch(attacker: &mut Attacker) -> String {
    let batch = attacker.tab.batch_of(Vec::new());
    attacker.send(&batch)
}

/// Work that no time limit inside of the engine ends.
const ENDLESS: [&str; 3] = [
    "select levenshtein(repeat('a',16000000),repeat('b',16000000))",
    "select cardinality(generate_series(1,300000000))",
    "select count(*) from generate_series(1,3000000) a, generate_series(1,3000000) b where a.value % 7 = b.value % 5",
];
/// Work that ends the process it runs in.
const DEADLY: [&str; 3] = [
    "select arrow_cast(null,'FixedSizeBinary(2000000000)') x, value from generate_series(1,100000) order by value desc",
    "select repeat(repeat('x', 1000000), 1000)",
    "SHIFTS",
];

fn sql(attacker: &mut Attacker, statements: &[&str]) -> String {
    let statement = match statements[attacker.tab.random.random_range(0..statements.len())] {
        "SHIFTS" => format!("select 1{}", "<<1".repeat(20_000)),
        statement => statement.to_owned(),
    };
    let url = format!("{}/api/v1/sql", attacker.target.studio_url);
    let answer = post(&url, None, &json!({ "sql": statement }).to_string());
    match answer {
        Ok(answer) => {
            let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            format!("{} {}", answer.status, body["code"].as_str().unwrap_or_default()).trim_end().to_owned()
        }
        Err(_) => "no answer".to_owned(),
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(|(answer, times)| format!("{times} × {answer}")).collect();
        out.write_str(&parts.join(", "))
    }
}
