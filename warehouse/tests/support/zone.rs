//! A landing zone for tests: writes data files and links as a stream job would, sessions included.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use schemas::landing::{DataFile, Link, LinkCounts, data_key, event_fields, link_key};
use schemas::session::{continues, session_id};
use schemas::topics::EVENTS;
use tempfile::TempDir;
use uuid::Uuid;
use warehouse::{Lake, Resources, Store};
use xxhash_rust::xxh3::xxh3_64;

pub(crate) const SITE: &str = "shop";
/// 2026-11-20T12:00:00Z, in microseconds.
pub(crate) const NOON: i64 = 1_795_176_000_000_000;
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub visitor: String,
    pub tab: String,
    pub seq: i64,
    pub kind: String,
    pub at: i64,
    pub duplicate: bool,
    /// Further columns of text.
    pub texts: Vec<(String, String)>,
    /// Further columns of numbers, whole or not.
    pub numbers: Vec<(String, f64)>,
    /// Its trail, if it matters: columns of lists.
    pub lists: Vec<(String, Vec<f64>)>,
    /// Number of its batch; by default that of the link.
    pub batch: Option<i64>,
    /// What all texts of its page and its person hold; shared by events that hold the same one.
    pub context: Option<Arc<str>>,
}

impl Event {
    pub(crate) fn with(mut self, texts: &[(&str, &str)]) -> Self {
        self.texts = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        self
    }

    pub(crate) fn with_numbers(mut self, numbers: &[(&str, f64)]) -> Self {
        self.numbers = numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
        self
    }

    /// Another site's than [`SITE`], where its texts say so.
    fn site(&self) -> &str {
        self.text("site_id").unwrap_or(SITE)
    }

    fn number(&self, column: &str) -> Option<f64> {
        self.numbers.iter().find(|(name, _)| *name == column).map(|(_, value)| *value)
    }

    fn text(&self, column: &str) -> Option<&str> {
        self.texts.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_str())
    }

    pub(crate) fn repeated(mut self) -> Self {
        self.duplicate = true;
        self
    }

    pub(crate) fn in_batch(mut self, batch: i64) -> Self {
        self.batch = Some(batch);
        self
    }

    pub(crate) fn with_seq(mut self, seq: i64) -> Self {
        self.seq = seq;
        self
    }
}

/// One tab that counts its events.
pub(crate) struct Tab {
    visitor: String,
    tab: String,
    seq: i64,
}

impl Tab {
    pub(crate) fn new(visitor: &str, tab: &str) -> Self {
        Self { visitor: visitor.into(), tab: tab.into(), seq: 0 }
    }

    pub(crate) fn event(&mut self, kind: &str, at: i64) -> Event {
        let seq = self.seq;
        self.seq += 1;
        Event {
            visitor: self.visitor.clone(),
            tab: self.tab.clone(),
            seq,
            kind: kind.to_owned(),
            at,
            duplicate: false,
            texts: Vec::new(),
            numbers: Vec::new(),
            lists: Vec::new(),
            batch: None,
            context: None,
        }
    }

    /// An event that never arrived.
    pub(crate) fn lose(&mut self) {
        self.seq += 1;
    }
}

/// Texts of a package's shared context.
const CONTEXT_COLUMNS: [&str; 10] = [
    "page_url",
    "page_title",
    "page_language",
    "page_timezone",
    "referrer_url",
    "utm_source",
    "user_id",
    "ga_client_id",
    "ga_session_id",
    "adobe_ecid",
];

/// A store in a temporary folder, with one partition unless a test lands in others.
pub(crate) struct Landing {
    folder: TempDir,
    partition: i32,
    /// Next offset and sequence of the partitions that are not the one at hand.
    others: HashMap<i32, (i64, u64)>,
    next_offset: i64,
    sequence: u64,
    incarnation: u32,
    batch: i64,
    /// Open session of each visitor: start and newest event.
    open: HashMap<String, (i64, i64)>,
}

