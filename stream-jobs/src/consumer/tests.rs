//! A whole worker on librdkafka's mock broker, a registry over HTTP and a store in memory that fails on command.
//! SIGKILL is played by dropping the worker's future: it holds no state outside of the chain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use landing::{Chain, Store, check_chain};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use schemas::landing::Link;
use schemas::topics::{DEAD_LETTER, EVENTS, EVENTS_AVRO, REPLAY, REPLAY_AVRO};
use testkit::registry::Registry;
use testkit::store::{Fault, FaultyStore};
use testkit::wait::{PATIENCE, eventually};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, GroupProtocol};
use crate::content::Content;
use crate::metrics::Metrics;
use crate::run::parts;
use crate::testing::{RECEIVED_AT, REPLAY_SCHEMA_ID, SCHEMA_ID, asset, batch, chunk, clicks, frame, replay_record};

/// (tab, seq) to (session, offset, time).
type Rows = BTreeMap<(String, i64), (String, i64, i64)>;

/// Broker, registry and the true store of one test.
struct Bench {
    // Dropped last: the clients talk to it.
    producer: FutureProducer,
    registry: Registry,
    store: Arc<dyn ObjectStore>,
    partitions: i32,
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Bench {
    async fn new(partitions: i32) -> Self {
        // RUST_LOG shows what the workers say; several tests share the subscriber.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(EVENTS, partitions, 1).unwrap();
        cluster.create_topic(REPLAY, partitions, 1).unwrap();
        cluster.create_topic(DEAD_LETTER, 1, 1).unwrap();
        let producer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
        Self {
            producer,
            registry: Registry::start(&[(SCHEMA_ID, EVENTS_AVRO), (REPLAY_SCHEMA_ID, REPLAY_AVRO)]).await,
            store: Arc::new(InMemory::new()),
            partitions,
            cluster,
        }
    }

    fn config(&self) -> Config {
        Config {
            brokers: self.cluster.bootstrap_servers(),
            registry: self.registry.url(),
            store: "memory".into(),
            flush_interval_ms: 40,
            snapshot_every_links: 4,
            // The mock broker's KIP-848 has a fixed assignment.
            group_protocol: GroupProtocol::Classic,
            // The mock broker waits that long for members at every rebalance.
            kafka: [("session.timeout.ms", "3000"), ("heartbeat.interval.ms", "500")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Config::default()
        }
    }

    async fn produce(&self, partition: i32, payload: &[u8]) {
        self.produce_to(EVENTS, partition, payload).await;
    }

    async fn produce_to(&self, topic: &str, partition: i32, payload: &[u8]) {
        let record =
            FutureRecord::<(), _>::to(topic).partition(partition).payload(payload).timestamp(RECEIVED_AT as i64);
        self.producer.send(record, PATIENCE).await.unwrap();
    }

    /// Works on `store` until `stop` is ready; then the worker is gone, as by SIGKILL.
    async fn work_until(&self, store: Arc<dyn ObjectStore>, stop: impl Future<Output = ()>) {
        self.count_until(store, Metrics::default(), stop).await;
    }

    /// The same with the worker's counters.
    async fn count_until(&self, store: Arc<dyn ObjectStore>, metrics: Metrics, stop: impl Future<Output = ()>) {
        self.run_until(&self.config(), store, metrics, stop).await;
    }

    async fn run_until(
        &self,
        config: &Config,
        store: Arc<dyn ObjectStore>,
        metrics: Metrics,
        stop: impl Future<Output = ()>,
    ) {
        let parts = parts(config, Content::events(config), lake(store), metrics).unwrap();
        tokio::select! {
            ended = super::run(config, parts, CancellationToken::new()) => panic!("the worker ended: {ended:?}"),
            () = stop => {}
        }
    }

    fn chain(&self, partition: i32) -> Chain {
        Chain::new(lake(self.store.clone()).objects().clone(), EVENTS, partition)
    }

    /// Produces records of a visitor, each when the one a few before it is landed: so there are many links.
    async fn produce_slowly(&self, partition: i32, numbers: std::ops::Range<i64>) {
        for number in numbers {
            self.produce(partition, &record(partition as u64 + 1, number)).await;
            if number >= AHEAD_RECORDS {
                self.landed(partition, number - AHEAD_RECORDS).await;
            }
        }
    }

    /// Ready when the partition's chain ends at `end`.
    async fn landed(&self, partition: i32, end: i64) {
        self.landed_of(self.chain(partition), end).await;
    }

    async fn landed_of(&self, chain: Chain, end: i64) {
        let partition = chain.partition();
        let began = Instant::now();
        loop {
            let tail = chain.load_tail(None).await.unwrap();
            if tail.as_ref().is_some_and(|tail| tail.end >= end) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{partition} is not landed up to {end}: {tail:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The chain of a partition, which must be whole.
    async fn links(&self, partition: i32) -> Vec<Link> {
        self.links_of(self.chain(partition)).await
    }

    async fn links_of(&self, chain: Chain) -> Vec<Link> {
        let partition = chain.partition();
        let mut links = Vec::new();
        for start in chain.starts_from(0).await.unwrap() {
            links.push(chain.read_link(start).await.unwrap().unwrap());
        }
        assert_eq!(check_chain(&links), [], "partition {partition}");
        links
    }

    /// All rows that links name, but the duplicates: (tab, seq) to session and offset.
    async fn rows(&self) -> Rows {
        let mut rows = BTreeMap::new();
        for partition in 0..self.partitions {
            for link in self.links(partition).await {
                for file in &link.files {
                    let path = Path::from(format!("lake/{}", file.path));
                    let bytes = self.store.get(&path).await.unwrap().bytes().await.unwrap();
                    assert_eq!(bytes.len() as u64, file.bytes);
                    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
                    for batch in reader {
                        let batch = batch.unwrap();
                        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
                        let int = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
                        let (tabs, sessions, seqs, offsets) =
                            (text("tab_id"), text("session_id"), int("seq"), int("kafka_offset"));
                        let duplicate = batch.column_by_name("duplicate").unwrap().as_boolean().clone();
                        let times = batch.column_by_name("occurred_at").unwrap();
                        let times = times.as_primitive::<TimestampMicrosecondType>();
                        for row in 0..batch.num_rows() {
                            assert!((link.start..=link.end).contains(&offsets.value(row)));
                            if duplicate.value(row) {
                                continue;
                            }
                            let key = (tabs.value(row).to_owned(), seqs.value(row));
                            let value = (sessions.value(row).to_owned(), offsets.value(row), times.value(row));
                            assert!(rows.insert(key.clone(), value).is_none(), "{key:?} stands twice");
                        }
                    }
                }
            }
        }
        rows
    }
    /// Offset and code of so many dead letters.
    fn dead_letters(&self, count: usize) -> Vec<(i64, String)> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.cluster.bootstrap_servers())
            .set("group.id", "test")
            .create()
            .unwrap();
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_offset(DEAD_LETTER, 0, rdkafka::Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let mut letters = Vec::new();
        let began = Instant::now();
        while letters.len() < count && began.elapsed() < PATIENCE {
            let Some(letter) = consumer.poll(Duration::from_millis(100)) else { continue };
            let letter = letter.unwrap();
            let payload = letter.payload().unwrap();
            let schema = apache_avro::Schema::parse_str(schemas::topics::DEAD_LETTER_AVRO).unwrap();
            let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
            let value = reader.read_value(&mut &payload[5..]).unwrap();
            let apache_avro::types::Value::Record(fields) = value else { panic!("no record") };
            let field = |name: &str| fields.iter().find(|field| field.0 == name).unwrap().1.clone();
            let apache_avro::types::Value::Union(_, offset) = field("offset") else { panic!("no offset") };
            let apache_avro::types::Value::Long(offset) = *offset else { panic!("no offset") };
            let apache_avro::types::Value::String(code) = field("code") else { panic!("no code") };
            letters.push((offset, code));
        }
        letters.sort();
        letters
    }
}

/// The folder `lake` of a bucket.
fn lake(bucket: Arc<dyn ObjectStore>) -> Store {
    Store::new("memory:///lake/".parse().unwrap(), bucket).unwrap()
}

/// Record `number` of a visitor: three clicks, the last of the record before repeated.
fn record(visitor: u64, number: i64) -> Vec<u8> {
    frame(&batch(visitor, clicks((number * 2).max(1) - 1..number * 2 + 2)))
}

/// A future that is ready when told so, and a plan that tells at the PUT that `when` names.
fn fault_at(
    when: impl Fn(usize, &str) -> bool + Send + 'static,
    fault: Fault,
) -> (Arc<Notify>, impl FnMut(usize, &str) -> Fault + Send) {
    let reached = Arc::new(Notify::new());
    let notify = reached.clone();
    let plan = move |put: usize, key: &str| {
        if when(put, key) {
            notify.notify_one();
            fault
        } else {
            Fault::None
        }
    };
    (reached, plan)
}

const RECORDS: i64 = 24;
/// How many records are produced before the first of them is landed.
const AHEAD_RECORDS: i64 = 4;

/// What an undisturbed worker lands.
async fn undisturbed() -> Rows {
    let bench = Bench::new(1).await;
    for number in 0..RECORDS {
        bench.produce(0, &record(1, number)).await;
    }
    bench.work_until(bench.store.clone(), bench.landed(0, RECORDS - 1)).await;
    bench.rows().await
}

/// Kills the first worker at a PUT, lets a second one finish, and gives what was landed.
async fn killed_at(step: &'static str, occurrence: usize, fault: Fault) -> Rows {
    let bench = Bench::new(1).await;
    let count = std::sync::atomic::AtomicUsize::new(0);
    let (reached, plan) = fault_at(
        move |_, key| key.contains(step) && count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == occurrence,
        fault,
    );
    let faulty = FaultyStore::new(bench.store.clone(), plan);
    // A few records at a time, each few a link, so that the step is reached however slow the machine is.
    let killed = CancellationToken::new();
    let produce = async {
        for number in 0..RECORDS {
            bench.produce(0, &record(1, number)).await;
            if number % 4 == 3 {
                tokio::select! {
                    () = bench.landed(0, number) => {}
                    () = killed.cancelled() => {}
                }
            }
        }
    };
    let first = async {
        bench.work_until(faulty, reached.notified()).await;
        killed.cancel();
    };
    tokio::join!(produce, first);
    bench.work_until(bench.store.clone(), bench.landed(0, RECORDS - 1)).await;
    bench.rows().await
}

#[tokio::test]
async fn killed_at_any_step_nothing_is_lost_doubled_or_put_into_another_session() {
    let expected = undisturbed().await;
    assert_eq!(expected.len() as i64, RECORDS * 2);
    let cases = [("/data/", 0), ("/data/", 2), ("/state/", 0), ("/state/", 1), ("/commits/", 0), ("/commits/", 2)]
        .into_iter()
        .flat_map(|(step, occurrence)| {
            [Fault::Hang, Fault::HangAfter]
                .map(move |fault| async move { (step, occurrence, fault, killed_at(step, occurrence, fault).await) })
        });
    for (step, occurrence, fault, got) in futures::future::join_all(cases).await {
        assert_eq!(got, expected, "{fault:?} at {step} {occurrence}");
    }
}

#[tokio::test]
async fn a_store_that_fails_now_and_then_loses_nothing() {
    let bench = Bench::new(1).await;
    let faulty = FaultyStore::new(bench.store.clone(), move |put, key| match put * 2_654_435_761 % 7 {
        0 => Fault::Before,
        1 => Fault::LostAnswer,
        2 if key.contains("/commits/") => Fault::AlreadyThere,
        _ => Fault::None,
    });
    let all = async {
        bench.produce_slowly(0, 0..RECORDS).await;
        bench.landed(0, RECORDS - 1).await;
    };
    bench.work_until(faulty, all).await;
    assert_eq!(bench.rows().await.len() as i64, RECORDS * 2);
}

#[tokio::test]
async fn a_zombie_is_fenced_and_goes_on_from_the_winners_chain() {
    let bench = Bench::new(1).await;
    bench.produce(0, &record(1, 0)).await;
    // Another worker's link appears just before the first one's.
    let winner = bench.chain(0);
    let theirs = Link { writer: uuid::Uuid::now_v7(), ..testkit::link::link(EVENTS, 0, 0, 0..=0) };
    winner.commit(&theirs).await.unwrap();
    let hidden = FaultyStore::hiding_first_list(bench.store.clone());
    let metrics = Metrics::default();
    let fenced_then_goes_on = async {
        eventually("it is fenced", async || (metrics.fenced.get() == 1).then_some(())).await;
        bench.produce(0, &record(2, 0)).await;
        bench.landed(0, 1).await;
    };
    bench.count_until(hidden, metrics.clone(), fenced_then_goes_on).await;
    let links = bench.links(0).await;
    assert_eq!(links[0], theirs, "the winner's link is untouched");
    assert_eq!((links[1].start, links[1].sequence), (1, 1));
    assert!(bench.rows().await.keys().all(|(tab, _)| tab.ends_with('2')), "the zombie's rows are in no link");
}

#[tokio::test]
async fn poison_goes_to_the_dead_letters_and_the_partition_goes_on() {
    let bench = Bench::new(1).await;
    let mut unknown = record(1, 0);
    unknown[4] = 99;
    for payload in [record(1, 0), b"\x05poison".to_vec(), unknown, record(1, 1)[..40].to_vec(), record(1, 1)] {
        bench.produce(0, &payload).await;
    }
    bench.work_until(bench.store.clone(), bench.landed(0, 4)).await;
    assert_eq!(bench.rows().await.len(), 4);
    let rejected: u64 = bench.links(0).await.iter().map(|link| link.counts.rejected).sum();
    assert_eq!(rejected, 3);

    let expected = [(1, "bad_magic"), (2, "unknown_schema_id"), (3, "bad_avro")];
    assert_eq!(bench.dead_letters(3), expected.map(|(offset, code)| (offset, code.to_owned())));
}

#[tokio::test]
async fn more_poison_than_the_producer_holds_is_delivered_once_and_the_partition_goes_on() {
    const POISON: i64 = 300;
    let bench = Bench::new(1).await;
    for _ in 0..POISON {
        bench.produce(0, b"x").await;
    }
    let mut config = Config { flush_interval_ms: 2_000, ..bench.config() };
    config.kafka.insert("queue.buffering.max.messages".into(), "100".into());
    bench.run_until(&config, bench.store.clone(), Metrics::default(), bench.landed(0, POISON - 1)).await;
    let offsets: Vec<i64> = bench.dead_letters(POISON as usize).into_iter().map(|(offset, _)| offset).collect();
    assert_eq!(offsets, (0..POISON).collect::<Vec<_>>());
}

#[tokio::test]
async fn frames_of_recordings_land_one_row_each_and_what_they_may_not_say_is_a_dead_letter() {
    let bench = Bench::new(1).await;
    let mut cut = replay_record(&chunk(1), b"payload");
    cut.truncate(60);
    // Decodes, and is of a page view that no recorder names.
    let mut forged = replay_record(&chunk(1), b"payload");
    let (version, rest) = (b"-7000-8000-0000000000bb", b"-4000-8000-0000000000bb");
    let place = forged.windows(version.len()).position(|bytes| bytes == version).unwrap();
    forged[place..place + rest.len()].copy_from_slice(rest);
    for record in [replay_record(&chunk(0), b"first"), replay_record(&asset(), b"a{}"), cut, forged] {
        bench.produce_to(REPLAY, 0, &record).await;
    }
    let config = bench.config().of_replay().unwrap();
    let chain = || Chain::new(lake(bench.store.clone()).objects().clone(), REPLAY, 0);
    let work = async |end| {
        let parts = parts(&config, Content::replay(), lake(bench.store.clone()), Metrics::default()).unwrap();
        tokio::select! {
            ended = super::run(&config, parts, CancellationToken::new()) => panic!("the worker ended: {ended:?}"),
            () = bench.landed_of(chain(), end) => {}
        }
    };
    work(3).await;
    // Another worker goes on where the chain ends.
    bench.produce_to(REPLAY, 0, &replay_record(&chunk(1), b"second")).await;
    work(4).await;

    let links = bench.links_of(chain()).await;
    let sum = |of: fn(&Link) -> u64| links.iter().map(of).sum::<u64>();
    let counted = (sum(|link| link.counts.records), sum(|link| link.counts.events), sum(|link| link.counts.rejected));
    assert_eq!(counted, (5, 3, 2));
    assert!(links.iter().all(|link| link.state.is_empty() && link.watermark.is_none()), "there are no sessions");
    let mut found = Vec::new();
    for file in links.iter().flat_map(|link| &link.files) {
        let bytes = bench.store.get(&Path::from(format!("lake/{}", file.path))).await.unwrap().bytes().await.unwrap();
        for rows in ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap() {
            let rows = rows.unwrap();
            let (kinds, payloads) = (rows["kind"].as_string::<i32>(), rows["payload"].as_binary::<i32>());
            found.extend((0..rows.num_rows()).map(|row| (kinds.value(row).to_owned(), payloads.value(row).to_vec())));
        }
    }
    let expected = [("snapshot", &b"first"[..]), ("asset", b"a{}"), ("mutations", b"second")];
    assert_eq!(found, expected.map(|(kind, payload)| (kind.to_owned(), payload.to_vec())));
    let expected = [(2, "bad_avro"), (3, "invalid_frame")];
    assert_eq!(bench.dead_letters(2), expected.map(|(offset, code)| (offset, code.to_owned())));
}

#[tokio::test]
async fn two_workers_share_and_hand_over_without_loss() {
    const STEP_RECORDS: i64 = 12;
    let bench = Bench::new(3).await;
    let (killed, count, produced) = (CancellationToken::new(), Metrics::default(), std::cell::Cell::new(0));
    let all = async {
        // There is work while the second one comes, works and is gone, and a step more.
        let mut is_last = false;
        while !is_last {
            is_last = killed.is_cancelled();
            let numbers = produced.get()..produced.get() + STEP_RECORDS;
            produced.set(numbers.end);
            futures::future::join_all((0..3).map(|partition| bench.produce_slowly(partition, numbers.clone()))).await;
        }
        for partition in 0..3 {
            bench.landed(partition, produced.get() - 1).await;
        }
    };
    let second = async {
        bench.landed(0, 0).await;
        let works = eventually("the second one works", async || (count.links.get() >= 3).then_some(()));
        bench.count_until(bench.store.clone(), count.clone(), works).await;
        killed.cancel();
    };
    tokio::join!(second, bench.work_until(bench.store.clone(), all));
    assert_eq!(bench.rows().await.len() as i64, 3 * produced.get() * 2);
}

#[tokio::test]
async fn a_partition_that_was_paused_when_it_was_given_back_is_read_again_when_it_returns() {
    let bench = Bench::new(2).await;
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = broken.clone();
    let store = FaultyStore::new(bench.store.clone(), move |_, _| match is_broken.load(Ordering::Relaxed) {
        true => Fault::Before,
        false => Fault::None,
    });
    let metrics = Metrics::default();
    let failures = metrics.flush_failures.with_label_values(&["store"]);
    let both_return = async {
        futures::future::join_all([0, 1].map(|partition| bench.produce_slowly(partition, 0..2))).await;
        eventually("writing fails", async || (failures.get() >= 2).then_some(())).await;
        // Another member takes one of the two partitions, reads nothing and leaves.
        let config = bench.config();
        let mut member = ClientConfig::new();
        member.set("bootstrap.servers", &config.brokers).set("group.id", &config.group);
        config.kafka.iter().for_each(|(key, value)| _ = member.set(key, value));
        let member: BaseConsumer = member.create().unwrap();
        member.subscribe(&[EVENTS]).unwrap();
        let shares = || member.poll(Duration::ZERO).is_none() && member.assignment().unwrap().count() == 1;
        eventually("it has one", async || shares().then_some(())).await;
        broken.store(false, Ordering::Relaxed);
        tokio::task::spawn_blocking(move || drop(member)).await.unwrap();
        for partition in [0, 1] {
            bench.landed(partition, 1).await;
        }
    };
    bench.count_until(store, metrics.clone(), both_return).await;
    assert_eq!(bench.rows().await.len(), 2 * 2 * 2);
}

#[tokio::test]
async fn the_whole_process_lands_in_a_folder() {
    let bench = Bench::new(1).await;
    let folder = tempfile::tempdir().unwrap();
    bench.produce(0, &record(1, 0)).await;
    let store = Store::open(&format!("file://{}", folder.path().display())).unwrap();
    let config = Config {
        store: format!("file://{}", folder.path().display()),
        internal_address: ([127, 0, 0, 1], 0).into(),
        ..bench.config()
    };
    let bound = crate::bind(config).await.unwrap();
    assert_ne!(bound.internal_addr().port(), 0);
    let shutdown = CancellationToken::new();
    let chain = Chain::new(store.objects().clone(), EVENTS, 0);
    let landed = async {
        let began = Instant::now();
        while chain.load_tail(None).await.unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "nothing is landed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        shutdown.cancel();
    };
    let (ended, ()) = tokio::join!(bound.serve(shutdown.clone()), landed);
    ended.unwrap();
}

#[tokio::test]
async fn what_is_missing_at_start_is_said_in_one_line_each() {
    let bench = Bench::new(1).await;
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        store: format!("file://{}", folder.path().display()),
        internal_address: ([127, 0, 0, 1], 0).into(),
        startup_timeout_ms: 1,
        topic: "no.such.topic".into(),
        registry: "http://127.0.0.1:9".into(),
        ..bench.config()
    };
    let error = crate::run(config, CancellationToken::new()).await.unwrap_err().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.contains("the topic no.such.topic does not exist"), "{error}");
    assert!(error.contains("http://127.0.0.1:9 cannot be reached"), "{error}");
}

#[tokio::test]
async fn a_store_that_lets_a_key_be_created_twice_is_refused() {
    let bench = Bench::new(1).await;
    let store = lake(FaultyStore::careless(bench.store.clone()));
    let config = Config { startup_timeout_ms: 1, ..bench.config() };
    let parts = parts(&config, Content::events(&config), store, Metrics::default()).unwrap();
    let error = crate::checks::run(&config, &parts).await.unwrap_err().to_string();
    assert!(error.contains("does not honour create-only PUTs"), "{error}");
}

#[tokio::test]
async fn a_clean_end_flushes_everything() {
    let bench = Bench::new(1).await;
    let config = Config { flush_interval_ms: 3_600_000, ..bench.config() };
    for number in 0..RECORDS {
        bench.produce(0, &record(1, number)).await;
    }
    let shutdown = CancellationToken::new();
    let metrics = Metrics::default();
    let parts = parts(&config, Content::events(&config), lake(bench.store.clone()), metrics.clone()).unwrap();
    let stop = async {
        let began = Instant::now();
        let buffered = || metrics.visitors.with_label_values(&["0"]).get() > 0;
        while !buffered() && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(bench.chain(0).load_tail(None).await.unwrap().is_none());
        shutdown.cancel();
    };
    let (ended, ()) = tokio::join!(super::run(&config, parts, shutdown.clone()), stop);
    ended.unwrap();
    let links = bench.links(0).await;
    assert_eq!((links.len(), links[0].end), (1, RECORDS - 1));
    assert_eq!(links[0].counts.events, bench.rows().await.len() as u64 + links[0].counts.duplicates);
}
