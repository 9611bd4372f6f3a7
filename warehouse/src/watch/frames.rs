//! One page view as lines of JSON, chunk by chunk, harmless.
//!
//! A line is an event of rrweb (`{"type":`), or says what is known of those behind it: `{"chunk":` comes before the events of a
//! chunk, `{"gap":` where something is missing, `{"end":` at the end.

use std::io::{self, Write};

use ::replay::{Failure as Unshown, Sanitiser, Unreadable, read_chunk};
use serde_json::{Value, json};

use super::address::Shown;
use super::chunks::{Chunk, Chunks, Frame, at_once};
use super::{Frames, Out, ms, names, not_found, unwritten};
use crate::lake::Lake;
use crate::limits::FRAMES_BYTES_MAX;
use crate::query::{Failure, Scope};

/// Media type of an answer.
const KIND: &str = "application/x-ndjson";

pub(super) async fn write(lake: &Lake, wanted: &Frames, scope: &Scope, out: &mut dyn Out) -> Result<(), Failure> {
    let chunks = Chunks::open(lake, scope, wanted.site_id.as_deref()).await?;
    let mut frames = chunks.of(&[wanted.page_view_id]).await?;
    frames.retain(|frame| {
        wanted.site_id.as_ref().is_none_or(|site| *site == frame.site_id)
            && wanted.visitor_id.as_ref().is_none_or(|visitor| *visitor == frame.visitor_id)
    });
    let Some(first) = frames.first() else {
        return Err(not_found(format_args!("recording of the page view {}", wanted.page_view_id)));
    };
    if frames.iter().any(|frame| (&frame.site_id, &frame.visitor_id) != (&first.site_id, &first.visitor_id)) {
        let what = format!("several visitors name the page view {}; say visitor_id and site_id", wanted.page_view_id);
        return Err(Failure::theirs("several_recordings", what));
    }
    let site_id = first.site_id.clone();
    let whole: Vec<Chunk<'_>> = frames.chunk_by(|a, b| a.seq == b.seq).collect();
    let from = start(&whole, wanted.at);
    let names = names::of(&chunks, &whole).await?;
    out.begin(KIND, None).map_err(unwritten)?;
    let sanitiser = Sanitiser::new(Shown { site_id: &site_id, addresses: &wanted.addresses, names: &names });
    let mut writer = Writer { out, sanitiser, after: wanted.after.unwrap_or(-1), last: None, bytes: 0 };
    let mut left = &whole[from..];
    while !left.is_empty() {
        let (taken, rest) = left.split_at(at_once(left));
        for (chunk, payloads) in chunks.payloads_of(taken).await? {
            if writer.is_full() || wanted.until.is_some_and(|until| ms(chunk[0].first_at) > until) {
                return writer.end(Some(ms(chunk[0].first_at))).map_err(unwritten);
            }
            writer.chunk(chunk, &payloads).map_err(unwritten)?;
        }
        left = rest;
    }
    writer.end(None).map_err(unwritten)
}

/// Place of the last snapshot that began by then, the first one where there is none.
fn start(chunks: &[Chunk<'_>], at: Option<f64>) -> usize {
    let mut snapshots = (0..chunks.len()).filter(|place| chunks[*place][0].is_snapshot && is_whole(chunks[*place]));
    let first = snapshots.next().unwrap_or(0);
    let by_then = |place: &usize| at.is_some_and(|at| ms(chunks[*place][0].first_at) <= at);
    snapshots.take_while(by_then).last().unwrap_or(first)
}

fn is_whole(chunk: Chunk<'_>) -> bool {
    chunk.len() as i64 >= chunk[0].parts
}

struct Writer<'a> {
    out: &'a mut dyn Out,
    sanitiser: Sanitiser<Shown<'a>>,
    after: i64,
    /// Number and end of the chunk before.
    last: Option<(i64, i64)>,
    bytes: usize,
}

