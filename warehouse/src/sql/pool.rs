//! A few warm workers, and what each statement goes through on its way to one.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::child::{Worker, slow_down};
use super::protocol::{Order, Watch};
use super::relay::{Last, Outcome, Piece, Reply, nobody_waits, pieces, relay, tell_end};
use super::slots::Slots;
use super::usage::cpu_time;
use super::{Question, Settings};
use crate::limits::{
    ABANDONED_LOOK, LONG_CPU, SHORT_CPU_MAX, SHORT_MAX, SPARE_AFTER, WORKER_IDLE_MAX, WORKERS_IDLE_KEPT, WORKERS_SPARE,
};
use crate::query::{Failure, Scope};
use crate::watch;

/// Workers for the statements of many askers. Must be used within a runtime; dropping it ends every worker.
#[derive(Debug)]
pub struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    slots: Slots,
    workers: Mutex<Workers>,
    /// A worker became idle, or did not start.
    changed: Notify,
    /// Workers that are being ended, and their folders removed.
    ending: TaskTracker,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Workers {
    /// In the order in which they became idle. The last is the next to work: it has read the newest logs.
    idle: Vec<(Instant, Worker)>,
    starting: usize,
    /// Statements that wait for one to start.
    wanted: usize,
    /// Why the newest one did not start, for a statement that waits for it. Nothing is tried again before one asks.
    failure: Option<Failure>,
}

impl Pool {
    /// Starts the first workers in the background. Whoever asks may take them all.
    pub fn start(settings: Settings) -> Self {
        let slots = Slots::of(&settings);
        Self::with(settings, slots)
    }

    /// The same for askers who are told apart: each name may have a share of what runs and waits.
    pub fn start_in_shares(settings: Settings) -> Self {
        let slots = Slots::of(&settings).in_shares();
        Self::with(settings, slots)
    }

    fn with(settings: Settings, slots: Slots) -> Self {
        let inner = Inner {
            settings,
            slots,
            workers: Mutex::default(),
            changed: Notify::new(),
            ending: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let inner = Arc::new(inner);
        inner.replenish();
        Self { inner }
    }

    /// Asks one statement; comes back when its answer begins. A caller that drops the future or the reply ends it, unless
    /// it ends by itself soon.
    pub async fn ask(&self, question: &Question) -> Result<Reply, Failure> {
        self.order(&question.asker, Order::from(&question.ask(&self.inner.settings)?)).await
    }

    /// The same of something of a recording.
    pub async fn watch(&self, wanted: watch::Wanted, scope: Scope, asker: &str) -> Result<Reply, Failure> {
        let cpu_seconds_max = self.inner.settings.cpu_seconds_max();
        self.order(asker, Order::from(&Watch { wanted, scope, cpu_seconds_max })).await
    }

    async fn order(&self, asker: &str, order: Order) -> Result<Reply, Failure> {
        let ticket = self.inner.slots.ticket(asker)?;
        let (sender, receiver) = pieces();
        let inner = self.inner.clone();
        tokio::spawn(async move {
            let end = tokio::select! {
                biased;
                end = inner.run(&order, &sender) => end,
                () = inner.stop.cancelled() => Err(Failure::stopping()),
            };
            drop(ticket);
            tell_end(end, &sender).await;
        });
        Reply::begin(receiver).await
    }

    /// Ends all statements and workers, and returns when they have ended.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.slots.at_rest().await;
        let idle = std::mem::take(&mut self.inner.workers().idle);
        for (_, worker) in idle {
            worker.end().await;
        }
        self.inner.ending.close();
        self.inner.ending.wait().await;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}

impl Inner {
    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole way of a statement, up to the last bytes of its answer. May be dropped anywhere.
    async fn run(self: &Arc<Self>, order: &Order, listener: &Sender<Piece>) -> Result<Last, Failure> {
        let mut slot = while_wanted(listener, self.slots.any()).await?;
        loop {
            let mut worker = while_wanted(listener, self.take()).await?;
            let attended = Attended::new(worker.process(), slot.is_short());
            let outcome = tokio::select! {
                biased;
                outcome = relay(&mut worker, order, self.settings.time, listener, self.attend(&attended)) => outcome,
                () = attended.abandoned(listener) => return Err(nobody_waits()),
            };
            match outcome {
                Outcome::Answered { end, retire } => {
                    if !retire && !attended.slowed.load(Relaxed) {
                        worker.give_back();
                    }
                    return end;
                }
                Outcome::Ended(failure) => return Err(failure),
                Outcome::GaveWay => {}
            }
            drop((worker, slot));
            slot = while_wanted(listener, self.slots.long()).await?;
        }
    }

    /// An idle worker, or the next that becomes one.
    async fn take(self: &Arc<Self>) -> Result<Busy, Failure> {
        loop {
            let changed = self.changed.notified();
            {
                let mut workers = self.workers();
                if let Some((_, worker)) = workers.idle.pop() {
                    return Ok(Busy { worker: Some(worker), pool: self.clone() });
                }
                if let Some(failure) = workers.failure.take() {
                    return Err(failure);
                }
            }
            // Most statements end sooner than a process starts.
            if timeout(SPARE_AFTER, changed).await.is_err() {
                self.start_for_one_more().await;
            }
        }
    }

