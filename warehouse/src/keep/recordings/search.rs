//! The proof: looks into every recording of a site that is left, inflated, for texts that should be nowhere.
//!
//! Rows of the visitor are counted by their columns; what is found here are others' recordings on whose pages one of the texts
//! stood. These are theirs, so they are told and not touched.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::TableProvider;
use flate2::write::GzDecoder;

use super::super::find::{Text, any_in};
use super::super::leftovers;
use super::super::zone::Zone;
use crate::curated::scan::Scan;
use crate::engine::inputs::{number, text};
use crate::lake::Lake;
use crate::limits::{REPLAY_BATCH_ROWS, SEARCHED_BYTES_MAX, SEARCHED_PARTS_MAX};
use crate::progress::quoted;
use crate::tables::{REPLAY_ASSETS, REPLAY_CHUNKS};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Shown {
    /// Frames that were looked into.
    pub frames: u64,
    /// Names of those that hold one of the texts.
    pub with: Vec<String>,
}

/// Looks into tables and landing files. Texts that are empty are in nothing.
pub(in super::super) async fn search(lake: &Lake, site_id: &str, texts: &[Text]) -> anyhow::Result<Shown> {
    let mut shown = Shown::default();
    let zone = Zone::of_recordings(lake).await?;
    let landed = zone.scan(&leftovers::there(lake, &zone).await?);
    let mut places: Vec<(&str, Arc<dyn TableProvider>)> = vec![("landing", landed)];
    for table in [&REPLAY_CHUNKS, &REPLAY_ASSETS] {
        places.push((table.name, Scan::version(&*lake.table(table).newest().await?)));
    }
    for (name, rows) in places {
        let is_there = |column: &str| rows.schema().column_with_name(column).is_some();
        let of_chunk = "coalesce(page_view_id || ' chunk ' || cast(chunk_seq as varchar), '')";
        let asset = if is_there("sha256") { "coalesce(sha256, '')" } else { "''" };
        let (chunk, part, parts) = match is_there("page_view_id") {
            true => (of_chunk, "part", "parts"),
            false => ("''", "cast(0 as bigint)", "cast(1 as bigint)"),
        };
        let sql = format!(
            "select cast({chunk} as varchar), cast({asset} as varchar), {part}, {parts}, payload from frames where site_id = {}",
            quoted(site_id)
        );
        let inputs = lake.engine.inputs_of(REPLAY_BATCH_ROWS, 1).table("frames", rows)?;
        let mut search = Search { texts, open: HashMap::new(), place: name, shown: &mut shown };
        inputs.each(&sql, |batch, row| search.look_into(batch, row)).await?;
        search.open.into_values().for_each(drop);
    }
    shown.with.sort();
    shown.with.dedup();
    Ok(shown)
}

/// Of one place, in the order of its rows.
struct Search<'a> {
    texts: &'a [Text],
    /// Chunks of which further parts come.
    open: HashMap<String, GzDecoder<Finder<'a>>>,
    place: &'static str,
    shown: &'a mut Shown,
}

impl Search<'_> {
    fn look_into(&mut self, batch: &RecordBatch, row: usize) {
        let name = format!("{}{}", text(batch, 0, row), text(batch, 1, row));
        let (part, parts) = (number(batch, 2, row), number(batch, 3, row));
        let payload = batch.column(4).as_binary::<i32>();
        let payload = if payload.is_valid(row) { payload.value(row) } else { &[] };
        self.shown.frames += 1;
        // As it is: it may be no gzip, or more than that.
        let mut found = any_in(self.texts, payload);
        let mut decoder = match self.open.remove(&name).filter(|_| part > 0) {
            Some(decoder) => decoder,
            None => GzDecoder::new(Finder::new(self.texts)),
        };
        // What cannot be inflated holds nothing that anybody could see; up to there it is looked into.
        let whole = decoder.write_all(payload).and_then(|()| decoder.flush());
        found |= decoder.get_ref().found;
        if whole.is_ok() && part + 1 < parts && self.open.len() < SEARCHED_PARTS_MAX {
            self.open.insert(name.clone(), decoder);
        }
        if found {
            self.shown.with.push(format!("{} of {}", name, self.place));
        }
    }
}

/// Looks for texts in what is written to it.
struct Finder<'a> {
    texts: &'a [Text],
    /// The end of what came, shorter than the longest text, and what comes.
    window: Vec<u8>,
    longest: usize,
    written: usize,
    found: bool,
}

impl<'a> Finder<'a> {
    fn new(texts: &'a [Text]) -> Self {
        let longest = texts.iter().map(Text::len).max().unwrap_or_default();
        Self { texts, window: Vec::new(), longest, written: 0, found: false }
    }
}

impl Write for Finder<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.written += bytes.len();
        if self.written > SEARCHED_BYTES_MAX {
            return Err(std::io::Error::other("it inflates to more than is looked into"));
        }
        self.window.extend_from_slice(bytes);
        self.found |= any_in(self.texts, &self.window);
        let gone = self.window.len().saturating_sub(self.longest.saturating_sub(1));
        self.window.drain(..gone);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    }

    fn finds(pieces: &[&[u8]], text: &str) -> bool {
        let texts = [Text::new(""), Text::new(text)];
        let mut decoder = GzDecoder::new(Finder::new(&texts));
        for piece in pieces {
            if decoder.write_all(piece).and_then(|()| decoder.flush()).is_err() {
                break;
            }
        }
        decoder.get_ref().found
    }

    #[test]
    fn a_text_is_found_wherever_it_stands_and_however_it_is_cut() {
        let noise: String = (0..60_000_u32).map(|number| format!("{:x}", number.wrapping_mul(2_654_435_761))).collect();
        for text in ["canary at the start", "in the canary middle", "the end's canary"] {
            let whole = match text {
                "canary at the start" => format!("{text}{noise}"),
                "in the canary middle" => format!("{noise}{text}{noise}"),
                _ => format!("{noise}{text}"),
            };
            let packed = gzip(&whole);
            assert!(!Text::new("canary").is_in(&packed), "it is packed");
            assert!(finds(&[&packed], text));
            for cut in [1, 17, packed.len() / 2, packed.len() - 3] {
                assert!(finds(&[&packed[..cut], &packed[cut..]], text), "cut at {cut}");
            }
            assert!(!finds(&[&packed], "another canary"));
        }
    }

    #[test]
    fn a_bomb_is_looked_into_up_to_a_bound() {
        let bomb = gzip(&"0".repeat(SEARCHED_BYTES_MAX + 1_000));
        assert!(!finds(&[&bomb], "canary"));
    }
}
