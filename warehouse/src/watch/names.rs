//! Which address of a page is which asset: a recording says so itself, in lines of its own, some while after the address was used.

use std::collections::BTreeMap;

use ::replay::{Part, read_chunk};
use serde::Deserialize;

use super::chunks::{Chunk, Chunks, Frame, at_once};
use crate::limits::{ASSETS_NAMED_MAX, NAMING_CHUNKS_MAX};
use crate::query::Failure;

/// Hashes of assets, by the address as it stands in the recording.
pub(super) type Names = BTreeMap<String, String>;

/// A custom event of rrweb that an SDK writes (docs/recordings.md).
#[derive(Deserialize)]
struct Line {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    payload: Names,
}

/// What all chunks of a recording say of its assets. Only those that name some in their headers are read, as many at once as the
/// frames that are shown.
pub(super) async fn of(chunks: &Chunks<'_>, whole: &[Chunk<'_>]) -> Result<Names, Failure> {
    let mut names = Names::new();
    let naming = whole.iter().copied().filter(|chunk| chunk.iter().any(|frame| !frame.assets.is_empty()));
    let naming: Vec<Chunk<'_>> = naming.take(NAMING_CHUNKS_MAX).collect();
    let mut left = naming.as_slice();
    while !left.is_empty() {
        let (taken, rest) = left.split_at(at_once(left));
        for (chunk, payloads) in chunks.payloads_of(taken).await? {
            if let Ok(text) = read_chunk(&parts(chunk, &payloads)) {
                text.lines().for_each(|line| add(&mut names, line));
            }
        }
        left = rest;
    }
    Ok(names)
}

/// The parts of a chunk that were found.
pub(super) fn parts<'a>(chunk: &[Frame], payloads: &'a [Option<Vec<u8>>]) -> Vec<Part<'a>> {
    let place = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let part = |(frame, payload): (&Frame, &'a Option<Vec<u8>>)| {
        Some(Part { part: place(frame.part), parts: place(frame.parts), payload: payload.as_deref()? })
    };
    chunk.iter().zip(payloads).filter_map(part).collect()
}

/// The first name of an address counts, as long as there is room.
fn add(names: &mut Names, line: &str) {
    if !(line.starts_with(r#"{"type":5,"#) && line.contains(r#""tag":"assets""#)) {
        return;
    }
    let Ok(Line { data }) = serde_json::from_str(line) else { return };
    for (address, hash) in data.payload {
        if names.len() < ASSETS_NAMED_MAX {
            names.entry(address).or_insert(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_name_assets_are_read_and_only_so_many() {
        let mut names = Names::new();
        add(
            &mut names,
            r#"{"type":5,"timestamp":1,"q":2,"data":{"tag":"assets","payload":{"https://a.example/b":"01"}}}"#,
        );
        for other in [
            r#"{"type":5,"timestamp":1,"q":2,"data":{"tag":"assets","payload":{"https://a.example/b":"02"}}}"#,
            r#"{"type":5,"timestamp":1,"q":2,"data":{"tag":"end","payload":{"c":"03"}}}"#,
            r#"{"type":3,"data":{"tag":"assets","payload":{"d":"04"}}}"#,
            r#"{"type":5,"data":{"tag":"assets","payload":["e"]}}"#,
            r#"{"type":5,"data":{"tag":"assets""#,
        ] {
            add(&mut names, other);
        }
        assert_eq!(names, Names::from([("https://a.example/b".to_owned(), "01".to_owned())]));
        let many: Names = (0..2 * ASSETS_NAMED_MAX).map(|number| (number.to_string(), String::new())).collect();
        add(&mut names, &format!(r#"{{"type":5,"data":{{"tag":"assets","payload":{}}}}}"#, serde_json::json!(many)));
        assert_eq!(names.len(), ASSETS_NAMED_MAX);
    }
}