    /// Waits for a change, with one more worker on its way.
    async fn start_for_one_more(self: &Arc<Self>) {
        let changed = self.changed.notified();
        let _wanted = Wanted::more(self);
        if self.workers().idle.is_empty() {
            self.replenish();
            changed.await;
        }
    }

    /// Looks after the others while a statement runs. Comes back when the statement must give its slot to them.
    async fn attend(self: &Arc<Self>, statement: &Attended) {
        let started = Instant::now();
        loop {
            sleep(SPARE_AFTER).await;
            self.replenish();
            let used = statement.used();
            if used >= LONG_CPU && !statement.slowed.swap(true, Relaxed) {
                slow_down(statement.process);
            }
            if statement.is_short && used >= SHORT_CPU_MAX && started.elapsed() >= SHORT_MAX {
                return;
            }
        }
    }

    /// Starts workers in the background, as many as are missing.
    fn replenish(self: &Arc<Self>) {
        let mut workers = self.workers();
        while workers.idle.len() + workers.starting < WORKERS_SPARE + workers.wanted && !self.stop.is_cancelled() {
            workers.starting += 1;
            tokio::spawn(self.clone().start_one());
        }
    }

    async fn start_one(self: Arc<Self>) {
        let started = tokio::select! {
            started = Worker::start(&self.settings) => started,
            () = self.stop.cancelled() => Err(Failure::stopping()),
        };
        let mut workers = self.workers();
        workers.starting -= 1;
        match started {
            Ok(worker) => {
                workers.failure = None;
                workers.idle.push((Instant::now(), worker));
            }
            Err(failure) => workers.failure = Some(failure),
        }
        drop(workers);
        self.changed.notify_waiters();
    }
}

/// What comes before a statement is at work, while somebody waits for its answer.
async fn while_wanted<T>(
    listener: &Sender<Piece>,
    what: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        got = what => got,
        () = listener.closed() => Err(nobody_waits()),
    }
}

/// A statement at work.
struct Attended {
    process: Option<Pid>,
    /// What its worker had used for others.
    used_before: Duration,
    is_short: bool,
    /// Its worker is of no use to another.
    slowed: AtomicBool,
}

impl Attended {
    fn new(process: Option<Pid>, is_short: bool) -> Self {
        let used_before = process.and_then(cpu_time).unwrap_or_default();
        Self { process, used_before, is_short, slowed: AtomicBool::new(false) }
    }

    /// Processor time.
    fn used(&self) -> Duration {
        self.process.and_then(cpu_time).unwrap_or_default().saturating_sub(self.used_before)
    }

    /// When nobody waits for its answer any more, and it is not a small one that ends by itself: whoever leaves a page that asked
    /// for several would else end as many workers, each of which costs more to start.
    async fn abandoned(&self, listener: &Sender<Piece>) {
        listener.closed().await;
        let left = Instant::now();
        while self.used() < SHORT_CPU_MAX && left.elapsed() < SHORT_MAX {
            sleep(ABANDONED_LOOK).await;
        }
    }
}

/// A statement that waits for a worker to start.
struct Wanted(Arc<Inner>);

impl Wanted {
    fn more(pool: &Arc<Inner>) -> Self {
        pool.workers().wanted += 1;
        Self(pool.clone())
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.workers().wanted -= 1;
    }
}

/// A worker with a statement. Dropped with it, it ends and another takes its place.
struct Busy {
    worker: Option<Worker>,
    pool: Arc<Inner>,
}

impl Busy {
    /// The statement is answered.
    fn give_back(mut self) {
        let now = Instant::now();
        let mut workers = self.pool.workers();
        workers.idle.extend(self.worker.take().map(|worker| (now, worker)));
        let surplus = workers.idle.len().saturating_sub(WORKERS_IDLE_KEPT);
        let ended = workers.idle.iter().take(surplus).take_while(|(since, _)| now - *since > WORKER_IDLE_MAX).count();
        for (_, worker) in workers.idle.drain(..ended) {
            self.pool.ending.spawn(worker.end());
        }
        drop(workers);
        self.pool.changed.notify_waiters();
    }
}

impl Deref for Busy {
    type Target = Worker;

    fn deref(&self) -> &Worker {
        self.worker.as_ref().expect("it is taken only when this is given back or dropped")
    }
}

impl DerefMut for Busy {
    fn deref_mut(&mut self) -> &mut Worker {
        self.worker.as_mut().expect("it is taken only when this is given back or dropped")
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // Without a runtime any more, dropping the worker has to do: that kills it as well.
        if let (Some(worker), Ok(runtime)) = (self.worker.take(), Handle::try_current()) {
            self.pool.ending.spawn_on(worker.end(), &runtime);
            self.pool.replenish();
        }
    }
}
