//! A running collector with its broker and registry.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use collector::{Addresses, Config};
use rdkafka::Message;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use schemas::topics;
pub(crate) use testkit::http::{Reply, call, raw, read_reply};
pub(crate) use testkit::registry::Registry;
pub(crate) use testkit::wait::{PATIENCE, eventually};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const KEY: &str = "public-key-1";
pub(crate) const ORIGIN: &str = "https://shop.example";
pub(crate) type Cluster = MockCluster<'static, DefaultProducerContext>;

/// A collector and what it talks to. Dropping it leaves nothing behind but tasks of the test's own runtime.
pub(crate) struct Rig {
    pub at: Addresses,
    pub cluster: Cluster,
    _registry: Registry,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<anyhow::Result<()>>,
}

/// A configuration with one site and free ports, for `bootstrap` and `registry_url`.
pub(crate) fn config(bootstrap: String, registry_url: String) -> Config {
    let text = format!(
        r#"
        listen = "127.0.0.1:0"
        internal_listen = "127.0.0.1:0"
        [[sites]]
        site_id = "shop"
        write_key = "{KEY}"
        allowed_origins = ["{ORIGIN}"]
        [limits]
        drain_timeout_ms = 5000
        [kafka]
        bootstrap = "{bootstrap}"
        startup_timeout_ms = 20000
        [registry]
        url = "{registry_url}"
        startup_timeout_ms = 20000
        "#
    );
    collector::from_toml(&text).expect("a good configuration")
}

impl Rig {
    /// Starts a collector and waits until it is ready.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Rig {
        let cluster = Cluster::new(1).expect("a mock cluster");
        for topic in [topics::EVENTS, topics::REPLAY, topics::DEAD_LETTER] {
            cluster.create_topic(topic, 1, 1).expect("a topic");
        }
        let registry = Registry::start(&[]).await;
        let mut config = config(cluster.bootstrap_servers(), registry.url());
        change(&mut config);
        let (tell, ready) = oneshot::channel();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(collector::run(config, shutdown.clone(), move |at| {
            let _ = tell.send(at);
        }));
        let at = ready.await.expect("the collector starts");
        Rig { at, cluster, _registry: registry, shutdown, task }
    }

    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> Reply {
        self.post_with(&[], body).await
    }

    /// Posts with the key and these headers besides; a header given twice is the caller's.
    pub(crate) async fn post_with(&self, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
        let authorization = format!("Bearer {KEY}");
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend_from_slice(headers);
        call(self.at.public, "POST", "/v1/events", &all, &body.into()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        call(self.at.public, "GET", path, &[], b"").await
    }

    /// The value of a counter or gauge, summed over its labels.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        self.metric_of(name, "").await
    }

    /// The same of one label, such as `listener="public"`.
    pub(crate) async fn metric_of(&self, name: &str, label: &str) -> u64 {
        let text = call(self.at.internal, "GET", "/metrics", &[], b"").await.text();
        let lines = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
        });
        lines.map(|line| line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number") as u64).sum()
    }

    /// All records of a topic, decoded.
    pub(crate) fn records(&self, topic: &str) -> Vec<Value> {
        records(&self.cluster, topic)
    }

    /// From now on Kafka takes records and answers nothing, until [`Rig::let_kafka_answer`].
    pub(crate) fn silence_kafka(&self) {
        self.cluster.broker_round_trip_time(1, PATIENCE).expect("the mock obeys");
    }

    /// What waits for an answer gets it at once.
    pub(crate) fn let_kafka_answer(&self) {
        self.cluster.broker_round_trip_time(1, Duration::ZERO).expect("the mock obeys");
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("no panic").expect("a clean stop");
    }
}

/// All records of a topic, decoded.
pub(crate) fn records(cluster: &Cluster, topic: &str) -> Vec<Value> {
    let schema = match topic {
        topics::EVENTS => topics::EVENTS_AVRO,
        topics::REPLAY => topics::REPLAY_AVRO,
        _ => topics::DEAD_LETTER_AVRO,
    };
    let schema = apache_avro::Schema::parse_str(schema).expect("the bundled schema");
    let reader = GenericDatumReader::builder(&schema).build().expect("a schema without loose ends");
    payloads(&cluster.bootstrap_servers(), topic)
        .iter()
        .map(|payload| {
            reader.read_value(&mut &payload[schemas::avro::FRAME_HEAD_BYTES..]).expect("a record of the schema")
        })
        .collect()
}

/// Reads partition 0 of a topic from its start to its present end.
fn payloads(bootstrap: &str, topic: &str) -> Vec<Vec<u8>> {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", bootstrap).set("group.id", "test").create().expect("a consumer");
    let (_, end) = consumer.fetch_watermarks(topic, 0, PATIENCE).expect("watermarks");
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(topic, 0, Offset::Beginning).expect("an offset");
    consumer.assign(&partitions).expect("an assignment");
    let mut payloads = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while i64::try_from(payloads.len()).expect("few records") < end {
        assert!(Instant::now() < deadline, "{} of {end} records of {topic}", payloads.len());
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            payloads.push(message.payload().expect("a payload").to_vec());
        }
    }
    payloads
}

/// A field of a decoded record; unions are what they hold.
pub(crate) fn field<'a>(record: &'a Value, name: &str) -> &'a Value {
    let Value::Record(fields) = record else { panic!("no record: {record:?}") };
    match &fields.iter().find(|(field, _)| field == name).expect("a field of the schema").1 {
        Value::Union(_, inner) => inner,
        other => other,
    }
}

pub(crate) fn string(record: &Value, name: &str) -> String {
    match field(record, name) {
        Value::String(text) => text.clone(),
        other => panic!("{name} is no string: {other:?}"),
    }
}

pub(crate) fn items<'a>(record: &'a Value, name: &str) -> &'a [Value] {
    match field(record, name) {
        Value::Array(items) => items,
        other => panic!("{name} is no array: {other:?}"),
    }
}

/// A batch around the JSON of its events.
pub(crate) fn batch(events: &[String]) -> String {
    format!(
        r#"{{"batch_id":"01934f5e-7c00-7000-8a00-00000000b000","batch_seq":3,
        "visitor_id":"6f9619ff-8b86-4d01-b42d-00c04fc964ff","tab_id":"01934f5e-6000-7000-8000-0000000000aa",
        "page_view_id":"01934f5e-6001-7000-8000-0000000000bb","sent_at":1795250920115.25,"events":[{}]}}"#,
        events.join(",")
    )
}

pub(crate) fn click(seq: usize) -> String {
    format!(r#"{{"seq":{seq},"type":"click","at":1795250919000.5,"x":44.5,"y":31}}"#)
}

pub(crate) fn unknown(seq: usize) -> String {
    format!(r#"{{"seq":{seq},"type":"mind_reading","at":1795250919000.5}}"#)
}

/// A connection from another address of this machine, 127.0.0.`host`.
pub(crate) async fn connect_from(host: u8, at: SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, host], 0))).expect("an address of this machine");
    socket.connect(at).await.expect("a connection")
}
