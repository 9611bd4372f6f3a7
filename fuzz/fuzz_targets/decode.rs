//! Records of Kafka, whatever they hold: each is decoded or refused with a reason, none is lost or taken twice, and none decides
//! over another one.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use schemas::ingest::parse;
use schemas::package::{Context, encode};
use schemas::topics::EVENTS_AVRO;

// The modules alone: the whole stream job would bring a Kafka client to be built for the fuzzer.
#[allow(dead_code)]
#[path = "."]
mod kafka {
    #[path = "../../stream-jobs/src/kafka/decode/mod.rs"]
    pub mod decode;
    #[path = "../../stream-jobs/src/kafka/frames.rs"]
    pub mod frames;
}

use kafka::decode::{Decoded, PackageDecoder};
use kafka::frames::{Frames, Origin};

const SCHEMA_ID: u32 = 1;
/// Magic byte and schema id of Confluent's framing.
const HEAD: [u8; 5] = [0, 0, 0, 0, SCHEMA_ID as u8];

// Three bytes each: where a good record is changed, and to what. So what is read far into a record is wrong too.
fuzz_target!(|bytes: &[u8]| {
    let mut changed = good_record();
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    let records = [bytes.to_vec(), [&HEAD, bytes].concat(), changed, good_record()];
    let together = decode(&records);
    let mut places: Vec<usize> = together.rejects.iter().map(|reject| reject.index).collect();
    for batch in &together.batches {
        assert_eq!(batch.packages.num_rows(), batch.indices.len());
        places.extend(&batch.indices);
    }
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2, 3]);
    assert!(together.rejects.iter().all(|reject| reject.index != 3), "the good one is decoded");
    for (index, record) in records.iter().enumerate() {
        let alone = decode(std::slice::from_ref(record));
        let refused = together.rejects.iter().find(|reject| reject.index == index);
        assert_eq!(alone.rejects.first().map(|reject| &reject.reason), refused.map(|reject| &reject.reason));
    }
});

fn good_record() -> Vec<u8> {
    let batch = parse(include_bytes!("../../schemas/examples/good/click.json")).expect("a good example");
    let context = Context { site_id: "shop", received_at: 1.0, user_agent: Some("agent"), client_address: None };
    let mut record = Vec::new();
    encode(&mut record, SCHEMA_ID, &context, &batch.header, &batch.events);
    record
}

thread_local! {
    /// One for all runs, as a stream job has one for all records: whatever it was fed, it decides alike.
    static DECODER: RefCell<PackageDecoder> = {
        let mut decoder = PackageDecoder::default();
        decoder.learn(SCHEMA_ID, Some(EVENTS_AVRO.to_owned()));
        RefCell::new(decoder)
    };
}

fn decode(records: &[Vec<u8>]) -> Decoded {
    let mut frames = Frames::default();
    for (offset, record) in (0..).zip(records) {
        frames.push(Origin { offset, timestamp_ms: None }, Some(record));
    }
    DECODER.with_borrow_mut(|decoder| decoder.decode(&frames))
}