impl Writer<'_> {
    fn is_full(&self) -> bool {
        self.bytes >= FRAMES_BYTES_MAX
    }

    fn chunk(&mut self, chunk: Chunk<'_>, payloads: &[Option<Vec<u8>>]) -> io::Result<()> {
        let first = &chunk[0];
        if let Some((seq, last_at)) = self.last.filter(|(seq, _)| seq + 1 < first.seq) {
            self.sanitiser.missing();
            self.gap(first.seq - 1, (last_at, first.first_at), "lost", &format!("{} chunks", first.seq - seq - 1))?;
        }
        self.last = Some((first.seq, chunk.iter().map(|frame| frame.last_at).max().unwrap_or(first.last_at)));
        let shown = match read_chunk(&names::parts(chunk, payloads)) {
            Ok(text) => {
                let is_sent = first.seq <= self.after;
                let mut lines = Lines { out: self.out, chunk: Some(first), is_sent, bytes: &mut self.bytes };
                self.sanitiser.chunk(&text, &mut lines)
            }
            Err(unreadable) => {
                self.sanitiser.missing();
                Err(Unshown::Unreadable(unreadable))
            }
        };
        let what = match shown {
            Ok(()) => return Ok(()),
            Err(Unshown::Write(error)) => return Err(error),
            Err(Unshown::Unreadable(unreadable)) => unreadable,
        };
        let name = if matches!(what, Unreadable::PartsMissing { .. }) { "lost" } else { "unreadable" };
        self.gap(first.seq, (first.first_at, first.last_at), name, &what.to_string())
    }

    fn gap(&mut self, seq: i64, (from, until): (i64, i64), what: &str, why: &str) -> io::Result<()> {
        if seq <= self.after {
            return Ok(());
        }
        self.say(
            &json!({"gap": {"seq": seq, "from": ms(from), "until": ms(until.max(from)), "what": what, "why": why}}),
        )
    }

    /// With the time of the chunk that comes next, if one does.
    fn end(mut self, next_at: Option<f64>) -> io::Result<()> {
        let last = self.last.map(|(seq, _)| seq);
        self.say(&json!({"end": {"after": last, "next_at": next_at}}))
    }

    fn say(&mut self, what: &Value) -> io::Result<()> {
        let line = format!("{what}\n");
        self.bytes += line.len();
        self.out.write_all(line.as_bytes())
    }
}

/// Lines of one chunk on their way out, behind one that says which it is. Each comes whole.
struct Lines<'a> {
    out: &'a mut dyn Out,
    /// Until its first line has come.
    chunk: Option<&'a Frame>,
    is_sent: bool,
    bytes: &'a mut usize,
}

impl Write for Lines<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.is_sent {
            return Ok(line.len());
        }
        if let Some(chunk) = self.chunk.take() {
            // Events have the page's own clock; everything else has the server's.
            let shift_ms = timestamp(line).map(|at| ms(chunk.first_at) - at);
            let (first_at, last_at) = (ms(chunk.first_at), ms(chunk.last_at));
            let kind = if chunk.is_snapshot { "snapshot" } else { "mutations" };
            let said = json!({"chunk": {"seq": chunk.seq, "kind": kind, "first_at": first_at, "last_at": last_at,
                                        "first_q": chunk.first_q, "shift_ms": shift_ms}});
            let said = format!("{said}\n");
            *self.bytes += said.len();
            self.out.write_all(said.as_bytes())?;
        }
        *self.bytes += line.len();
        self.out.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Of an event as the sanitiser writes it: its type and its time come first.
fn timestamp(line: &[u8]) -> Option<f64> {
    let rest = line.strip_prefix(b"{\"type\":")?.get(1..)?.strip_prefix(b",\"timestamp\":")?;
    let end = rest.iter().position(|byte| *byte == b',' || *byte == b'}')?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_line_is_read_as_the_sanitiser_writes_it() {
        let mut lines = Vec::new();
        let event = r#"{"type":4,"timestamp":1795176000000.25,"data":{"href":"x","width":1,"height":1}}"#;
        Sanitiser::new(::replay::NoAssets).chunk(event, &mut lines).unwrap();
        assert_eq!(timestamp(&lines), Some(1_795_176_000_000.25), "{}", String::from_utf8_lossy(&lines));
        assert_eq!(timestamp(b"{\"data\":1}"), None);
    }
}