impl Landing {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (others, open) = (HashMap::new(), HashMap::new());
        Self { folder, partition: 0, others, next_offset: 100, sequence: 0, incarnation: 0, batch: 0, open }
    }

    /// Goes on in a store that others wrote.
    pub(crate) fn of(folder: TempDir) -> Self {
        let mut landing = Self { folder, ..Self::new() };
        let links = landing.path().join("landing/commits").join(EVENTS).join("0");
        let last = std::fs::read_dir(links).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        let last: Link = serde_json::from_slice(&std::fs::read(last).unwrap()).unwrap();
        landing.next_offset = last.end + 1;
        landing.sequence = last.sequence + 1;
        landing.incarnation = last.incarnation;
        landing
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> String {
        url::Url::from_directory_path(self.path()).unwrap().to_string()
    }

    pub(crate) fn lake(&self) -> Arc<Lake> {
        self.lake_with(Resources::default())
    }

    pub(crate) fn lake_with(&self, resources: Resources) -> Arc<Lake> {
        Lake::open(Store::open(&self.url()).unwrap(), resources).unwrap()
    }

    /// What is landed from now on stands in that partition.
    pub(crate) fn in_partition(&mut self, partition: i32) -> &mut Self {
        self.others.insert(self.partition, (self.next_offset, self.sequence));
        (self.next_offset, self.sequence) = self.others.get(&partition).copied().unwrap_or((100, 0));
        self.partition = partition;
        self
    }

    /// Lands the events in one file and one link, one record an event.
    pub(crate) fn land(&mut self, events: &[Event]) -> Link {
        self.land_without(events, &[])
    }

    /// Lands records that were all refused: a link without a file.
    pub(crate) fn land_nothing(&mut self) -> Link {
        let start = self.next_offset;
        let mut link = self.link(start, start, Vec::new(), &[]);
        link.counts = LinkCounts { records: 1, rejected: 1, ..LinkCounts::default() };
        self.put_link(&link);
        link
    }

    /// Lands the events in a file that lacks some columns, as one written before they came into being.
    pub(crate) fn land_without(&mut self, events: &[Event], columns: &[&str]) -> Link {
        let start = self.next_offset;
        let end = start + events.len().max(1) as i64 - 1;
        let batch = self.rows(events, start);
        let kept = batch
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| !columns.contains(&field.name().as_str()))
            .map(|(index, _)| index)
            .collect::<Vec<_>>();
        let batch = batch.project(&kept).unwrap();
        let bytes = parquet(&batch);
        let path = data_key(EVENTS, self.partition, "2026-11-20", Uuid::now_v7());
        write(&self.path().join(&path), &bytes);
        let file = DataFile {
            path,
            rows: events.len() as u64,
            bytes: bytes.len() as u64,
            checksum: format!("{:016x}", xxh3_64(&bytes)),
            occurred_min: events.iter().map(|event| event.at).min().unwrap_or_default(),
            occurred_max: events.iter().map(|event| event.at).max().unwrap_or_default(),
        };
        self.link(start, end, vec![file], events)
    }

    fn link(&mut self, start: i64, end: i64, files: Vec<DataFile>, events: &[Event]) -> Link {
        let duplicates = events.iter().filter(|event| event.duplicate).count() as u64;
        let count = events.len() as u64;
        let link = Link {
            topic: EVENTS.into(),
            partition: self.partition,
            incarnation: self.incarnation,
            sequence: self.sequence,
            start,
            end,
            files,
            counts: LinkCounts { records: count, events: count, late: 0, duplicates, rejected: 0 },
            watermark: None,
            state: Vec::new(),
            writer: Uuid::nil(),
            written_at: 0,
            gap_from: None,
        };
        self.put_link(&link);
        self.next_offset = end + 1;
        self.sequence += 1;
        link
    }

    pub(crate) fn put_link(&self, link: &Link) {
        write(&self.link_path(link), &serde_json::to_vec(link).unwrap());
    }

    pub(crate) fn link_path(&self, link: &Link) -> PathBuf {
        self.path().join(link_key(EVENTS, link.partition, link.start))
    }

    fn rows(&mut self, events: &[Event], start: i64) -> RecordBatch {
        let (batch_seq, partition) = (self.batch, self.partition);
        self.batch += 1;
        let starts: Vec<i64> = events.iter().map(|event| self.session_start(event)).collect();
        let columns = event_fields().into_iter().map(|field| {
            let text = |value: &dyn Fn(&Event) -> String| -> ArrayRef {
                Arc::new(events.iter().map(|event| Some(value(event))).collect::<StringArray>())
            };
            let number = |value: &dyn Fn(usize) -> i64| -> ArrayRef {
                Arc::new((0..events.len()).map(|index| Some(value(index))).collect::<Int64Array>())
            };
            let time = |value: &dyn Fn(usize) -> i64| -> ArrayRef {
                let times: TimestampMicrosecondArray = (0..events.len()).map(|index| Some(value(index))).collect();
                Arc::new(times.with_timezone("UTC"))
            };
            let flag = |value: &dyn Fn(&Event) -> bool| -> ArrayRef {
                Arc::new(events.iter().map(|event| Some(value(event))).collect::<BooleanArray>())
            };
            let made = match field.name().as_str() {
                "site_id" => text(&|event| event.site().to_owned()),
                "session_id" => {
                    let ids = events.iter().zip(&starts);
                    Arc::new(
                        ids.map(|(event, start)| Some(session_id(event.site(), &event.visitor, *start).to_string()))
                            .collect::<StringArray>(),
                    )
                }
                "visitor_id" => text(&|event| event.visitor.clone()),
                "tab_id" => text(&|event| event.tab.clone()),
                "page_view_id" => {
                    let default = |event: &Event| format!("page of {}", event.tab);
                    text(&|event| event.text("page_view_id").map_or_else(|| default(event), str::to_owned))
                }
                "batch_id" => text(&|_| "batch".into()),
                "clock_source" => text(&|_| "sdk".into()),
                "type" => text(&|event| event.kind.clone()),
                "page_path" => text(&|event| event.text("page_path").unwrap_or("/boxes").to_owned()),
                "batch_seq" => number(&|index| events[index].batch.unwrap_or(batch_seq)),
                "seq" => number(&|index| events[index].seq),
                "kafka_partition" => number(&|_| i64::from(partition)),
                "kafka_offset" => number(&|index| start + index as i64),
                "occurred_at" | "received_at" => time(&|index| events[index].at),
                "client_at" => {
                    time(&|index| events[index].number("client_at").map_or(events[index].at, |at| at as i64))
                }
                "session_started_at" => time(&|index| starts[index]),
                "duplicate" => flag(&|event| event.duplicate),
                "time_clamped" | "late" => flag(&|_| false),
                "is_bot" => flag(&|event| event.number("is_bot") == Some(1.0)),
                name if events.iter().any(|event| event.text(name).is_some()) => {
                    Arc::new(events.iter().map(|event| event.text(name)).collect::<StringArray>())
                }
                name if events.iter().any(|event| event.number(name).is_some()) => {
                    let numbers: Float64Array = events.iter().map(|event| event.number(name)).collect();
                    cast(&numbers, field.data_type()).unwrap()
                }
                name if CONTEXT_COLUMNS.contains(&name) && events.iter().any(|event| event.context.is_some()) => {
                    shared_texts(events, name)
                }
                name if name.starts_with("trail_") => trail(events, name, field.data_type()),
                _ if *field.data_type() == DataType::Float64 => Arc::new(Float64Array::from(vec![None; events.len()])),
                _ => datafusion::arrow::array::new_null_array(field.data_type(), events.len()),
            };
            (field.with_data_type(made.data_type().clone()), made)
        });
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }

    /// The session as a stream job gives it: events in the order of their arrival.
    fn session_start(&mut self, event: &Event) -> i64 {
        let open = self.open.entry(event.visitor.clone()).or_insert((event.at, event.at));
        if event.at < open.1 {
            return if event.at >= open.0 { open.0 } else { event.at };
        }
        if !continues(open.0, open.1, event.at) {
            open.0 = event.at;
        }
        open.1 = event.at;
        open.0
    }
}

