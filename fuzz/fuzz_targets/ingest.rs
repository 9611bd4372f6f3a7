//! Any body is read or refused, never a crash; and an event is read alike in a batch of good ones, which is read in one pass,
//! and beside a bad one, when each event is read on its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::ingest::{Batch, BatchError, EVENT_BYTES_MAX, EVENTS_MAX, parse};
use serde_json::value::RawValue;

/// No event: it makes its batch one in which not everything is good.
const BAD: &str = "17";

fuzz_target!(|events: &str| {
    drop(parse(events.as_bytes()));
    let list = format!("[{events}]");
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(&list) else { return };
    let (alone, beside) = (batch(events), batch(&format!("{events}{}{BAD}", if list.is_empty() { "" } else { "," })));
    if list.len() >= EVENTS_MAX || beside.len() > EVENT_BYTES_MAX {
        return;
    }
    let (alone, beside) = (parse(alone.as_bytes()), parse(beside.as_bytes()));
    assert_eq!(without(None, alone), without(Some(list.len()), beside));
});

fn batch(events: &str) -> String {
    let id = "01934f5e-7c00-700d-8a00-00000000b00d";
    format!(
        r#"{{"batch_id":"{id}","batch_seq":1,"visitor_id":"{id}","tab_id":"{id}","page_view_id":"{id}","sent_at":1,"events":[{events}]}}"#
    )
}

/// What was read, and what was refused but for the event at `index`.
fn without(index: Option<usize>, read: Result<Batch, BatchError>) -> Result<String, String> {
    let mut batch = read.map_err(|error| format!("{error:?}"))?;
    if let Some(index) = index {
        let last = batch.rejects.pop().expect("the bad event is refused");
        assert_eq!((last.index, last.raw), (index, BAD));
    }
    assert!(batch.rejects.is_sorted_by_key(|reject| reject.index));
    Ok(format!("{:?} {:?}", batch.events, batch.rejects))
}
