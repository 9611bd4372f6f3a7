//! A small seeded load: visitors that post batches as the SDK does, and remember what was answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::Rng;
use serde_json::Value;

use super::traffic::{event_ids, now_ms};
use super::{Outcome, Tab, eventually, http};

/// The SDK's first pause; a test does not wait longer and longer.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How much to send, and how faithfully.
#[derive(Clone, Debug)]
pub(crate) struct PosterOptions {
    pub collector_url: String,
    pub write_key: String,
    pub seed: u64,
    /// Visitors that post at the same time, each from one tab.
    pub visitors: u32,
    /// Between two batches of a visitor.
    pub pause: Duration,
    /// A batch has 1 to so many events.
    pub batch_events_max: u32,
    /// Length of a text in each event, to fill windows quickly; 0 for events as visitors make them.
    pub text_bytes: usize,
    /// One batch in so many is sent once and never again; 0: every batch is sent until it is answered 200.
    pub give_up_one_in: u32,
}

/// Visitors that post until they are told to finish.
pub(crate) struct Poster {
    shared: Arc<Shared>,
    visitors: Vec<JoinHandle<Outcome>>,
}

struct Shared {
    finishing: AtomicBool,
    abandoned: AtomicBool,
    replies: Mutex<Vec<Reply>>,
}

/// One answer, or the lack of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub sent: Instant,
    pub took: Duration,
    /// Length of the body.
    pub bytes: usize,
    /// `None`: the connection failed.
    pub status: Option<u16>,
    pub retry_after: bool,
}

impl Poster {
    pub(crate) fn start(options: &PosterOptions) -> Self {
        let shared = Arc::new(Shared {
            finishing: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            replies: Mutex::default(),
        });
        let visitors = (0..options.visitors)
            .map(|number| {
                let (options, shared) = (options.clone(), Arc::clone(&shared));
                std::thread::spawn(move || visit(&options, &shared, number))
            })
            .collect();
        Self { shared, visitors }
    }

    /// Every answer since the start.
    pub(crate) fn replies(&self) -> Vec<Reply> {
        self.shared.replies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many batches were answered 200.
    pub(crate) fn answered_200(&self) -> usize {
        self.replies().iter().filter(|reply| reply.status == Some(200)).count()
    }

    /// Waits until so many batches are answered 200.
    pub(crate) fn wait_answered(&self, batches: usize, within: Duration) {
        eventually(&format!("{batches} batches answered 200"), within, || match self.answered_200() {
            enough if enough >= batches => Ok(()),
            answered => Err(format!("{answered} batches answered 200")),
        });
    }

    /// Lets every visitor send its last batch until it is answered; panics on an answer that no test expects.
    pub(crate) fn finish(self) -> Outcome {
        let all = self.close();
        assert_eq!(all.problems, Vec::<String>::new(), "answers that were not expected");
        all
    }

    /// The same; answers that no test expects are in the outcome.
    pub(crate) fn close(mut self) -> Outcome {
        self.shared.finishing.store(true, Ordering::Relaxed);
        let mut all = Outcome::default();
        for visitor in self.visitors.drain(..) {
            all.extend(visitor.join().expect("a visitor does not panic"));
        }
        all
    }

    /// Lets every visitor leave without an answer to what is on its way.
    pub(crate) fn abandon(self) -> Outcome {
        self.shared.abandoned.store(true, Ordering::Relaxed);
        self.finish()
    }
}

impl Drop for Poster {
    fn drop(&mut self) {
        self.shared.abandoned.store(true, Ordering::Relaxed);
        self.shared.finishing.store(true, Ordering::Relaxed);
    }
}

/// After `finish` a batch is sent again this long at most: the system has been whole for a while by then.
const FINISH_WAIT: Duration = Duration::from_secs(30);

fn visit(options: &PosterOptions, shared: &Shared, number: u32) -> Outcome {
    let mut tab = Tab::new(options.seed, number);
    let mut outcome = Outcome::default();
    while !shared.finishing.load(Ordering::Relaxed) {
        let events = tab.random.random_range(1..=options.batch_events_max);
        let persistent = options.give_up_one_in == 0 || tab.random.random_range(0..options.give_up_one_in) != 0;
        let batch = tab.batch(events, options.text_bytes, now_ms());
        let answered = send(options, shared, &batch, persistent, &mut outcome.problems);
        let into = if answered { &mut outcome.answered_200 } else { &mut outcome.given_up };
        into.extend(event_ids(&batch));
        std::thread::sleep(options.pause);
    }
    outcome
}

/// Sends the batch, again and again when `persistent`; whether it was answered 200.
fn send(options: &PosterOptions, shared: &Shared, batch: &Value, persistent: bool, problems: &mut Vec<String>) -> bool {
    let (url, body) = (format!("{}/v1/events", options.collector_url), batch.to_string());
    let mut finishing_since = None;
    loop {
        let sent = Instant::now();
        let answer = http::post(&url, Some(&options.write_key), &body);
        let reply = Reply {
            sent,
            took: sent.elapsed(),
            bytes: body.len(),
            status: answer.as_ref().ok().map(|answer| answer.status),
            retry_after: answer.as_ref().is_ok_and(|answer| answer.retry_after.is_some()),
        };
        shared.replies.lock().unwrap_or_else(PoisonError::into_inner).push(reply);
        match answer {
            Ok(answer) if answer.status == 200 => {
                let events = batch["events"].as_array().map_or(0, Vec::len);
                if answer.json()["accepted"].as_u64() != Some(events as u64) {
                    problems.push(format!("200, but not all {events} events were accepted: {}", answer.body));
                }
                return true;
            }
            Ok(answer) if ![429, 502, 503, 504].contains(&answer.status) => {
                problems.push(format!("{}: {}", answer.status, answer.body));
                return false;
            }
            _ if !persistent || shared.abandoned.load(Ordering::Relaxed) => return false,
            _ => {}
        }
        if shared.finishing.load(Ordering::Relaxed) && finishing_since.get_or_insert(sent).elapsed() > FINISH_WAIT {
            problems.push(format!("no 200 within {FINISH_WAIT:?} of a working system; last: {reply:?}"));
            return false;
        }
        std::thread::sleep(RETRY_PAUSE);
    }
}