/// One value for each distinct context, as the stream job holds them.
fn shared_texts(events: &[Event], column: &str) -> ArrayRef {
    let mut values: Vec<(*const u8, String)> = Vec::new();
    let keys = events.iter().map(|event| {
        let context = event.context.as_ref()?;
        let found = values.iter().position(|(pointer, _)| *pointer == context.as_ptr());
        let index = found.unwrap_or_else(|| {
            values.push((context.as_ptr(), format!("{column}{context}")));
            values.len() - 1
        });
        Some(index as i32)
    });
    let keys: Int32Array = keys.collect();
    let values: StringArray = values.iter().map(|(_, text)| Some(text.as_str())).collect();
    Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).unwrap())
}

fn trail(events: &[Event], column: &str, kind: &DataType) -> ArrayRef {
    let lists = events.iter().map(|event| {
        let given = event.lists.iter().find(|(name, _)| name == column).map(|(_, list)| list.clone());
        let list = (event.kind == "pointer").then(|| given.unwrap_or_else(|| vec![0.0, event.seq as f64]))?;
        Some(list.into_iter().map(Some).collect::<Vec<_>>())
    });
    cast(&ListArray::from_iter_primitive::<Float64Type, _, _>(lists), kind).unwrap()
}

/// A visit of eight events of all kinds, a second between each.
pub(crate) fn visit(tab: &mut Tab, from: i64) -> Vec<Event> {
    let kinds = ["page_view", "pointer", "click", "element_leave", "focus", "request", "scroll", "page_leave"];
    kinds.into_iter().zip(0..).map(|(kind, step)| tab.event(kind, from + step * SECOND)).collect()
}

/// Visitors of four partitions over some hours, one link each and round: sessions that go on, gaps, late events, repeats.
pub(crate) fn traffic(rounds: i64, visitors: usize) -> Landing {
    let mut landing = Landing::new();
    let tab = |partition: i32, visitor: usize| {
        Tab::new(&format!("v{partition}-{visitor}"), &format!("t{partition}-{visitor}"))
    };
    let mut tabs: Vec<Vec<Tab>> =
        (0..4).map(|partition| (0..visitors).map(|visitor| tab(partition, visitor)).collect()).collect();
    for round in 0..rounds {
        for (tabs, partition) in tabs.iter_mut().zip(0..) {
            let at = NOON + round * 20 * MINUTE + i64::from(partition) * MINUTE;
            let mut events: Vec<Event> = tabs.iter_mut().flat_map(|tab| visit(tab, at)).collect();
            events.extend(visit(&mut tabs[0], at - 2 * HOUR));
            tabs[1].lose();
            events.push(events[3].clone().repeated());
            landing.in_partition(partition).land(&events);
        }
    }
    landing
}

/// A data file of these rows, as a stream job writes it: its columns are known by their names alone.
pub(crate) fn parquet(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, rows.schema(), options).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    bytes
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
